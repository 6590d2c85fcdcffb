"""What the kinds of teacher have in common."""

from __future__ import annotations

import os
from functools import cached_property
from typing import ClassVar, Sequence

import numpy as np

from ..batch import Batch, RowError
from ..description import Description
from ..errors import Stop, TeacherError
from . import digest, folder
from .buckets import Buckets
from .settings import Settings

_MESSAGE_MAX = 300  # characters of a library's message
_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")


class Kind:
    """A teacher made of a model folder. It reads the folder's small files to describe itself, the rest to embed."""

    name: ClassVar[str]
    settings: ClassVar[type[Settings]] = Settings
    version: ClassVar[int] = 1  # to be raised with every change that moves a vector

    def __init__(self, s: Settings) -> None:
        self.s = s
        self.batch_tokens = 512  # of one pass; on a processor more is slower, since it leaves the caches

    @cached_property
    def folder(self) -> folder.Folder:
        return folder.find(self.s, self.patterns())

    @cached_property
    def description(self) -> Description:
        """Which model this is, without loading it."""
        s, f = self.s, self.folder
        question, answer = self.prefixes()
        d = Description(
            model=f.model,
            revision=f"{f.revision} {self.name}-{self.version}{self.variant()}",
            weights_digest=digest.digest(f.path, self.model_files(), digest.cache_file()),
            tokenizer_digest=digest.digest(f.path, f.tokenizer_files(), digest.cache_file()),
            pooling=self.pooling(),
            truncation="end",
            normalised=self.normalised(),
            dims=self.dims(),
            max_tokens=f.max_tokens(s.max_tokens),
            name=s.name or f.model.rsplit("/", 1)[-1],
            max_rows=s.max_rows or self.max_rows(),
            determinism="close",
            licence=s.licence,
            languages=s.languages,
            min_similarity=s.min_similarity,
            question_prefix=question,
            answer_prefix=answer,
            matryoshka=s.matryoshka,
        )
        if s.weights_digest and s.weights_digest != d.weights_digest:
            raise Stop(f"weights_digest: {f.model} is {d.weights_digest}, want {s.weights_digest}")
        return d

    # What a kind says of itself.

    def patterns(self) -> Sequence[str]:
        """The files that are fetched of a model."""
        return _MODEL_FILES

    def max_rows(self) -> int:
        """Texts of one call: enough to sort by length, few enough for the host's minute."""
        return 64

    def prefixes(self) -> tuple[str, str]:
        """What the host is to put before a question and an answer."""
        return self.folder.prefixes(self.s.question_prefix, self.s.answer_prefix)

    def variant(self) -> str:
        """What else decides a vector, for the revision."""
        return ""

    def model_files(self) -> list[str]:
        """The files that decide a token's vector."""
        raise NotImplementedError

    def pooling(self) -> str:
        return self.folder.pooling(None)

    def normalised(self) -> bool:
        if self.s.normalise is not None:
            return self.s.normalise
        own = self.folder.normalises()
        return True if own is None else own

    def dims(self) -> int:
        if n := self.folder.hidden_size():
            return n
        raise Stop(f"{self.folder.model}: config.json does not say how many values a vector has")

    def load(self) -> None:
        """Get the model ready; called once, before the first tokens."""
        raise NotImplementedError

    def tokenise(self, texts: list[str]) -> tuple[list, list[int], list[bool]]:
        """What forward takes of each text, its number of tokens, and whether it was cut."""
        raise NotImplementedError

    def forward(self, inputs: list, lengths: list[int]) -> np.ndarray:
        """The vectors (n, dims) of one pass; raises buckets.OutOfMemory."""
        raise NotImplementedError

    # What they share.

    @cached_property
    def _ready(self) -> Buckets:
        try:
            self.load()
        except TeacherError:
            raise
        except ModuleNotFoundError as e:
            raise Stop(f'{e.name} is not installed: pip install "cubeset[{self.name}]"') from None
        except Exception as e:  # no text has been seen, so none can be in the message
            raise Stop(f"{self.folder.model} cannot be loaded: {type(e).__name__}: {str(e)[:_MESSAGE_MAX]}") from e
        return Buckets(self.s.batch_tokens or self.batch_tokens)

    def embed(self, texts: list[str]) -> Batch:
        """The vectors of texts; what serve takes."""
        buckets = self._ready
        inputs, lengths, truncated = self.tokenise(texts)
        errors = [RowError(i, "no_tokens", "nothing is left of the text as tokens") for i, n in enumerate(lengths) if n == 0]
        rows = [i for i, n in enumerate(lengths) if n > 0]
        vectors = np.zeros((len(texts), self.description.dims), np.float32)

        def forward(part: list[int]) -> None:
            at = [rows[i] for i in part]
            found = self.forward([inputs[i] for i in at], [lengths[i] for i in at])
            if found.shape[1:] != vectors.shape[1:]:
                raise Stop(f"the model gives {found.shape[1:]} values a text, its files say {vectors.shape[1]}")
            vectors[at] = found

        for i in buckets.run([lengths[i] for i in rows], forward):
            errors.append(RowError(rows[i], "too_long", f"{lengths[rows[i]]} tokens do not fit into memory"))
        return Batch(vectors, lengths, truncated, errors)


def processors(threads: int) -> int:
    """Threads to compute with."""
    if threads:
        return threads
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def padded(rows: list[list[int]], fill: int, dtype: type = np.int64) -> np.ndarray:
    """Rows of tokens as one array, padded on the right."""
    out = np.full((len(rows), max(map(len, rows))), fill, dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def mask(lengths: Sequence[int], dtype: type = np.int64) -> np.ndarray:
    """1 for each token of a text, 0 for padding."""
    return (np.arange(max(lengths))[None, :] < np.asarray(lengths)[:, None]).astype(dtype)
