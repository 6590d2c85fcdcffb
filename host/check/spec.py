"""A reader of datasets written from formats/SPEC.md and parquet.thrift alone, to show that they say enough.

It is small and slow. Broken names the rule a file breaks. The manifest is in specmanifest.py.
"""

import json
import re

import numpy as np
from thriftparquet import (
    BYTE_ARRAY, BYTE_STREAM_SPLIT, CODECS, FLOAT, INT32, INT64, OPTIONAL, PLAIN, REPEATED, REQUIRED, RLE,
    Broken, expand, footer, leaves, levels, pages, text,
)  # fmt: skip

VERSION = "0.1"
STRING_MAX = 16 << 20  # bytes
SHAPE_MAX, DIRECTIONS_MAX = 1 << 20, 8
GROUPS_MAX, GROUP_ROWS_MAX = 1024, 65_536
FILTERS_MAX = 32
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

PART = [
    ("id", BYTE_ARRAY, REQUIRED), ("question", BYTE_ARRAY, REQUIRED), ("answer", BYTE_ARRAY, REQUIRED),
    ("context", BYTE_ARRAY, OPTIONAL), ("dialogue_id", BYTE_ARRAY, OPTIONAL), ("turn", INT32, OPTIONAL),
    ("lang", BYTE_ARRAY, OPTIONAL), ("source", BYTE_ARRAY, REQUIRED), ("split", BYTE_ARRAY, REQUIRED),
    ("similarity", FLOAT, REQUIRED),
]  # fmt: skip
TENSORS = ("question_embedding", "answer_embedding")
UNBOUNDED = (*TENSORS, "question", "answer", "context")  # have no minimum and maximum: 2.3.5
REJECTS = [
    ("id", BYTE_ARRAY, REQUIRED), ("question", BYTE_ARRAY, REQUIRED), ("answer", BYTE_ARRAY, REQUIRED),
    ("source", BYTE_ARRAY, REQUIRED), ("file", BYTE_ARRAY, REQUIRED), ("line", INT64, REQUIRED),
    ("filter", BYTE_ARRAY, REQUIRED), ("reason", BYTE_ARRAY, REQUIRED), ("score", FLOAT, OPTIONAL),
]  # fmt: skip
META = {
    "format_version": str, "shape": list, "normalised": bool, "teacher": str, "embed_id": str, "space_id": str,
    "projection": str, "config_digest": str, "lock_digest": str, "determinism": str,
}  # fmt: skip


def part(data):
    """The rows of a part without the tensors, its tensors as arrays (rows, *shape), and its metadata."""
    md = footer(data)
    columns = leaves(md.get(2, []))
    scores = part_columns(columns)
    meta = part_meta(md)
    size = int(np.prod(meta["shape"]))
    rows, tensors = [], {name: [] for name in TENSORS}
    for group, chunks in groups(data, md, columns):
        count = group[3]
        found = {}
        for path, chunk in zip(columns, chunks):
            name = text(path[0][4])
            if name in TENSORS:
                if chunk[3][5] != count * size:
                    raise Broken("2.2.2", f"{name}: {chunk[3][5]} values in {count} rows, the shape has {size}")
                tensors[name].append(tensor(data, chunk[3], count, size))
            else:
                found[name] = scalars(data, chunk[3], path[0], count)
        rows += [dict(zip(found, row)) for row in zip(*found.values())]
    tensors = {name: np.concatenate(found or [np.zeros((0, size), "<f4")]).reshape(-1, *meta["shape"]) for name, found in tensors.items()}
    check_values(rows, tensors, meta, scores)
    unbounded(md, columns)
    return rows, tensors, meta


def part_columns(columns):
    """Holds the columns against 2.1.1 and 2.2.1, and returns those of scores."""
    names = [text(path[0][4]) for path in columns]
    scores = names[len(PART) : -len(TENSORS)]
    if names != [name for name, _, _ in PART] + scores + list(TENSORS):
        raise Broken("2.1.1", "the columns are others, or in another order")
    for name in scores:
        if not name.startswith("score_"):
            raise Broken("2.1.1", "a column that the format does not have")
        if not NAME.fullmatch(name[len("score_") :]):
            raise Broken("2.1.6", "a score of a filter that may not be named so")
    if len(scores) > FILTERS_MAX or len(set(scores)) < len(scores):
        raise Broken("2.1.6", "too many scores")
    flat(columns[: -len(TENSORS)], PART + [(name, FLOAT, REQUIRED) for name in scores], "2.1.1")
    for path in columns[-len(TENSORS) :]:
        shape = [(e.get(3), text(e[4])) for e in path[1:]]
        if path[0].get(3) != REQUIRED or path[0].get(6) != 3 or shape != [(REPEATED, "list"), (OPTIONAL, "element")]:
            raise Broken("2.2.1", "a tensor that is no three-level list with an optional element")
        if path[2].get(1) != FLOAT:
            raise Broken("2.2.1", "a tensor of another type")
    return scores


def flat(columns, wanted, rule):
    for path, (name, kind, repetition) in zip(columns, wanted):
        if len(path) != 1 or (path[0].get(1), path[0].get(3)) != (kind, repetition):
            raise Broken(rule, f"the column {name} is of another type")


def part_meta(md):
    """The key cubeset: 2.4.2 and 2.2.3."""
    meta = key(md, "cubeset", "2.4.2")
    if meta.get("format_version") != VERSION:
        raise Broken("2.4.2", "a version of the format that nobody here knows")
    if any(not isinstance(meta.get(name), kind) for name, kind in META.items()) or meta["determinism"] not in ("exact", "close"):
        raise Broken("2.4.2", "the key cubeset lacks a field, or has one of another type")
    check_shape(meta["shape"], "2.2.3")
    return meta


def key(md, name, rule):
    found = {pair.get(1): pair.get(2) for pair in md.get(5, [])}
    if name.encode() not in found:
        raise Broken(rule, f"the key {name} is missing")
    try:
        value = json.loads(found[name.encode()])
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Broken(rule, f"the key {name} holds no JSON object")
    return value


def check_shape(shape, rule):
    whole = all(type(n) is int and 0 < n <= SHAPE_MAX for n in shape)
    if not whole or not 1 <= len(shape) <= DIRECTIONS_MAX or np.prod(shape, dtype=object) > SHAPE_MAX:
        raise Broken(rule, "a shape that may not be")


def groups(data, md, columns):
    """Each row group with its column chunks, their numbers held against the file and one another."""
    found = md.get(4, [])
    if len(found) > GROUPS_MAX or any(not 1 <= g.get(3, 0) <= GROUP_ROWS_MAX for g in found):
        raise Broken("2.3.4", "row groups too many, too large, or empty")
    if sum(g[3] for g in found) != md.get(3):
        raise Broken("7.2", "the footer counts other rows than its row groups")
    for group in found:
        chunks = group.get(1, [])
        if len(chunks) != len(columns):
            raise Broken("7.2", "a row group has other columns than the schema")
        for path, chunk in zip(columns, chunks):
            check_chunk(data, path, chunk)
        yield group, chunks


def check_chunk(data, path, chunk):
    if 1 in chunk:
        raise Broken("7.2", "a column chunk in another file")
    m = chunk.get(3, {})
    if m.get(3) != [e[4] for e in path] or m.get(1) != path[-1].get(1):
        raise Broken("7.2", "a column chunk of another column")
    if m.get(11):
        raise Broken("2.3.1", "a dictionary")
    if m.get(4) not in CODECS:
        raise Broken("2.3.2", "a codec that readers need not know")
    size, at = m.get(7, -1), m.get(9, -1)
    if size < 0 or at < 4 or at + size > len(data) - 8:
        raise Broken("7.2", "a column chunk that is not in the file")


def unbounded(md, columns):
    for group in md.get(4, []):
        for path, chunk in zip(columns, group[1]):
            if text(path[0][4]) in UNBOUNDED and (set(chunk[3].get(12, {})) & {1, 2, 5, 6} or chunk.get(6)):
                raise Broken("2.3.5", "a minimum and maximum of a column that may not have them")


def scalars(data, chunk, element, count):
    """The values of a column that is no tensor, None for null."""
    most = 1 if element.get(3) == OPTIONAL else 0
    found = []
    for _n, _, present, encoding, body in decoded(data, chunk, 0, most):
        if encoding != PLAIN:
            raise Broken("2.3.1", "a scalar column that is not PLAIN")
        values = iter(plain(element[1], body, sum(present)))
        found += [next(values) if p else None for p in present]
    if len(found) != count:
        raise Broken("7.2", f"{len(found)} values in {count} rows")
    return found


def tensor(data, chunk, count, size):
    """The values of a tensor column, (count, size)."""
    found = []
    for n, begins, present, encoding, body in decoded(data, chunk, 1, 2):
        if n % size or (n and begins[0]):
            raise Broken("2.3.3", "a page that begins or ends within a row")
        if any(begins[i] != (i % size > 0) for i in range(n)):
            raise Broken("2.2.2", "a row of another length")
        if not all(p == 2 for p in present):
            raise Broken("2.2.1", "a value of a tensor is null")
        if encoding not in (PLAIN, BYTE_STREAM_SPLIT):
            raise Broken("2.3.1", "a tensor in an encoding that may not be")
        if len(body) != 4 * n:
            raise Broken("7.2", "a page with more or less than its values")
        if encoding == BYTE_STREAM_SPLIT:
            body = np.ascontiguousarray(np.frombuffer(body, np.uint8).reshape(4, n).T).tobytes()
        found.append(np.frombuffer(body, "<f4"))
    values = np.concatenate(found or [np.zeros(0, "<f4")])
    if len(values) != count * size:
        raise Broken("7.2", "pages with more or less than their chunk says")
    return values.reshape(count, size)


def decoded(data, chunk, most_repeated, most_defined):
    """Of each page: its values, their levels of repetition and definition, their encoding and their bytes."""
    for head, body in pages(data, chunk):
        if head.get(1) == 0 and 5 in head:
            h = head[5]
            n, encoding = h.get(1, -1), h.get(2)
            check_count(n)
            body, found = expand(chunk[4], body, head[2]), []
            for most in (most_repeated, most_defined):
                if not most:
                    found.append([0] * n)
                    continue
                end = 4 + int.from_bytes(body[:4], "little")
                if end > len(body):
                    raise Broken("7.2", "levels longer than their page")
                found.append(levels(body[4:end], most, n))
                body = body[end:]
            level_encodings = {h.get(3, RLE) if most_defined else RLE, h.get(4, RLE) if most_repeated else RLE}
        elif head.get(1) == 3 and 8 in head:
            h = head[8]
            n, encoding = h.get(1, -1), h.get(4)
            check_count(n)
            defined, repeated = h.get(5, -1), h.get(6, -1)
            if min(defined, repeated) < 0 or defined + repeated > len(body):
                raise Broken("7.2", "levels longer than their page")
            parts = body[:repeated], body[repeated : repeated + defined]
            found = [levels(p, most, n) if most else [0] * n for p, most in zip(parts, (most_repeated, most_defined))]
            body, left = body[repeated + defined :], head[2] - repeated - defined
            if h.get(7, True):
                body = expand(chunk[4], body, left)
            level_encodings = {RLE}
        else:
            raise Broken("2.3.1", "a page that is no data page")
        if level_encodings != {RLE}:
            raise Broken("2.3.1", "levels that are not RLE")
        present = found[1] if most_defined else [1] * n
        yield n, found[0], present, encoding, body


def check_count(n):
    if not 0 <= n <= GROUP_ROWS_MAX * SHAPE_MAX:
        raise Broken("7.2", "a page of a number of values that cannot be")


def plain(kind, body, count):
    if kind != BYTE_ARRAY:
        found = np.frombuffer(body, {INT32: "<i4", INT64: "<i8", FLOAT: "<f4"}[kind])
        if len(found) != count:
            raise Broken("7.2", "a page with more or less than its values")
        return found.tolist()
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(body[at : at + 4], "little")
        at += 4
        if size > len(body) - at:
            raise Broken("7.2", "a string is longer than its page")
        if size > STRING_MAX:
            raise Broken("2.1.2", "a string of more than 16 MiB")
        try:
            found.append(body[at : at + size].decode())
        except UnicodeDecodeError:
            raise Broken("2.1.2", "a text that is not UTF-8") from None
        at += size
    if at != len(body):
        raise Broken("7.2", "a page with more than its values")
    return found


def check_values(rows, tensors, meta, scores):
    """What a reader of Parquet cannot know: 2.1.3, 2.1.4, 2.1.7, 2.2.4."""
    if any(row["turn"] is not None and row["turn"] < 0 for row in rows):
        raise Broken("2.1.3", "a negative turn")
    if len({row["split"] for row in rows}) > 1 or any(not NAME.fullmatch(row["split"]) for row in rows):
        raise Broken("2.1.4", "rows of another split")
    if not np.isfinite([row[name] for row in rows for name in ("similarity", *scores)]).all():
        raise Broken("2.1.7", "a value that is no finite number")
    for name, x in tensors.items():
        if not np.isfinite(x).all():
            raise Broken("2.1.7", f"{name}: a value that is no finite number")
        norms = np.sqrt((x.reshape(len(x), -1).astype("f8") ** 2).sum(axis=1)) if len(x) else np.ones(0)
        if meta["normalised"] and (abs(norms - 1) > 0.001).any():
            raise Broken("2.2.4", f"{name}: a length that is not 1")


def rejects(data):
    """The rows of rejects: section 3."""
    md = footer(data)
    columns = leaves(md.get(2, []))
    if [text(path[0][4]) for path in columns] != [name for name, _, _ in REJECTS]:
        raise Broken("3.1", "the columns are others, or in another order")
    flat(columns, REJECTS, "3.1")
    if key(md, "cubeset.rejects", "3.3").get("format_version") != VERSION:
        raise Broken("3.3", "a version of the format that nobody here knows")
    rows = []
    for group, chunks in groups(data, md, columns):
        found = {text(path[0][4]): scalars(data, chunk[3], path[0], group[3]) for path, chunk in zip(columns, chunks)}
        rows += [dict(zip(found, row)) for row in zip(*found.values())]
    return rows
