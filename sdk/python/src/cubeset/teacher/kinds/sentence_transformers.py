"""Teacher of the kind sentence-transformers: a model with modules, prompts and dimensions of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..errors import Stop
from .pooling import normalise
from .torch_kind import TorchKind, TorchSettings

_CODE = "sentence_transformers."  # where the code of every module must be from
_WITHOUT_WEIGHTS = ("Pooling", "Normalize", "Dropout")


@dataclass(frozen=True)
class SentenceTransformersSettings(TorchSettings):
    """The settings of the kind sentence-transformers."""

    question_prompt: Optional[str] = None  # name of one of the model's prompts, put before a question by the host
    answer_prompt: Optional[str] = None
    truncate_dim: Optional[int] = None  # keep the first values only, for models that were trained for it

    def check(self) -> list[str]:
        found = super().check()
        if self.truncate_dim is not None and self.truncate_dim < 1:
            found.append(f"truncate_dim: {self.truncate_dim} is not positive")
        for side in ("question", "answer"):
            if getattr(self, side + "_prompt") is not None and getattr(self, side + "_prefix") is not None:
                found.append(f"{side}_prompt and {side}_prefix: say one of them")
        return found


class SentenceTransformers(TorchKind):
    name = "sentence-transformers"
    settings = SentenceTransformersSettings
    s: SentenceTransformersSettings

    def modules(self) -> list[tuple[str, str]]:
        """The kind and the place of each module, all of the library's own."""
        modules = self.folder.modules()
        if not modules:
            raise Stop(f"{self.folder.model}: no modules.json: take the kind transformers")
        for m in modules:
            # The library would also run code that lies beside the model's files.
            if not str(m.get("type", "")).startswith(_CODE):
                raise Stop(f"{self.folder.model}: it comes with code of its own, which is never run here")
        return [(m["type"].rsplit(".", 1)[-1], m.get("path", "")) for m in modules]

    def model_files(self) -> list[str]:
        f = self.folder
        files = ["modules.json", *f.files("config_sentence_transformers.json")]
        for kind, sub in self.modules():
            files += f.files(*(os.path.join(sub, n) for n in ("config.json", "sentence_bert_config.json")))
            if kind not in _WITHOUT_WEIGHTS:
                files += f.weights(self.s.pickle, sub)
        return files

    def pooling(self) -> str:
        """A label: the library does it, as its modules say."""
        return "+".join([*self.folder.pooling_modes(), *(kind.lower() for kind, _ in self.modules()[2:])]) or "own"

    def normalised(self) -> bool:
        return self.s.normalise if self.s.normalise is not None else bool(self.folder.normalises())

    def dims(self) -> int:
        own = 0
        for kind, sub in self.modules():
            config = self.folder.json(os.path.join(sub, "config.json"))
            if kind == "Dense":
                own = config.get("out_features", own)
            elif kind == "Pooling":
                width = config.get("word_embedding_dimension") or config.get("embedding_dimension") or 0
                own = width * max(1, len(self.folder.pooling_modes()))
        own = own or super().dims()
        if (cut := self.s.truncate_dim) and cut > own:
            raise Stop(f"truncate_dim: {cut}, but {self.folder.model} has {own}")
        return self.s.truncate_dim or own

    def prefixes(self) -> tuple[str, str]:
        f, s = self.folder, self.s
        question = f.prompt(s.question_prompt) if s.question_prompt is not None else s.question_prefix
        answer = f.prompt(s.answer_prompt) if s.answer_prompt is not None else s.answer_prefix
        return f.prefixes(question, answer)

    def load(self) -> None:
        import sentence_transformers

        self.start_torch()
        self.modules()
        self.model = sentence_transformers.SentenceTransformer(
            str(self.folder.path), device=str(self.device), local_files_only=True, trust_remote_code=False
        )
        self.model.to(getattr(self.torch, self.s.dtype)).eval()
        self.model.default_prompt_name = None  # the host has put it before the text
        if limit := self.description.max_tokens:
            self.model.max_seq_length = limit

    def tokenise(self, texts: list[str]) -> tuple[list, list[int], list[bool]]:
        limit = self.description.max_tokens
        whole = self.model.tokenizer([t.strip() for t in texts], return_attention_mask=False, verbose=False)["input_ids"]
        lengths = [len(ids) for ids in whole]
        return texts, [min(n, limit or n) for n in lengths], [bool(limit) and n > limit for n in lengths]

    def forward(self, inputs: list, lengths: list[int]) -> np.ndarray:
        with self.one_pass():
            vectors = self.model.encode(
                inputs, batch_size=len(inputs), convert_to_tensor=True, normalize_embeddings=False, show_progress_bar=False
            )
            vectors = vectors.float()[:, : self.description.dims]
            if self.description.normalised:
                vectors = normalise(vectors)
            return vectors.cpu().numpy()
