"""The teacher as a process, in real processes."""

import json
import logging
import os
import signal
import subprocess
import sys

from hosting import TIMEOUT

from cubeset.teacher.process import JSONLines, where


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    return done.stdout, done.stderr


def test_standard_output_is_for_the_handshake_alone():
    out, err = run("""
import os, subprocess, sys
from cubeset.teacher.process import guard_stdout
line = guard_stdout()
print("by print")
os.write(1, b"by the descriptor\\n")
subprocess.run([sys.executable, "-c", "print('by a child')"])
print("not ASCII: \\u00fc \\ud800")
with line:
    line.write("the line\\n")
print("afterwards")
""")
    assert out == "the line\n"
    assert err.splitlines() == ["by print", "by the descriptor", "by a child", "not ASCII: ü \\ud800", "afterwards"]


def test_what_was_printed_before_comes_before():
    out, _ = run("""
print("early")
from cubeset.teacher.process import guard_stdout
with guard_stdout() as line:
    line.write("the line\\n")
""")
    assert out == "early\nthe line\n"


def test_it_ends_with_its_parent():
    """A parent that is killed says nothing to its child: who holds the pipe is gone when it is closed."""
    child = """
import os, sys, threading
from cubeset.teacher.process import watch_parent
watch_parent()
os.write(int(sys.argv[1]), b"w")
threading.Event().wait(30)
os.write(int(sys.argv[1]), b"still there")
"""
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[2], sys.argv[1]], pass_fds=[int(sys.argv[1])])"
    read, write = os.pipe()
    p = subprocess.Popen([sys.executable, "-c", parent, str(write), child], pass_fds=[write])
    os.close(write)
    with open(read, "rb") as pipe:
        assert pipe.read(1) == b"w"
        p.send_signal(signal.SIGKILL)
        p.wait(TIMEOUT)
        assert pipe.read() == b"", "the child outlived its parent"


def record(level, message, *args):
    return logging.LogRecord("cubeset.teacher", level, "f.py", 1, message, args, None)


def test_log_lines_are_what_the_host_reads():
    levels = {5: "trace", logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error", logging.CRITICAL: "error"}
    for level, name in levels.items():
        line = JSONLines().format(record(level, "%d of %s\nü\x1b", 3, "x"))
        assert "\n" not in line and line.isascii()
        read = json.loads(line)
        assert (read["@level"], read["@message"], read["@module"]) == (name, "3 of x\nü\x1b", "cubeset.teacher")


def test_libraries_are_heard_from_warnings_on_and_we_from_info_on():
    _, err = run("""
import logging
from cubeset.teacher.process import log_to_host
logging.basicConfig()
log_to_host()
for name in ("cubeset.mine", "library"):
    for say in ("debug", "info", "warning"):
        getattr(logging.getLogger(name), say)(say)
""")
    heard = [json.loads(line) for line in err.splitlines()]
    assert [(h["@module"], h["@message"]) for h in heard] == [("cubeset.mine", "info"), ("cubeset.mine", "warning"), ("library", "warning")]


def test_an_exception_is_told_by_its_place_and_not_by_its_message():
    def deep(n):
        return deep(n - 1) if n else {}["a secret text"]

    try:
        deep(20)
    except KeyError as e:
        told = where(e)
    assert told.startswith("KeyError < test_process.py:") and "deep" in told
    assert "secret" not in told and told.count(" < ") == 8
