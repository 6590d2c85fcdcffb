"""Which model a teacher is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

DIMS_MAX = 65_536  # values a vector
ROWS_MAX = 65_536  # texts a call
TEXT_BYTES_MAX = 4_096  # of any one string
INT_MAX = 2**31 - 1


@dataclass(frozen=True)
class Description:
    """Which model a teacher is, field by field as in plugins/PROTOCOL.md, 2.1.

    The first block decides the vector: together it is the key of the host's cache. A change of weights, tokenizer or
    code that moves a single bit must change one of these fields.
    """

    model: str  # the model's own name, "org/model" where it has one
    dims: int  # values a vector
    revision: str = ""  # commit, date or version of model and code
    weights_digest: str = ""  # "sha256:…", where known
    tokenizer_digest: str = ""
    pooling: str = ""  # "mean", "cls", "last", …
    truncation: str = ""  # what becomes of a long text: "end", "none", …
    normalised: bool = False  # vectors have Euclidean length 1
    max_tokens: int = 0  # tokens read of a text, 0 = all
    api_dimensions: int = 0  # size asked of a remote API, 0 = its own

    name: str = ""  # label for people and logs
    max_rows: int = 0  # texts accepted in one call, 0 = the host chooses
    determinism: str = "close"  # "exact": same bits in any batch on any machine; "close": up to rounding
    licence: str = ""
    languages: str = ""
    min_similarity: Optional[float] = None  # cosine above which a pair is kept, None = no advice
    question_prefix: str = ""  # put before a question by the host
    answer_prefix: str = ""
    matryoshka: bool = False  # trained so that the first values of a vector are an embedding by themselves

    def complaints(self) -> list[str]:
        """Everything that is wrong with it; a host refuses what has a complaint."""
        found = []
        for field in _STRINGS:
            value = getattr(self, field)
            if wrong := _text(value, field.endswith("_prefix")):
                found.append(f"{field}: {wrong}")
        for field, low, high in _NUMBERS:
            n = getattr(self, field)
            if isinstance(n, bool) or not isinstance(n, int):
                found.append(f"{field}: not a whole number")
            elif not low <= n <= high:
                found.append(f"{field}: {n} is outside {low}..{high}")
        for field in ("name", "model"):
            if getattr(self, field) == "":
                found.append(f"{field}: missing")
        if self.determinism not in ("exact", "close"):
            found.append('determinism: neither "exact" nor "close"')
        if self.min_similarity is not None and not (
            isinstance(self.min_similarity, (int, float))
            and math.isfinite(self.min_similarity)
            and -1 <= self.min_similarity <= 1
        ):
            found.append("min_similarity: outside -1..1")
        return found


_STRINGS = (
    "name",
    "model",
    "revision",
    "weights_digest",
    "tokenizer_digest",
    "pooling",
    "truncation",
    "licence",
    "languages",
    "question_prefix",
    "answer_prefix",
)
_NUMBERS = (
    ("dims", 1, DIMS_MAX),
    ("max_rows", 0, ROWS_MAX),
    ("max_tokens", 0, INT_MAX),
    ("api_dimensions", 0, INT_MAX),
)


def _text(value: object, lines: bool) -> str:
    if not isinstance(value, str):
        return "not a string"
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "not UTF-8"
    if size > TEXT_BYTES_MAX:
        return f"{size} bytes, at most {TEXT_BYTES_MAX}"
    if lines:
        value = value.replace("\n", "").replace("\t", "")
    return "" if value.isprintable() else "holds a character that cannot be printed"
