"""The teachers that come with cubeset, by kind."""

from __future__ import annotations

import importlib

from ..errors import Stop
from .kind import Kind
from .settings import read

KINDS = {
    "transformers": "Transformers",
    "sentence-transformers": "SentenceTransformers",
    "onnx": "Onnx",
}


def make(kind: str, config: str) -> Kind:
    """The teacher of that kind with the settings in config, an object of JSON."""
    if kind not in KINDS:
        raise Stop(f"no kind {kind!r}; there are {', '.join(KINDS)}")
    module = importlib.import_module("." + kind.replace("-", "_"), __name__)
    cls = getattr(module, KINDS[kind])
    return cls(read(cls.settings, config))
