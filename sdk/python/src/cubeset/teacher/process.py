"""The teacher as a process: its output, its log, its parent."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import time
import traceback

_PARENT_WATCH = 0.25  # seconds between two looks at the parent
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug"))


def guard_stdout() -> io.TextIOWrapper:
    """Keep standard output for the handshake line alone, and return it.

    Descriptor 1 becomes standard error, for print, C libraries and children: no banner and no progress bar can be
    taken for the handshake.
    """
    sys.stdout.flush()
    handshake = os.fdopen(os.dup(1), "w", encoding="ascii")  # not inherited by children
    os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(
        io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
    )
    return handshake


def watch_parent() -> None:
    """End this process once its parent is another one: the host is gone, and nobody else would ever stop it.

    The kernel's own signal for that (PR_SET_PDEATHSIG) is the host's to ask for: it is sent when the parent's *thread*
    ends, and only the host knows which of its threads stay.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_WATCH)
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class JSONLines(logging.Formatter):
    """Log records as the lines of JSON that the host reads (hclog's form)."""

    def format(self, record: logging.LogRecord) -> str:
        level = next((name for least, name in _LEVELS if record.levelno >= least), "trace")
        return json.dumps(
            {
                "@level": level,
                "@message": record.getMessage(),
                "@module": record.name,
                "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(record.created)),
            }
        )


def log_to_host() -> None:
    """Send what is logged, here and by libraries, to the host: from INFO for ours, from WARNING for theirs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cubeset").setLevel(logging.INFO)


def where(e: BaseException) -> str:
    """An exception's type and the calls that led to it, innermost first, without its message.

    The message of a library's exception may quote the text it was about.
    """
    frames = traceback.extract_tb(e.__traceback__)
    calls = [f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames)]
    return " < ".join([type(e).__name__, *calls[:8]])
