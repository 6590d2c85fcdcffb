"""Teacher of the kind transformers: any model that AutoModel loads, a language model's too."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..errors import Stop
from .kind import mask, padded
from .pooling import MODES, normalise, pool
from .settings import choice
from .torch_kind import TorchKind, TorchSettings


@dataclass(frozen=True)
class TransformersSettings(TorchSettings):
    """The settings of the kind transformers."""

    pooling: Optional[str] = None  # default 1_Pooling/config.json, else mean

    def check(self) -> list[str]:
        return super().check() + choice("pooling", self.pooling, MODES)


class Transformers(TorchKind):
    name = "transformers"
    settings = TransformersSettings
    s: TransformersSettings

    def model_files(self) -> list[str]:
        return ["config.json", *self.folder.weights(self.s.pickle)]

    def pooling(self) -> str:
        return self.folder.pooling(self.s.pooling)

    def load(self) -> None:
        import transformers

        self.start_torch()
        config = transformers.AutoConfig.from_pretrained(self.folder.path, local_files_only=True, trust_remote_code=False)
        if config.is_encoder_decoder:
            raise Stop(f"{self.folder.model}: it has an encoder and a decoder, which this teacher does not run")
        config.use_cache = False
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(
            self.folder.path, local_files_only=True, trust_remote_code=False
        )
        model, loaded = transformers.AutoModel.from_pretrained(
            self.folder.path,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=not self.s.pickle or bool(self.folder.safetensors()),
            output_loading_info=True,
            **{dtype_argument(transformers.__version__): getattr(self.torch, self.s.dtype)},
        )
        # What is missing in the file gets random numbers. Poolers are not used here, and often missing.
        if missing := [k for k in loaded["missing_keys"] if "pooler" not in k]:
            raise Stop(f"{self.folder.model}: the weights lack {len(missing)} tensors, {sorted(missing)[0]} among them")
        self.model = model.eval().to(self.device)
        self.takes = set(inspect.signature(model.forward).parameters)
        self.pad = next((n for n in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id) if n is not None), 0)

    def tokenise(self, texts: list[str]) -> tuple[list, list[int], list[bool]]:
        limit = self.description.max_tokens
        encode = lambda t, **o: self.tokenizer(t, return_attention_mask=False, verbose=False, **o)
        found = encode(texts)
        truncated = [bool(limit) and len(ids) > limit for ids in found["input_ids"]]
        if long := [i for i, cut in enumerate(truncated) if cut]:
            short = encode([texts[i] for i in long], truncation=True, max_length=limit)
            for key in found:
                for i, row in zip(long, short[key]):
                    found[key][i] = row
        # Tokenizers without a class of their own also give what their model does not take.
        inputs = [{key: found[key][i] for key in found if key in self.takes} for i in range(len(texts))]
        return inputs, [len(x["input_ids"]) for x in inputs], truncated

    def forward(self, inputs: list, lengths: list[int]) -> np.ndarray:
        # Always padded on the right, whatever the tokenizer would do: then positions count from the first token
        # in every architecture, and no token of padding is needed.
        feed = {key: padded([x[key] for x in inputs], self.pad if key == "input_ids" else 0) for key in inputs[0]}
        feed["attention_mask"] = mask(lengths)
        with self.one_pass():
            on_device = {key: self.torch.from_numpy(a).to(self.device) for key, a in feed.items()}
            hidden = self.model(**on_device).last_hidden_state.float()
            vectors = pool(self.description.pooling, hidden, on_device["attention_mask"][:, :, None].float(), lengths)
            if self.description.normalised:
                vectors = normalise(vectors)
            return vectors.cpu().numpy()


def dtype_argument(version: str) -> str:
    """What from_pretrained calls the type of weights; the older name went in version 5."""
    return "torch_dtype" if int(version.split(".")[0]) < 5 else "dtype"
