"""The command cubeset-teacher."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tinyonnx
from hosting import TIMEOUT, Started


def run(*args, **env):
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": os.pathsep.join(sys.path), **env}
    done = subprocess.run([sys.executable, "-m", "cubeset.teacher", *args], capture_output=True, text=True, env=env, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("args", [(), ("-h",), ("onnx", "more"), ("describe",)])
def test_usage(args):
    status, out, err = run(*args)
    assert status == 1 and out == "" and err.startswith("usage: cubeset-teacher KIND") and "transformers, sentence-transformers, onnx" in err


@pytest.mark.parametrize(
    "kind, config, said",
    [
        ("tensorflow", "{}", "teacher tensorflow: no kind 'tensorflow'; there are "),
        ("onnx", "{}", "teacher onnx: CUBESET_TEACHER_CONFIG: model: missing"),
        ("onnx", '{"model": "m", "modle_name": 1}', "modle_name: unknown, did you mean model_name?"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(kind, config, said):
    for args in ((kind,), ("describe", kind)):
        status, out, err = run(*args, CUBESET_TEACHER_CONFIG=config)
        assert status == 1 and out == "" and said in err and err.count("\n") == 1


def test_describe(tmp_path):
    folder = tinyonnx.make(tmp_path)
    status, out, _ = run("describe", "onnx", CUBESET_TEACHER_CONFIG=json.dumps({"model": str(folder), "pooling": "max"}))
    assert status == 0 and json.loads(out)["dims"] == 4 and json.loads(out)["pooling"] == "max"


def test_describe_a_model_that_is_not_there():
    status, out, err = run("describe", "onnx", CUBESET_TEACHER_CONFIG='{"model": "./none"}')
    assert (status, out, err) == (1, "", "teacher onnx: model: no folder ./none\n")


def test_by_hand():
    status, _, err = run("onnx", CUBESET_TEACHER_CONFIG='{"model": "."}')
    assert status == 1 and err.startswith("This is a teacher for cubeset")


def test_it_serves(tmp_path, messages):
    folder = tinyonnx.make(tmp_path)
    settings = json.dumps({"model": str(folder), "max_tokens": 3})
    with Started(["-m", "cubeset.teacher", "onnx"], CUBESET_TEACHER_CONFIG=settings) as t:
        client = t.client()
        d = messages["DescribeResponse"].FromString(client.describe())
        assert (d.dims, d.max_tokens) == (4, 3)
        got = messages["EmbedResponse"].FromString(client.embed(messages["EmbedRequest"](texts=["abc", "defg", " "]).SerializeToString()))
        vectors = np.frombuffer(got.vectors, "<f4").reshape(3, 4)
        np.testing.assert_allclose(vectors[:2], [tinyonnx.direct("abc"), tinyonnx.direct("def")], atol=1e-6)
        assert list(got.truncated) == [False, True, False] and [e.row for e in got.errors] == [2]
        client.shutdown()
        assert t.end()[:2] == (0, "")


def test_a_model_that_cannot_be_loaded_stops_the_build(tmp_path, messages):
    import grpc

    folder = tinyonnx.make(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with Started(["-m", "cubeset.teacher", "onnx"], CUBESET_TEACHER_CONFIG=json.dumps({"model": str(folder)})) as t:
        client = t.client()
        client.describe()
        with pytest.raises(grpc.RpcError) as e:
            client.embed(messages["EmbedRequest"](texts=["a"]).SerializeToString())
        assert e.value.code() == grpc.StatusCode.FAILED_PRECONDITION and "cannot be loaded" in e.value.details()
