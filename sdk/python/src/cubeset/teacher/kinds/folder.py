"""A model's folder, as Hugging Face lays it out: where it is and what its small files say."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Sequence

from ..errors import Stop
from .pooling import MODES
from .settings import Settings

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TOKENIZER = re.compile(
    r"tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\..*|merges\.txt|.*\.model"
)
_TOKENS_MAX = 1_000_000  # a larger limit is how tokenizers say that there is none
_HIDDEN = ("hidden_size", "n_embd", "dim", "d_model")  # what architectures call it
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx")
_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")  # count positions from pad + 1
_QUESTION_PROMPTS = ("query", "question", "search_query", "retrieval.query")
_ANSWER_PROMPTS = ("document", "passage", "answer", "search_document", "retrieval.passage")
_FLAGS = {  # of 1_Pooling/config.json
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}


@dataclass(frozen=True)
class Folder:
    """A model on this machine."""

    path: Path
    model: str  # its name
    revision: str

    def json(self, name: str) -> Any:
        """What a JSON file of the folder holds, {} if there is none."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as e:
            raise Stop(f"{self.model}: {name}: {type(e).__name__}") from None

    def files(self, *names: str) -> list[str]:
        """Those of names that are there."""
        return [n for n in names if (self.path / n).is_file()]

    def tokenizer_files(self) -> list[str]:
        """The files of its tokenizer, at the top of the folder."""
        return sorted(f.name for f in self.path.iterdir() if _TOKENIZER.fullmatch(f.name) and f.is_file())

    def safetensors(self, sub: str = "") -> list[str]:
        """The weights' files in a part of the folder: one, or the index and those it names."""
        index = os.path.join(sub, "model.safetensors.index.json")
        if shards := set(self.json(index).get("weight_map", {}).values()):
            return [index, *(os.path.join(sub, s) for s in sorted(shards))]
        return self.files(os.path.join(sub, "model.safetensors"))

    def pickles(self, sub: str = "") -> list[str]:
        """The weights' files in the older form, that can hold a program."""
        return sorted(os.path.join(sub, f.name) for f in (self.path / sub).glob("pytorch_model*.bin*"))

    def weights(self, pickle: bool, sub: str = "") -> list[str]:
        """The weights' files that are loaded. Those that can hold a program need the user's word."""
        if found := self.safetensors(sub):
            missing = sorted(set(found) - set(self.files(*found)))
            if missing:
                raise Stop(f"{self.model}: {missing[0]} is missing: the model is not all there")
            return found
        if not (found := self.pickles(sub)):
            raise Stop(f"{self.model}: no model.safetensors{' in ' + sub if sub else ''}")
        if not pickle:
            raise Stop(f"{self.model}: {found[0]} may hold a program; set pickle if you trust it, or take safetensors")
        return found

    def hidden_size(self) -> Optional[int]:
        """Values of a token's vector."""
        return _first(self.json("config.json"), _HIDDEN)

    def positions(self) -> Optional[int]:
        """Tokens the architecture can read."""
        config = self.json("config.json")
        n = _first(config, _POSITIONS)
        if n and config.get("model_type") in _AFTER_PADDING:
            n -= (config.get("pad_token_id") or 0) + 1
        return n

    def max_tokens(self, asked: Optional[int]) -> int:
        """Tokens read of a text: as asked, or as the model's files say; 0 if nothing says it."""
        limit = self.positions()
        if asked is not None:
            if limit and asked > limit:
                raise Stop(f"max_tokens: {asked}, but {self.model} reads {limit} at most")
            return asked
        if own := self.json("sentence_bert_config.json").get("max_seq_length"):
            return own
        known = [limit, self.json("tokenizer_config.json").get("model_max_length")]
        return min((int(n) for n in known if isinstance(n, (int, float)) and 0 < n <= _TOKENS_MAX), default=0)

    def modules(self) -> list[dict]:
        """The parts of a sentence-transformers model, in order; empty if it is none."""
        modules = self.json("modules.json")
        return modules if isinstance(modules, list) else []

    def module(self, kind: str) -> Optional[str]:
        """Where the module of a kind is, None if there is none."""
        return next((m.get("path", "") for m in self.modules() if str(m.get("type", "")).endswith("." + kind)), None)

    def pooling_config(self) -> dict:
        """The file that says how tokens are pooled."""
        return self.json(os.path.join(self.module("Pooling") or "1_Pooling", "config.json"))

    def pooling_modes(self) -> list[str]:
        """How the model's own files say that tokens are pooled; empty if they do not."""
        config = self.pooling_config()
        mode = config.get("pooling_mode")
        if isinstance(mode, str):
            return ["last" if mode == "lasttoken" else mode]
        return [word for flag, word in _FLAGS.items() if config.get(flag)]

    def pooling(self, asked: Optional[str]) -> str:
        """How tokens are pooled: as asked, or as the model's files say; mean if nothing says it."""
        modes = [asked] if asked else self.pooling_modes() or ["mean"]
        if len(modes) > 1 or modes[0] not in MODES:
            raise Stop(f"{self.model}: pooling by {' and '.join(modes)}; this teacher knows {', '.join(MODES)}")
        return modes[0]

    def normalises(self) -> Optional[bool]:
        """Whether the model scales its vectors to length 1; None if nothing says it."""
        return self.module("Normalize") is not None if self.modules() else None

    def prompts(self) -> dict:
        """What is to be put before texts, by name."""
        prompts = self.json("config_sentence_transformers.json").get("prompts")
        return {k: v for k, v in prompts.items() if isinstance(v, str)} if isinstance(prompts, dict) else {}

    def prompt(self, name: str) -> str:
        """The prompt of that name."""
        prompts = self.prompts()
        if name not in prompts:
            raise Stop(f"{self.model}: no prompt {name!r}; it has {', '.join(sorted(prompts)) or 'none'}")
        return prompts[name]

    def prefixes(self, question: Optional[str], answer: Optional[str]) -> tuple[str, str]:
        """What the host is to put before a question and an answer: as asked, or as the model's files say."""
        prompts = self.prompts()
        default = prompts.get(self.json("config_sentence_transformers.json").get("default_prompt_name") or "", "")

        def prefix(asked: Optional[str], names: Sequence[str]) -> str:
            return asked if asked is not None else next((prompts[n] for n in names if n in prompts), default)

        found = prefix(question, _QUESTION_PROMPTS), prefix(answer, _ANSWER_PROMPTS)
        if any(found) and self.pooling_config().get("include_prompt") is False:
            raise Stop(f"{self.model}: it leaves its prompts out of the pooling, which this teacher cannot")
        return found


def find(s: Settings, patterns: Sequence[str]) -> Folder:
    """The folder of the model that s names, fetched if s says so; patterns are the files that would be."""
    path = Path(s.model).expanduser()
    if path.is_dir():
        return Folder(path, s.model_name or path.resolve().name, s.revision or "local")
    if s.model.startswith((".", "/", "~")) or s.model.count("/") != 1:
        raise Stop(f"model: no folder {s.model}")
    if not _COMMIT.fullmatch(s.revision):
        raise Stop(f"revision: {s.model} needs a commit of 40 hex digits, so that it cannot change")
    if not s.download:
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import huggingface_hub

    try:
        path = huggingface_hub.snapshot_download(
            s.model,
            revision=s.revision,
            cache_dir=s.cache_dir,
            local_files_only=not s.download,
            allow_patterns=list(patterns),
        )
    except Exception as e:  # of the network, of the cache: many kinds
        hint = "" if s.download else "; set download to fetch it"
        raise Stop(f"{s.model} at {s.revision[:12]} is not to be had ({type(e).__name__}){hint}") from None
    return Folder(Path(path), s.model_name or s.model, s.revision)


def _first(config: Any, names: Sequence[str]) -> Optional[int]:
    for c in (config, config.get("text_config") or {}):
        for name in names:
            if isinstance(c.get(name), int):
                return c[name]
    return None
