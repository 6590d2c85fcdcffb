"""Texts of like length in one pass, and smaller passes where memory runs out."""

from __future__ import annotations

import logging
from typing import Callable, Sequence

from ..server import check_cancelled

_log = logging.getLogger("cubeset.teacher")


class OutOfMemory(Exception):
    """One pass through the model needs more memory than there is."""


class Buckets:
    """Splits calls into passes of at most tokens tokens, padding included; a text longer than that goes alone."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, lengths: Sequence[int], forward: Callable[[list[int]], None]) -> list[int]:
        """Call forward with the indices of each pass. Returns the texts that do not fit into memory even alone.

        The longest come first, so that a lack of memory shows at once. A pass that has run out of memory is halved, and
        later ones are no larger than its half.
        """
        waiting = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        refused = []
        while waiting:
            check_cancelled()
            n = max(1, min(len(waiting), self.tokens // max(1, lengths[waiting[0]])))
            try:
                forward(waiting[:n])
            except OutOfMemory:
                if n > 1:
                    self.tokens = max(1, n // 2 * max(1, lengths[waiting[0]]))
                    _log.warning("out of memory in a pass of %d texts: smaller ones from now on", n)
                    continue
                refused.append(waiting[0])
            waiting = waiting[n:]
        return refused
