"""From a vector a token to one a text. Arrays are numpy's or torch's: both understand what is used here."""

from __future__ import annotations

from typing import Any, Sequence

MODES = ("mean", "cls", "last", "max")


def pool(mode: str, hidden: Any, mask: Any, lengths: Sequence[int]) -> Any:
    """hidden is (n, t, dims) in float32, padded on the right; mask is (n, t, 1) in float32, 1 for a token of the text."""
    if mode == "mean":
        return (hidden * mask).sum(1) / mask.sum(1).clip(1)
    if mode == "cls":
        return hidden[:, 0]
    if mode == "last":
        return hidden[list(range(len(lengths))), [max(0, n - 1) for n in lengths]]
    if mode == "max":
        most = (hidden * mask - (1 - mask) * 1e30).max(1)
        return getattr(most, "values", most)  # torch gives the places too
    raise ValueError(mode)


def normalise(vectors: Any) -> Any:
    """Vectors scaled to Euclidean length 1; a zero vector stays one, for the host to see."""
    norms = ((vectors * vectors).sum(1) ** 0.5)[:, None]
    return vectors / norms.clip(1e-12)
