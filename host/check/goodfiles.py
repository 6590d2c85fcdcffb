"""The good parts of formats/vectors, and how what a reader sees in one is held against its index."""

import hashlib
import json
import os

import numpy as np

columns = ("question_embedding", "answer_embedding")


def good_parts(folder):
    """Each part's description in index.json, with the path of its file."""
    index = json.load(open(os.path.join(folder, "index.json"), encoding="utf-8"))
    found = [v | {"path": os.path.join(folder, v["file"])} for v in index["vectors"] if (v["kind"], v["verdict"]) == ("part", "good")]
    assert len(found) > 10, f"only {len(found)} good parts"
    return found


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
