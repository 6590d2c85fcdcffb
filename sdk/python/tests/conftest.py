"""What the tests share."""

import importlib
import json
import os
import sys

import pytest
from hypothesis import settings

settings.register_profile("cubeset", deadline=None, database=None)
settings.load_profile("cubeset")


def need(name):
    """The module, or a skip without it; where CUBESET_CHECK is set, all that is asked for has to be there."""
    if os.environ.get("CUBESET_CHECK"):
        return importlib.import_module(name)
    return pytest.importorskip(name)


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The messages of teacher.proto as Google's own package makes them, by name."""
    protoc = need("grpc_tools.protoc")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    folder = os.path.join(os.path.dirname(__file__), "..", "..", "teacher", "teacherpb")
    out = tmp_path_factory.mktemp("proto") / "teacher.pb"
    assert protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={out}", "teacher.proto"]) == 0
    found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in found.file:
        pool.Add(file)
    made = message_factory.GetMessageClassesForFiles([f.name for f in found.file], pool)
    return {name.rpartition(".")[2]: cls for name, cls in made.items()}


@pytest.fixture
def write(tmp_path):
    """Writes files of a model folder, objects as JSON, and returns the folder."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_name(path.name if "." in path.name else path.name + ".json")
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(json.dumps(content), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A home of the test's own: sums of files are kept there."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return folder


@pytest.fixture(scope="session", autouse=True)
def offline():
    """No test may fetch a model."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.dont_write_bytecode = True
