"""What the Go reader found in a dataset, and how other readers' values are held against it.

A reader is a function of the Expected that runs in a folder with the dataset `first-dataset` in it.
"""

import json
import os
import sys
from importlib.metadata import version

import numpy as np

texts = ("id", "question", "answer", "context", "dialogue_id", "lang", "source", "split")


class Expected:
    """The rows of the dataset in the current folder, in the order of its files' names."""

    def __init__(self):
        self.rows = json.load(open("expected/rows.json", encoding="utf-8"))
        self.tensors = {
            name: np.fromfile(f"expected/{name}.f32", dtype="<f4").reshape(-1, 8, 8, 12)
            for name in ("question_embedding", "answer_embedding")
        }

    def of(self, column):
        return [row[column] for row in self.rows]

    def at(self, split):
        """The places of a split's rows."""
        return [i for i, row in enumerate(self.rows) if row["split"] == split]


def same(found, wanted):
    """Equal bit for bit, shapes and types too."""
    assert found.dtype == np.float32, f"values are {found.dtype}"
    assert found.shape == wanted.shape, f"shape is {found.shape}, want {wanted.shape}"
    assert found.tobytes() == wanted.tobytes(), "values differ from the Go reader's"


def versions(*packages):
    print("have Python", sys.version.split()[0] + ",", ", ".join(f"{p} {version(p)}" for p in packages))


def each(root, profiles):
    """Go through the profiles, with a link in root to the dataset of each: for readers whose own processes began there."""
    link = os.path.join(root, "first-dataset")
    for profile in profiles:
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.path.join(profile, "first-dataset"), link)
        yield profile


def check(root, profiles, readers):
    """Run each reader on the dataset of each profile in the folder root; return whether one failed."""
    failed = False
    for profile in profiles:
        os.chdir(os.path.join(root, profile))
        for read in readers:
            failed |= attempt(profile, read, lambda: read(Expected()))
    return failed


def attempt(what, read, do):
    """Do it, print what came of it, and return whether it failed: the other readers are still to be tried."""
    name = f"{what}: {read.__name__.replace('_', ' ')}"
    try:
        do()
        print("ok", name, flush=True)
        return False
    except Exception as e:
        print("FAIL", name + ":", type(e).__name__, e, flush=True)
        return True
