"""The files of formats/vectors, and how what a reader makes of one is held against its index."""

import hashlib
import json
import os

import numpy as np
import spec
import specmanifest
from thriftparquet import Broken

columns = ("question_embedding", "answer_embedding")
CHECKS = ("finite", "norm", "split", "meta")  # verdicts on files that any reader reads


class Vectors:
    """Every file, and which of them have been tried: finish fails if one has not."""

    def __init__(self, folder):
        index = json.load(open(os.path.join(folder, "index.json"), encoding="utf-8"))
        self.all = [v | {"path": os.path.join(folder, v["file"])} for v in index["vectors"]]
        self.left = {v["file"] for v in self.all}
        there = {f"{part}/{name}" for part in ("good", "bad") for name in os.listdir(os.path.join(folder, part))}
        assert len(self.left) == len(self.all) and self.left == there, f"listed or there alone: {self.left ^ there}"

    def each(self, kinds, good):
        """Those of some kinds that are good, or bad; each counts as tried once the next is asked for."""
        found = [v for v in self.all if v["kind"] in kinds and (v["verdict"] == "good") == good]
        assert found, f"no vectors of {kinds}"
        for v in found:
            yield v
            self.left.discard(v["file"])

    def finish(self):
        assert not self.left, f"not tried: {sorted(self.left)}"


def good_parts(folder):
    """Each good part, with the path of its file."""
    return list(Vectors(folder).each(["part"], True))


def hold(vector, rows, tensors):
    """Rows are dicts of the columns that are no tensors; tensors has all values of each, row after row."""
    wanted = vector["sees"]
    assert len(rows) == len(wanted["rows"]), f"{vector['file']}: {len(rows)} rows, want {len(wanted['rows'])}"
    for row, want in zip(rows, wanted["rows"]):
        assert row.keys() == want.keys(), f"{vector['file']}: columns {sorted(row)}"
        for name, value in want.items():
            has = row[name]
            if name == "similarity" or name.startswith("score_"):
                has, value = np.float32(has), np.float32(value)
            assert has == value, f"{vector['file']}: {name}"
    for name in columns:
        values = np.asarray(tensors[name], "<f4")
        assert hashlib.sha256(values.tobytes()).hexdigest() == wanted[name], f"{vector['file']}: {name}"


def hold_spec(vector, data):
    """What the reader written from SPEC.md makes of a file's bytes: the values of a good one, of a bad one its rule."""
    try:
        found = {"part": spec.part, "rejects": spec.rejects, "manifest": specmanifest.read}[vector["kind"]](data)
    except Broken as e:
        assert vector["rules"] == [e.rule] and vector["verdict"] != "good", f"{vector['file']}: {e}"
        return
    assert vector["verdict"] == "good", f"{vector['file']}: breaks {vector['rules']}, and nobody noticed"
    if vector["kind"] == "part":
        rows, tensors, meta = found
        assert (meta["shape"], meta["normalised"]) == (vector["sees"]["shape"], vector["sees"]["normalised"]), vector["file"]
        hold(vector, rows, tensors)


def hold_check(vector, rows, tensors, meta):
    """Of a bad part that readers read, its values must show which rule it breaks."""
    scores = [name for name in rows[0] if name.startswith("score_")]
    try:
        if meta is None:
            raise Broken("2.4.2", "the key cubeset is missing")
        spec.check_values(rows, {name: np.asarray(x, "<f4") for name, x in tensors.items()}, meta, scores)
    except Broken as e:
        assert vector["rules"] == [e.rule], f"{vector['file']}: {e}"
        return
    raise AssertionError(f"{vector['file']}: breaks {vector['rules']}, and nobody noticed")
