"""The digest of a model's files, and the notes that spare a second reading."""

import hashlib
import json
import os

import pytest

from cubeset.teacher.kinds import digest as d


@pytest.fixture
def model(tmp_path):
    for name, content in (("b.bin", b"two"), ("a.json", b"one")):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


@pytest.fixture
def old(monkeypatch):
    """Files are as old as they say: the time of their last change in the file system cannot be set."""
    monkeypatch.setattr(d, "_RACY", -1.0)


def wanted(folder, *names):
    lines = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def test_it_is_what_sha256sum_prints(model):
    assert d.digest(model, ["b.bin", "a.json", "b.bin"]) == wanted(model, "a.json", "b.bin")


def test_names_and_contents_both_count(model):
    before = d.digest(model, ["a.json", "b.bin"])
    assert d.digest(model, ["a.json"]) != before
    (model / "a.json").write_bytes(b"two")
    (model / "b.bin").write_bytes(b"one")
    assert d.digest(model, ["a.json", "b.bin"]) != before


def test_a_second_reading_is_spared(model, old, tmp_path_factory):
    notes = tmp_path_factory.mktemp("notes") / "deep" / "digests.json"
    d.digest(model, ["a.json"], notes)
    kept = json.loads(notes.read_text())
    assert list(kept) == [str(model / "a.json")]
    kept[str(model / "a.json")][-1] = "0" * 64  # what only who reads the notes can know
    notes.write_text(json.dumps(kept))
    assert d.digest(model, ["a.json"], notes) == "sha256:" + hashlib.sha256(b"0" * 64 + b"  a.json\n").hexdigest()


@pytest.mark.parametrize("change", ["content", "time", "another file"])
def test_a_changed_file_is_read_again(model, old, tmp_path_factory, change):
    notes = tmp_path_factory.mktemp("notes") / "digests.json"
    d.digest(model, ["a.json"], notes)
    path = model / "a.json"
    if change == "content":
        path.write_bytes(b"ONE")
        os.utime(path, (1, 1))  # of the same size and time
    elif change == "time":
        path.write_bytes(b"ONE")
    else:
        (model / "new").write_bytes(b"ONE")
        os.utime(model / "new", (1, 1))
        (model / "new").replace(path)
    assert d.digest(model, ["a.json"], notes) == wanted(model, "a.json")


def test_a_file_that_may_change_within_its_clocks_tick_is_not_noted(model, tmp_path_factory):
    notes = tmp_path_factory.mktemp("notes") / "digests.json"
    (model / "a.json").write_bytes(b"now")
    d.digest(model, ["a.json"], notes)
    assert not notes.exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"PATH": 3}', '{"PATH": [1, 2]}', '{"PATH": [1, 2, 3, 4, 5, null]}'])
def test_bad_notes_cost_time_and_nothing_else(model, old, tmp_path_factory, content):
    notes = tmp_path_factory.mktemp("notes") / "digests.json"
    notes.write_text(content.replace("PATH", str(model / "a.json")))
    assert d.digest(model, ["a.json"], notes) == wanted(model, "a.json")
    assert str(model / "a.json") in json.loads(notes.read_text())


def test_notes_that_cannot_be_written(model, old, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    (folder / "file").write_text("")
    assert d.digest(model, ["a.json"], folder / "file" / "digests.json") == wanted(model, "a.json")


def test_where_notes_are(home, monkeypatch):
    assert d.cache_file() == home / ".cache" / "cubeset" / "teacher-digests.json"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert str(d.cache_file()) == "/elsewhere/cubeset/teacher-digests.json"
