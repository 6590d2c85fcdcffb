"""The teacher as a gRPC service: PROTOCOL.md, sections 1 to 3 and 5.1."""

from __future__ import annotations

import base64
import logging
import os
import threading
from concurrent import futures
from typing import Any, Callable, Iterator, Union

import grpc
import numpy as np

from . import wire
from .batch import Batch
from .certificate import make_certificate
from .description import Description
from .errors import Cancelled, Stop, TeacherError, TooBig
from .process import where

RECEIVE_BYTES_MAX = 64 << 20  # the host sends 8 MiB at most
REPLY_BYTES_MAX = 64 << 20  # vectors of one call
VERSION = 1  # of the protocol

_CALLS = 32  # at once; those that embed wait for one another
_SOCKET = "plugin.sock"
_STOP_GRACE = 0.3  # seconds a call has to end after Shutdown

_log = logging.getLogger("cubeset.teacher")
_call = threading.local()

Embed = Callable[[list], Union[Batch, Any]]


def check_cancelled() -> None:
    """Raise Cancelled if the host has given up the call that this thread is working on.

    For embed functions that take long: ask between two parts of the work.
    """
    context = getattr(_call, "context", None)
    if context is not None and not context.is_active():
        raise Cancelled("the host has given up this call")


class Servicer:
    """Answers for one embed function; describe is called once, at the first question."""

    def __init__(self, embed: Embed, describe: Callable[[], Description]) -> None:
        self._embed = embed
        self._describe = describe
        self._description: Description | None = None
        self._working = threading.Lock()  # models are seldom safe to call twice at once
        self._describing = threading.Lock()
        self.stopped = threading.Event()

    def description(self) -> Description:
        with self._describing:
            if self._description is None:
                d = self._describe()
                if complaints := d.complaints():
                    raise Stop("bad description: " + "; ".join(complaints))
                self._description = d
            return self._description

    def run(self, texts: list[str]) -> bytes:
        """One batch, from texts to the reply's bytes."""
        d = self.description()
        n = len(texts)
        if d.max_rows and n > d.max_rows:
            raise TooBig(f"{n} texts in one call, at most {d.max_rows}")
        if n * d.dims * 4 > REPLY_BYTES_MAX:
            raise TooBig(f"vectors of {n} texts are over {REPLY_BYTES_MAX} bytes")
        if n == 0:
            return wire.encode_embed_response(0, d.dims, b"", (), (), ())
        with self._working:
            check_cancelled()
            result = self._embed(texts)
        batch = result if isinstance(result, Batch) else Batch(result)
        vectors = np.ascontiguousarray(np.asarray(batch.vectors), dtype="<f4")
        if vectors.shape != (n, d.dims):
            raise TeacherError(f"embed returned an array of shape {vectors.shape} for {n} texts, want {(n, d.dims)}")
        for name, values in (("token counts", batch.tokens), ("truncation marks", batch.truncated)):
            if len(values) not in (0, n):
                raise TeacherError(f"embed returned {len(values)} {name} for {n} texts")
        return wire.encode_embed_response(
            n, d.dims, memoryview(vectors).cast("B"), batch.tokens, batch.truncated, batch.errors
        )

    # What gRPC calls.

    def describe(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        return self._answer(lambda: wire.encode_description(self.description()), context)

    def embed(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        return self._answer(lambda: self.run(wire.decode_embed_request(request)), context)

    def embed_stream(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        for request in requests:
            yield self.embed(request, context)

    def health(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        if wire.decode_health_request(request) not in ("", "plugin"):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return wire.encode_health_serving()

    def shutdown(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        self.stopped.set()
        return b""

    def _answer(self, work: Callable[[], bytes], context: grpc.ServicerContext) -> bytes:
        """Turn whatever work raises into a status. One bad batch does not end the process."""
        _call.context = context
        try:
            return work()
        except TeacherError as e:
            code, message = grpc.StatusCode[e.code], str(e) or type(e).__name__
        except wire.WireError as e:
            code, message = grpc.StatusCode.INTERNAL, f"not a request: {e}"
        except BaseException as e:  # the model's, or a library's; gRPC would leave a call open after sys.exit
            _log.error("failed: %s", where(e))
            code, message = grpc.StatusCode.INTERNAL, where(e)
        finally:
            _call.context = None
        context.abort(code, message)


def handlers(s: Servicer) -> list[grpc.GenericRpcHandler]:
    """The services of a teacher. Messages stay bytes: wire.py reads and writes them."""
    one, both = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
    return [
        grpc.method_handlers_generic_handler(
            "cubeset.teacher.v1.Teacher",
            {"Describe": one(s.describe), "Embed": one(s.embed), "EmbedStream": both(s.embed_stream)},
        ),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": one(s.health)}),
        grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": one(s.shutdown)}),
    ]


def start(s: Servicer, client_pem: bytes, socket_dir: str) -> tuple[grpc.Server, str]:
    """Start the server, and return it and the handshake line."""
    own = make_certificate()
    credentials = grpc.ssl_server_credentials(
        [(own.key_pem, own.pem)], root_certificates=client_pem, require_client_auth=True
    )
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=_CALLS),
        options=[("grpc.max_receive_message_length", RECEIVE_BYTES_MAX), ("grpc.max_send_message_length", -1)],
    )
    server.add_generic_rpc_handlers(handlers(s))
    path = os.path.join(os.path.abspath(socket_dir), _SOCKET)
    server.add_secure_port("unix:" + path, credentials)
    server.start()
    certificate = base64.b64encode(own.der).rstrip(b"=").decode()
    return server, f"1|{VERSION}|unix|{path}|grpc|{certificate}"


def stop(server: grpc.Server) -> None:
    """Give calls a moment to end."""
    server.stop(_STOP_GRACE).wait(2 * _STOP_GRACE)
