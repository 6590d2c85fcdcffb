"""Whole teachers, in processes of their own."""

import json
import os
import signal
import subprocess
import sys

import grpc
import pytest
from hosting import TIMEOUT, Started, environment, socket_folder

from cubeset.teacher.certificate import make_certificate

SECRET = "what the customer wrote"
PROGRAM = """
import logging, sys
import numpy as np
from cubeset.teacher import serve

print("a banner")

def embed(texts):
    print("a progress bar")
    logging.getLogger("cubeset.mine").info("at work")
    if texts == ["fail"]:
        raise ValueError("%s")
    return np.ones((len(texts), 3))

serve(embed, model="me/mine", dims=3)
""" % SECRET


def test_from_start_to_end(messages):
    request = messages["EmbedRequest"](texts=["a", "b"]).SerializeToString()
    with Started(PROGRAM.replace('print("a banner")', "")) as t:
        client = t.client()
        assert messages["DescribeResponse"].FromString(client.describe()).name == "-c"
        assert messages["EmbedResponse"].FromString(client.embed(request)).rows == 2
        client.shutdown()
        status, out, log = t.end()
    assert (status, out) == (0, "")
    progress, *lines = log.splitlines()
    assert progress == "a progress bar"
    assert [json.loads(line)["@message"] for line in lines] == ["at work"]


def test_a_failure_is_logged_without_the_text(messages):
    with Started(PROGRAM.replace('print("a banner")', "")) as t:
        client = t.client()
        with pytest.raises(grpc.RpcError) as e:
            client.embed(messages["EmbedRequest"](texts=["fail"]).SerializeToString())
        client.shutdown()
        _, _, log = t.end()
    said = json.loads(log.splitlines()[-1])
    assert said["@level"] == "error" and said["@message"].startswith("failed: ValueError < <string>:")
    assert SECRET not in e.value.details() + log


def test_it_is_not_for_the_host_to_interrupt(messages):
    """Ctrl-C goes to the whole group of processes; the host decides what becomes of its teachers."""
    with Started(PROGRAM.replace('print("a banner")', "")) as t:
        client = t.client()
        t.process.send_signal(signal.SIGINT)
        assert messages["DescribeResponse"].FromString(client.describe()).dims == 3
        client.shutdown()
        assert t.end()[0] == 0


def test_it_does_not_outlive_a_host_that_is_killed():
    """The host is a program in between; the teacher's log ends when the teacher does."""
    host = "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=1).wait()"
    with socket_folder() as folder:
        p = subprocess.Popen(
            [sys.executable, "-c", host, PROGRAM.replace('print("a banner")', "")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(folder, make_certificate()),
        )
        assert p.stdout.readline().startswith(b"1|1|unix|")
        p.kill()
        _, log = p.communicate(timeout=TIMEOUT)  # until the teacher has closed its end
        assert log == b""


def test_by_hand_it_says_what_it_is():
    env = {k: v for k, v in os.environ.items() if k != "CUBESET_TEACHER_COOKIE"} | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, timeout=TIMEOUT)
    assert done.returncode == 1 and done.stdout == "a banner\n"
    assert "This is a teacher for cubeset" in done.stderr and "--teacher -c" in done.stderr


@pytest.mark.parametrize("missing", ["PLUGIN_CLIENT_CERT", "PLUGIN_UNIX_SOCKET_DIR"])
def test_another_host_is_told(missing):
    with Started(PROGRAM, **{missing: ""}) as t:
        status, out, log = t.end()
    assert status == 1 and "1|1|" not in out and "this host is not cubeset's" in log


@pytest.mark.parametrize("fields, complaint", [("dims=0", "dims: 0 is outside"), ("dims=3, determinism='no'", "determinism: neither")])
def test_a_bad_description_ends_it_at_once(fields, complaint):
    with Started(PROGRAM.replace("dims=3", fields)) as t:
        status, _, log = t.end()
    assert status == 1 and log.startswith("teacher: ") and complaint in log


def test_its_name_is_the_programs(tmp_path, messages):
    program = tmp_path / "letters.py"
    program.write_text(PROGRAM.replace('print("a banner")', ""))
    with Started([str(program)]) as t:
        assert messages["DescribeResponse"].FromString(t.client().describe()).name == "letters"
