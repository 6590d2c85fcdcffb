"""Teacher of the kind onnx: any ONNX sentence model, with onnxruntime and tokenizers and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence

import numpy as np

from ..errors import Stop
from .buckets import OutOfMemory
from .kind import Kind, mask, padded, processors
from .pooling import MODES, normalise, pool
from .settings import Settings, choice

_FILES = ("model.onnx", "onnx/model.onnx")
_KNOWN = ("Transformer", "Pooling", "Normalize")  # modules this teacher stands for
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TOKENS_OUTPUT = ("last_hidden_state", "token_embeddings", "hidden_states")
_TEXT_OUTPUT = ("sentence_embedding", "text_embeds", "embeddings")


@dataclass(frozen=True)
class OnnxSettings(Settings):
    """The settings of the kind onnx."""

    file: Optional[str] = None  # within the folder; default model.onnx or onnx/model.onnx
    output: Optional[str] = None  # of the graph: a vector a token (pooled here) or a vector a text
    pooling: Optional[str] = None  # of a vector a token; default 1_Pooling/config.json, else mean
    dims: Optional[int] = None  # values a vector; default config.json's
    device: str = "cpu"

    def check(self) -> list[str]:
        return super().check() + choice("pooling", self.pooling, MODES) + choice("device", self.device, tuple(_PROVIDERS))


class Onnx(Kind):
    name = "onnx"
    settings = OnnxSettings
    s: OnnxSettings

    def patterns(self) -> Sequence[str]:
        return ("*.json", "*.txt", "*.model", "*.onnx", "*.onnx_data", "*.onnx.data")

    def max_rows(self) -> int:
        return 256

    def file(self) -> str:
        """The graph's file in the folder."""
        found = self.folder.files(self.s.file) if self.s.file else self.folder.files(*_FILES)
        if not found:
            raise Stop(f"{self.folder.model}: no {self.s.file or ' or '.join(_FILES)}; file says which of another name")
        return found[0]

    def model_files(self) -> list[str]:
        file = self.file()
        beside = [file + "_data", file + ".data", file[: -len(".onnx")] + ".data"]  # where graphs over 2 GB keep weights
        return [file, *self.folder.files(*beside, "config.json")]

    def pooling(self) -> str:
        return self.folder.pooling(self.s.pooling)

    def variant(self) -> str:
        return f" {self.s.output}" if self.s.output else ""

    def dims(self) -> int:
        if self.s.dims:
            return self.s.dims
        return super().dims()

    def load(self) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        if other := [m["type"] for m in self.folder.modules() if str(m.get("type")).rsplit(".", 1)[-1] not in _KNOWN]:
            raise Stop(f"{self.folder.model}: it has a module {other[0]}, which this teacher does not run")
        if not self.folder.files("tokenizer.json"):
            raise Stop(f"{self.folder.model}: no tokenizer.json")
        self.tokenizer = Tokenizer.from_file(str(self.folder.path / "tokenizer.json"))
        padding = self.tokenizer.padding or {}
        self.pad = padding.get("pad_id", self.folder.json("config.json").get("pad_token_id") or 0)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        if limit := self.description.max_tokens:
            self.tokenizer.enable_truncation(limit)

        provider = _PROVIDERS[self.s.device]
        if provider not in ort.get_available_providers():
            raise Stop(f"device: this onnxruntime has no {provider}")
        options = ort.SessionOptions()
        options.intra_op_num_threads = processors(self.s.threads)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(str(self.folder.path / self.file()), options, providers=[provider])
        self.inputs = {i.name: i.type for i in self.session.get_inputs()}
        if unknown := set(self.inputs) - {"input_ids", "attention_mask", "token_type_ids", "position_ids"}:
            raise Stop(f"{self.folder.model}: the graph wants {sorted(unknown)[0]}, which this teacher does not know")
        self.output = self._choose_output()

    def _choose_output(self) -> str:
        names = [o.name for o in self.session.get_outputs()]
        if self.s.output:
            if self.s.output not in names:
                raise Stop(f"output: {self.s.output} is none of {', '.join(names)}")
            return self.s.output
        for name in (*_TOKENS_OUTPUT, *_TEXT_OUTPUT):
            if name in names:
                return name
        if len(names) > 1:
            raise Stop(f"output: say which of {', '.join(names)}")
        return names[0]

    def tokenise(self, texts: list[str]) -> tuple[list, list[int], list[bool]]:
        found = self.tokenizer.encode_batch(texts)
        return found, [len(e.ids) for e in found], [len(e.overflowing) > 0 for e in found]

    def forward(self, inputs: list, lengths: list[int]) -> np.ndarray:
        attention = mask(lengths)
        made = {
            "input_ids": lambda: padded([e.ids for e in inputs], self.pad),
            "attention_mask": lambda: attention,
            "token_type_ids": lambda: padded([e.type_ids for e in inputs], 0),
            "position_ids": lambda: np.broadcast_to(np.arange(attention.shape[1]), attention.shape),
        }
        feed = {name: np.ascontiguousarray(made[name](), _TYPES.get(t, np.int64)) for name, t in self.inputs.items()}
        hidden = np.asarray(self._run(feed), np.float32)
        if hidden.ndim == 3:
            hidden = pool(self.description.pooling, hidden, attention[:, :, None].astype(np.float32), lengths)
        return normalise(hidden) if self.description.normalised else hidden

    def _run(self, feed: dict[str, Any]) -> Any:
        try:
            return self.session.run([self.output], feed)[0]
        except MemoryError:
            raise OutOfMemory from None
        except Exception as e:  # onnxruntime has a kind of its own for each version
            if "allocate memory" in str(e) or "bad_alloc" in str(e) or "out of memory" in str(e).lower():
                raise OutOfMemory from None
            raise
