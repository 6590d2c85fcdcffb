"""Pooling against the sums written out, for numpy's arrays and torch's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conftest import need
from cubeset.teacher.kinds.kind import mask, padded
from cubeset.teacher.kinds.pooling import MODES, normalise, pool


def written_out(mode, rows):
    """rows are the vectors of one text's tokens."""
    columns = list(zip(*rows))
    if mode == "mean":
        return [math.fsum(c) / len(c) for c in columns]
    if mode == "max":
        return [max(c) for c in columns]
    return list(rows[0] if mode == "cls" else rows[-1])


@st.composite
def hidden_states(draw):
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    values = arrays.arrays(np.float32, (len(lengths), max(lengths), 3), elements=st.floats(-1000, 1000, width=32))
    return lengths, draw(values)


@pytest.mark.parametrize("kind", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
@pytest.mark.parametrize("mode", MODES)
def test_only_the_texts_own_tokens_count(mode, kind):
    convert = need("torch").from_numpy if kind == "torch" else np.asarray

    @given(hidden_states())
    def check(drawn):
        lengths, hidden = drawn
        found = np.asarray(pool(mode, convert(hidden), convert(mask(lengths, np.float32)[:, :, None]), lengths))
        for i, n in enumerate(lengths):
            np.testing.assert_allclose(found[i], written_out(mode, hidden[i, :n].astype(float).tolist()), rtol=1e-5, atol=1e-3)

    check()


@pytest.mark.parametrize("mode", MODES)
def test_padding_may_hold_anything_finite(mode):
    lengths = [2, 3]
    hidden = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    before = pool(mode, hidden, mask(lengths, np.float32)[:, :, None], lengths)
    hidden[0, 2] = 1e30
    np.testing.assert_array_equal(pool(mode, hidden, mask(lengths, np.float32)[:, :, None], lengths), before)


def test_other_modes_are_refused():
    with pytest.raises(ValueError):
        pool("median", np.zeros((1, 1, 1)), np.ones((1, 1, 1)), [1])


def test_length_one():
    found = normalise(np.array([[3, 4], [0, 0], [1e-3, 0]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [1, 0]], rtol=1e-6)


def test_rows_are_padded_on_the_right():
    assert padded([[1], [2, 3]], 9).tolist() == [[1, 9], [2, 3]]
    assert mask([1, 2]).tolist() == [[1, 0], [1, 1]]
