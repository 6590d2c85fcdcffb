"""What an embed function returns when it has more to say than the vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence


@dataclass(frozen=True)
class RowError:
    """One text that is refused by itself; its row is dropped under code, and its vector is ignored."""

    row: int
    code: str  # a short stable word, [a-z][a-z0-9_]{0,31}; it is counted
    message: str = ""  # must not quote the text


@dataclass(frozen=True)
class Batch:
    """The vectors of one call, and what became of each text."""

    vectors: Any  # (n, dims), anything numpy.asarray takes
    tokens: Sequence[int] = ()  # read of each text; empty = not counted
    truncated: Sequence[bool] = ()  # whether a text was longer than what was read; empty = none
    errors: Sequence[RowError] = field(default=())
