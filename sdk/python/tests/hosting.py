"""The host's side of the protocol, as PROTOCOL.md says it, with nothing of the package's server in it."""

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cubeset.teacher.certificate import make_certificate

COOKIE = "6f1c0f0b7d5f4b9e8a53c9a1d2e47b60"
TIMEOUT = 60  # seconds: the machine may be busy


@dataclass
class Line:
    """The handshake line."""

    core: str
    version: str
    network: str
    address: str
    protocol: str
    certificate: str

    @staticmethod
    def parse(text):
        return Line(*text.rstrip("\n").split("|"))

    def pem(self):
        der = base64.b64decode(self.certificate + "=" * (-len(self.certificate) % 4), validate=True)
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


class Client:
    """Calls to a teacher: bytes in, bytes out."""

    def __init__(self, line, certificate, roots=None):
        credentials = grpc.ssl_channel_credentials(
            root_certificates=roots or line.pem(),
            private_key=certificate.key_pem if certificate else None,
            certificate_chain=certificate.pem if certificate else None,
        )
        limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        options = [("grpc.ssl_target_name_override", "localhost"), *limits]
        self.channel = grpc.secure_channel(f"unix:{line.address}", credentials, options)

    def method(self, name):
        return self.channel.unary_unary("/" + name)

    def describe(self):
        return self.method("cubeset.teacher.v1.Teacher/Describe")(b"", timeout=TIMEOUT)

    def embed(self, request):
        return self.method("cubeset.teacher.v1.Teacher/Embed")(request, timeout=TIMEOUT)

    def shutdown(self):
        return self.method("plugin.GRPCController/Shutdown")(b"", timeout=TIMEOUT)


@contextlib.contextmanager
def socket_folder():
    """A folder with a short path: a socket's has to fit into 108 bytes."""
    folder = tempfile.mkdtemp(prefix="t")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def environment(folder, certificate, **more):
    """What a host lets a teacher see."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CUBESET_TEACHER_COOKIE": COOKIE,
        "PLUGIN_PROTOCOL_VERSIONS": "1",
        "PLUGIN_CLIENT_CERT": certificate.pem.decode(),
        "PLUGIN_UNIX_SOCKET_DIR": folder,
        **more,
    }


class Started:
    """A teacher in a process of its own: a program of Python, given as text or as arguments."""

    def __init__(self, program, **env):
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(socket_folder())
        self.certificate = make_certificate()
        argv = [sys.executable, *(["-c", program] if isinstance(program, str) else program)]
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(self.folder, self.certificate, **env),
            cwd=self.folder,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.stack.close()

    def line(self):
        return Line.parse(self.process.stdout.readline().decode())

    def client(self):
        return Client(self.line(), self.certificate)

    def end(self):
        """Wait for it, and return its status, the rest of its output, and its log."""
        out, err = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, out.decode(), err.decode()
