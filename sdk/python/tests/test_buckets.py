"""Which texts go through a model together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeset.teacher import Cancelled
from cubeset.teacher.kinds import buckets
from cubeset.teacher.kinds.buckets import Buckets, OutOfMemory

LENGTHS = st.lists(st.integers(1, 600), max_size=60)


@given(LENGTHS, st.integers(1, 2000))
def test_every_text_goes_through_once_and_no_pass_is_too_large(lengths, limit):
    passes = []
    assert Buckets(limit).run(lengths, passes.append) == []
    assert sorted(i for p in passes for i in p) == list(range(len(lengths)))
    for p in passes:
        assert len(p) == 1 or len(p) * max(lengths[i] for i in p) <= limit


@given(LENGTHS)
def test_texts_of_like_length_go_together(lengths):
    passes = []
    Buckets(700).run(lengths, passes.append)
    in_order = [lengths[i] for p in passes for i in p]
    assert in_order == sorted(lengths, reverse=True)


@given(LENGTHS, st.integers(1, 2000), st.integers(1, 2000))
def test_memory_that_runs_out(lengths, limit, memory):
    """Each text that fits alone goes through, the others are named, and passes only get smaller."""
    through, sizes = [], []

    def forward(part):
        size = len(part) * max(lengths[i] for i in part)
        sizes.append(len(part))
        if size > memory:
            raise OutOfMemory
        through.extend(part)

    b = Buckets(limit)
    refused = b.run(lengths, forward)
    assert sorted(refused) == [i for i, n in enumerate(lengths) if n > memory]
    assert sorted(through + refused) == list(range(len(lengths)))
    # A pass is tried again no more often than it can be halved.
    assert len(sizes) <= 2 * len(lengths) + limit.bit_length() + 1


def test_a_pass_is_halved_and_later_ones_are_no_larger():
    tried = []

    def forward(part):
        tried.append(len(part))
        if len(part) > 3:
            raise OutOfMemory

    b = Buckets(160)
    assert b.run([10] * 16, forward) == []
    assert tried == [16, 8, 4, 2, 2, 2, 2, 2, 2, 2, 2]
    tried.clear()
    assert b.run([10] * 4, forward) == []
    assert tried == [2, 2], "the next call knows"


def test_other_errors_pass(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        Buckets(10).run([1], lambda part: 1 // 0)


def test_it_stops_between_passes_when_the_host_has_given_up(monkeypatch):
    passes = []

    def check():
        if len(passes) == 2:
            raise Cancelled

    monkeypatch.setattr(buckets, "check_cancelled", check)
    with pytest.raises(Cancelled):
        Buckets(1).run([1, 1, 1, 1], passes.append)
    assert len(passes) == 2
