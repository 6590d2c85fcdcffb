"""From a function to a teacher."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Callable, NoReturn

from . import server
from .description import Description
from .process import guard_stdout, log_to_host, watch_parent

_COOKIE = ("CUBESET_TEACHER_COOKIE", "6f1c0f0b7d5f4b9e8a53c9a1d2e47b60")  # not a secret: says that a host started us


def serve(embed: server.Embed, **description: Any) -> NoReturn:
    """Serve embed as a teacher until the host is done with it; it does not return.

    embed takes a list of texts and returns an array (n, dims) of float32 or what becomes one, or a Batch. It is called
    from one thread at a time. Load the model at its first call: the host wants to know within seconds who this is.
    description are the fields of a Description; model and dims are required.

    Started by hand, it says what the program is and exits with status 1.
    """
    description.setdefault("name", os.path.splitext(os.path.basename(sys.argv[0]))[0])
    d = Description(**description)
    if complaints := d.complaints():
        sys.exit("teacher: " + "; ".join(complaints))
    serve_lazily(embed, lambda: d)


def serve_lazily(embed: server.Embed, describe: Callable[[], Description]) -> NoReturn:
    """Serve a teacher that finds out what it is when asked for the first time."""
    if os.environ.get(_COOKIE[0]) != _COOKIE[1]:
        sys.exit(
            "This is a teacher for cubeset, which starts it by itself:\n"
            f"  cubeset build chats.jsonl -o out --teacher {sys.argv[0]}"
        )
    watch_parent()
    handshake = guard_stdout()
    log_to_host()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to handle
    client_pem = os.environ.get("PLUGIN_CLIENT_CERT", "").encode()
    socket_dir = os.environ.get("PLUGIN_UNIX_SOCKET_DIR", "")
    if not client_pem or not socket_dir:
        sys.exit("teacher: PLUGIN_CLIENT_CERT or PLUGIN_UNIX_SOCKET_DIR is not set: this host is not cubeset's")
    s = server.Servicer(embed, describe)
    running, line = server.start(s, client_pem, socket_dir)
    # A host that speaks no version of ours reads ours from the line and says so.
    with handshake:
        handshake.write(line + "\n")
    s.stopped.wait()
    server.stop(running)
    sys.stderr.flush()
    os._exit(0)  # a model's own threads may never end
