import pytest

from cubeset.teacher import Description
from cubeset.teacher.description import DIMS_MAX, ROWS_MAX, TEXT_BYTES_MAX

GOOD = {"model": "me/mine", "dims": 3, "name": "mine"}


def test_good_ones_have_no_complaint():
    assert Description(**GOOD).complaints() == []
    most = {"dims": DIMS_MAX, "max_rows": ROWS_MAX, "revision": "ü" * (TEXT_BYTES_MAX // 2), "min_similarity": -1}
    assert Description(**{**GOOD, **most}, question_prefix="Instruct: find\n\tQuery: ").complaints() == []


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"model": ""}, "model: missing"),
        ({"name": ""}, "name: missing"),
        ({"dims": 0}, f"dims: 0 is outside 1..{DIMS_MAX}"),
        ({"dims": DIMS_MAX + 1}, f"dims: {DIMS_MAX + 1} is outside 1..{DIMS_MAX}"),
        ({"dims": 3.0}, "dims: not a whole number"),
        ({"dims": True}, "dims: not a whole number"),
        ({"max_rows": -1}, f"max_rows: -1 is outside 0..{ROWS_MAX}"),
        ({"max_tokens": 2**31}, f"max_tokens: {2**31} is outside 0..{2**31 - 1}"),
        ({"model": None}, "model: not a string"),
        ({"revision": "a\x1b[31m"}, "revision: holds a character that cannot be printed"),
        ({"revision": "a\nb"}, "revision: holds a character that cannot be printed"),
        ({"answer_prefix": "a\rb"}, "answer_prefix: holds a character that cannot be printed"),
        ({"licence": "x" * (TEXT_BYTES_MAX + 1)}, f"licence: {TEXT_BYTES_MAX + 1} bytes, at most {TEXT_BYTES_MAX}"),
        ({"name": "\ud800"}, "name: not UTF-8"),
        ({"determinism": "roughly"}, 'determinism: neither "exact" nor "close"'),
        ({"min_similarity": 1.5}, "min_similarity: outside -1..1"),
        ({"min_similarity": float("nan")}, "min_similarity: outside -1..1"),
        ({"min_similarity": "0.3"}, "min_similarity: outside -1..1"),
    ],
)
def test_complaints(change, complaint):
    assert Description(**{**GOOD, **change}).complaints() == [complaint]


def test_all_complaints_at_once():
    assert len(Description(model="", dims=0, determinism="").complaints()) == 4  # name is missing too
