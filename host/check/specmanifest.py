"""The manifest of a dataset, held against section 4 of formats/SPEC.md and rules 1.1 to 1.3."""

import json
import re

from spec import NAME, VERSION, check_shape
from thriftparquet import Broken

HEX = re.compile(r"[0-9a-f]*")
FILE = re.compile(r"[A-Za-z0-9._-]+\.parquet")

TEACHER = {
    "name": str, "model": str, "revision": str, "dims": int, "embed_id": str, "space_id": str, "determinism": str,
    "licence": str, "projection": str,
}  # fmt: skip
FILTER = {"name": str, "stage": str, "digest": str, "config": object}
PART = {"path": str, "split": str, "rows": int, "bytes": int, "sha256": str, "key": str}
FIELDS = {
    "format_version": str, "cubeset": str, "shape": [int], "profile": str, "normalised": bool, "licence": str,
    "teacher": TEACHER, "similarity": {"min": float, "from": str}, "filters": [FILTER], "config_digest": str,
    "lock_digest": str, "split": {"validation": object, "test": object, "seed": int},
    "inputs": [{"name": str, "records": int, "bytes": int, "digest": str}], "read": int, "kept": int,
    "dropped": "counts", "skipped": "counts", "splits": "counts", "scores": [str], "parts": [PART], "rejects": [PART],
}  # fmt: skip


def read(data):
    """The manifest as a dict. Raises Broken."""
    m = parse(data)
    version = m.get("format_version")
    if version != VERSION:
        raise Broken("4.2", "a version of the format that nobody here knows")
    fields(m, FIELDS, "manifest")
    values(m)
    counts(m)
    parts(m)
    return m


def parse(data):
    try:
        m = json.loads(data.decode("utf-8"))
    except ValueError:
        raise Broken("4.1", "not one JSON object in UTF-8") from None
    if not isinstance(m, dict) or not data.endswith(b"}\n") or b'\n  "' not in data:
        raise Broken("4.1", "not a JSON object that is indented and ends with a newline")
    return m


def fields(value, wanted, where):
    """Holds value against what it should be: types of JSON, and in objects the keys and their order."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            raise Broken("4.3", f"{where}: no object")
        if unknown := set(value) - set(wanted):
            raise Broken("4.1", f"{where}: {sorted(unknown)[0]} is unknown")
        if missing := set(wanted) - set(value):
            raise Broken("4.3", f"{where}: {sorted(missing)[0]} is missing")
        if list(value) != list(wanted):
            raise Broken("4.1", f"{where}: keys in another order")
        for k, v in value.items():
            fields(v, wanted[k], f"{where}.{k}")
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            raise Broken("4.3", f"{where}: no array")
        for i, v in enumerate(value):
            fields(v, wanted[0], f"{where}[{i}]")
    elif wanted == "counts":
        if not isinstance(value, dict) or any(type(n) is not int for n in value.values()):
            raise Broken("4.3", f"{where}: no map of counts")
        if list(value) != sorted(value):
            raise Broken("4.1", f"{where}: keys are not sorted")
    elif wanted is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Broken("4.3", f"{where}: no number")
    elif wanted is not object and type(value) is not wanted:
        raise Broken("4.3", f"{where}: of another type")


def values(m):
    check_shape(m["shape"], "4.3")
    if m["profile"] not in ("compat", "compact", "fast"):
        raise Broken("4.3", "profile: there is none of that name")
    if any(f["stage"] not in ("text", "vector") for f in m["filters"]):
        raise Broken("4.3", "filters: a stage that there is not")
    if any(not HEX.fullmatch(f["digest"]) for f in m["filters"]):
        raise Broken("4.3", "filters: a digest that is not hex")
    if len(set(m["scores"])) < len(m["scores"]) or any(not NAME.fullmatch(s) for s in m["scores"]):
        raise Broken("4.3", "scores: not the names of different filters")
    if m["teacher"]["determinism"] not in ("exact", "close"):
        raise Broken("4.3", "teacher: a determinism that there is not")
    for p in m["parts"] + m["rejects"]:
        if len(p["sha256"]) != 64 or not HEX.fullmatch(p["sha256"]) or not HEX.fullmatch(p["key"]):
            raise Broken("4.3", "parts: a sum that is not SHA-256")


def counts(m):
    numbers = [m["read"], m["kept"], *m["dropped"].values(), *m["skipped"].values(), *m["splits"].values()]
    if min(numbers + [n for p in m["parts"] for n in (p["rows"], p["bytes"])]) < 0:
        raise Broken("4.4", "a negative count")
    if m["read"] != m["kept"] + sum(m["dropped"].values()) + sum(m["skipped"].values()):
        raise Broken("4.4", "not every record read has become something")
    if not m["kept"] == sum(m["splits"].values()) == sum(p["rows"] for p in m["parts"]):
        raise Broken("4.4", "the parts or the splits hold other rows than were kept")
    for split in {*m["splits"], *(p["split"] for p in m["parts"])}:
        if m["splits"].get(split, 0) != sum(p["rows"] for p in m["parts"] if p["split"] == split):
            raise Broken("4.4", "a split has other rows than its parts")


def parts(m):
    for p in m["parts"]:
        folder, _, name = p["path"].partition("/")
        if folder != "data" or "/" in name:
            raise Broken("4.5", "a part that is not in data")
        if not NAME.fullmatch(p["split"]) or not name.startswith(p["split"] + "-"):
            raise Broken("1.2", "a part that is not named after its split")
        if not FILE.fullmatch(name[len(p["split"]) + 1 :]):
            raise Broken("1.3", "a name that may not be")
    if len({p["path"] for p in m["parts"]}) < len(m["parts"]):
        raise Broken("1.1", "a part is listed twice")
    for r in m["rejects"]:
        folder, _, name = r["path"].partition("/")
        if folder != "rejects" or "/" in name:
            raise Broken("4.5", "rejects that are not in rejects")
        if not FILE.fullmatch(name):
            raise Broken("1.3", "rejects of a name that may not be")
        if r["split"] or r["key"]:
            raise Broken("4.3", "rejects with a split or a key")
    if len({r["path"] for r in m["rejects"]}) < len(m["rejects"]):
        raise Broken("4.5", "a file of rejects is listed twice")
