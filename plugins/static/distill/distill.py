"""Makes table.bin, the weights of static-768, from all-MiniLM-L6-v2. README.md says how to run it.

No text is read: every vector comes from the model's answer to one token of its vocabulary.
"""

import pathlib
import re
import struct
import sys
import unicodedata

import numpy as np

from minilm import CLS, SEP, MiniLM

DIMS = 256  # of the 384, by PCA
FIRST = 999  # the ids before it are special or unused
SIF = 1e-4  # weight a / (a + p), with p of a token by Zipf's law from its rank in the vocabulary
STOP = 0.1  # of function words and punctuation
FLATTEN = 0.25  # each direction is divided by its variance to this power
LEVELS = 16  # of a value: (q - 7.5) * scale, with q of 4 bits and scale of 8
SHRINK = np.linspace(0.4, 1.05, 27)  # candidates for a row's scale, in shares of the one that clips nothing

HERE = pathlib.Path(__file__).parent


def is_latin(token):
    """Whether hashing must not do the word alone: the model was trained on English."""
    letters = [c for c in token if unicodedata.category(c).startswith("L")]
    return all("LATIN" in unicodedata.name(c, "") for c in letters)


def function_words():
    """The English ones that hash-768 knows."""
    source = (HERE / "../../hashing/stop.go").read_text("utf-8")
    return set(re.search(r"english\s*= `([^`]*)`", source)[1].split())


def reduce(x):
    """PCA, with the strong directions flattened a little: they tell kinds of words apart, not words."""
    x = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    variance, directions = np.linalg.eigh(x.T @ x / len(x))
    top = np.argsort(-variance)[:DIMS]
    directions = directions[:, top]
    directions *= np.sign(directions[np.abs(directions).argmax(0), np.arange(DIMS)])  # eigh leaves the sign open
    return x @ directions / variance[top] ** FLATTEN


def importance(tokens, ids):
    rank = ids - FIRST + 1
    p = 1 / rank / np.sum(1 / np.arange(1, rank.max() + 1))
    stop = function_words()
    minor = [t in stop or (len(t) == 1 and not t.isalnum()) for t in tokens]
    return SIF / (SIF + p) * np.where(minor, STOP, 1)


def quantise(x):
    """Scales [n] and values [n, DIMS] in 0..15; of the candidate scales each row takes the one with the least error."""
    half = (LEVELS - 1) / 2
    widest = np.abs(x).max(1) / half
    unit = np.quantile(widest, 0.999) * 0.8 / 255
    scales, values, errors = np.zeros(len(x)), np.zeros(x.shape), np.full(len(x), np.inf)
    for share in SHRINK:
        scale = np.clip(np.round(widest * share / unit), 1, 255)
        q = np.clip(np.floor(x / (scale * unit)[:, None]) + LEVELS // 2, 0, LEVELS - 1)
        error = ((x - (q - half) * (scale * unit)[:, None]) ** 2).sum(1)
        better = error < errors
        scales[better], values[better], errors[better] = scale[better], q[better], error[better]
    print(f"error of 4 bits: {errors.sum() / (x**2).sum():.4f} of the squared length")
    return scales.astype(np.uint8), values.astype(np.uint8)


def write(path, tokens, scales, values):
    """Two uint32 (tokens, dims), the scales, the values (two a byte, the low half first), the tokens (lines)."""
    with open(path, "wb") as f:
        f.write(struct.pack("<II", len(tokens), DIMS))
        f.write(scales.tobytes())
        f.write((values[:, 0::2] | values[:, 1::2] << 4).tobytes())
        f.write("\n".join(tokens).encode())


def main(folder):
    model = MiniLM(folder)
    ids = np.array([i for i in range(FIRST, len(model.vocab)) if is_latin(model.vocab[i])])
    tokens = [model.vocab[i] for i in ids]
    rows = np.stack([np.full_like(ids, CLS), ids, np.full_like(ids, SEP)], 1)
    x = reduce(model.embed(rows)) * importance(tokens, ids)[:, None]
    write(HERE / "../table.bin", tokens, *quantise(x))


if __name__ == "__main__":
    main(sys.argv[1])
