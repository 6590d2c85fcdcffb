"""Read datasets with other programs and compare every value with the Go reader's.

usage: readers.py ROOT FORMAT_VECTORS SPLIT_VECTORS PROFILE…

The lines that assign x are those of formats/README.md.
"""

import json
import os
import sys
import warnings

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from datasets import load_dataset
from expected import attempt, check, same, texts, versions
from safetensors.numpy import load_file, save_file
from vectorfiles import CHECKS, Vectors, columns, good_parts, hold, hold_check, hold_spec

root, files, vectors, *profiles = sys.argv[1:]


def pyarrow_tensors(want):
    table = pq.read_table("first-dataset/data")
    for name, wanted in want.tensors.items():
        column = table[name]
        assert column.type == pa.fixed_shape_tensor(pa.float32(), (8, 8, 12)), column.type
        found = column.combine_chunks().to_numpy_ndarray()
        same(found, wanted)
        norms = np.sqrt((found.astype("f8") ** 2).sum(axis=(1, 2, 3)))
        assert np.abs(norms - 1).max() < 1e-5, f"norms from {norms.min()} to {norms.max()}"
    for name in texts + ("turn",):
        assert table[name].to_pylist() == want.of(name), name
    same(table["similarity"].to_numpy(), np.array(want.of("similarity"), "f4"))
    x = pq.read_table("first-dataset/data")["question_embedding"].combine_chunks().to_numpy_ndarray()
    same(x, want.tensors["question_embedding"])


def pyarrow_checks_page_checksums(want):
    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    read = ds.dataset("first-dataset/data", format=ds.ParquetFileFormat(default_fragment_scan_options=options)).to_table()
    assert read.num_rows == len(want.rows)


def pandas_with_pyarrow(want):
    frame = pd.read_parquet("first-dataset/data")
    for name, wanted in want.tensors.items():
        same(np.stack(frame[name]).reshape(-1, 8, 8, 12), wanted)
    assert frame["question"].tolist() == want.of("question")
    x = np.stack(pd.read_parquet("first-dataset/data")["question_embedding"]).reshape(-1, 8, 8, 12)
    same(x, want.tensors["question_embedding"])


def pandas_with_fastparquet(want):
    if os.getcwd().endswith("compact"):  # it does not know the encoding; better an error than wrong values
        try:
            pd.read_parquet("first-dataset/data", engine="fastparquet")
        except Exception:
            return
        raise AssertionError("fastparquet reads compact now: say so in formats/README.md")
    frame = pd.read_parquet("first-dataset/data", engine="fastparquet")
    for name, wanted in want.tensors.items():
        same(np.stack(frame[name]).astype("f4").reshape(-1, 8, 8, 12), wanted)
    for name in ("id", "question", "answer", "source", "split"):
        assert frame[name].tolist() == want.of(name), name
    same(frame["similarity"].to_numpy(), np.array(want.of("similarity"), "f4"))
    x = np.stack(pd.read_parquet("first-dataset/data", engine="fastparquet")["question_embedding"]).astype("f4").reshape(-1, 8, 8, 12)
    same(x, want.tensors["question_embedding"])


def duckdb_sql(want):
    files = "first-dataset/data/*.parquet"
    types = {name: kind for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{files}'").fetchall()}
    found = duckdb.sql(f"SELECT * FROM '{files}'").fetchnumpy()
    for name, wanted in want.tensors.items():
        assert types[name] == "FLOAT[]", types
        same(np.stack(found[name]).reshape(-1, 8, 8, 12), wanted)
    assert list(found["answer"]) == want.of("answer")
    far = duckdb.sql(
        "SELECT max(abs(array_cosine_similarity(question_embedding::FLOAT[768], answer_embedding::FLOAT[768]) - similarity))"
        f" FROM '{files}'"
    ).fetchall()[0][0]
    assert far < 1e-5, f"cosines differ from the similarity column by up to {far}"
    x = np.stack(duckdb.sql("SELECT question_embedding AS x FROM 'first-dataset/data/*.parquet'").fetchnumpy()["x"]).reshape(-1, 8, 8, 12)
    same(x, want.tensors["question_embedding"])


def polars_frame(want):
    frame = pl.read_parquet("first-dataset/data")
    for name, wanted in want.tensors.items():
        assert "Array(Float32, shape=(768,))" in str(frame.schema[name]), frame.schema[name]
        same(frame[name].to_numpy().reshape(-1, 8, 8, 12), wanted)
    assert frame["answer"].to_list() == want.of("answer")
    x = pl.read_parquet("first-dataset/data")["question_embedding"].to_numpy().reshape(-1, 8, 8, 12)
    same(x, want.tensors["question_embedding"])


def hugging_face_datasets(want):
    datasets.disable_progress_bars()
    features = dict.fromkeys(texts, datasets.Value("string"))
    features |= {"turn": datasets.Value("int32"), "similarity": datasets.Value("float32")}
    features |= {name: datasets.List(datasets.Value("float32"), length=768) for name in want.tensors}
    splits = sorted(set(want.of("split")))
    assert splits == ["test", "train", "validation"], splits
    for streaming in (False, True):
        found = load_dataset("first-dataset", streaming=streaming)
        assert sorted(found) == splits, f"splits are {sorted(found)}, want {splits}"
        for split in splits:
            has = {n: f for n, f in found[split].features.items() if not n.startswith("score_")}
            assert has == features, has
            rows, at = list(found[split].with_format("numpy")), want.at(split)
            assert [str(r["id"]) for r in rows] == [want.rows[i]["id"] for i in at]
            for name, wanted in want.tensors.items():
                same(np.stack([r[name] for r in rows]).reshape(-1, 8, 8, 12), wanted[at])
    x = load_dataset("first-dataset", split="train").with_format("numpy")[:]["question_embedding"].reshape(-1, 8, 8, 12)
    same(x, want.tensors["question_embedding"][want.at("train")])


def numpy_reads_exported_arrays(want):
    names = [json.loads(line)["id"] for line in open("arrays/rows.jsonl", encoding="utf-8")]
    places = in_order_of_names(names, want)
    for name, wanted in want.tensors.items():
        same(np.load(f"arrays/{name}.npy")[places], wanted)
    same(np.load("arrays/question_embedding.npy", mmap_mode="r")[places], want.tensors["question_embedding"])


def safetensors_reads_exported_tensors(want):
    found = load_file("first.safetensors")
    names = [json.loads(line)["id"] for line in open("arrays/rows.jsonl", encoding="utf-8")]
    for name, wanted in want.tensors.items():
        same(found[name][in_order_of_names(names, want)], wanted)


def json_reads_exported_lines(want):
    rows = [json.loads(line) for line in open("first.jsonl", encoding="utf-8")]
    rows = [rows[i] for i in in_order_of_names([r["id"] for r in rows], want)]
    for name in texts + ("turn",):
        assert [r[name] for r in rows] == want.of(name), name
    for name, wanted in want.tensors.items():
        same(np.array([r[name] for r in rows], "f4").reshape(-1, 8, 8, 12), wanted)


def in_order_of_names(ids, want):
    """The places of exported rows in the order of the files' names: that of the dataset is the manifest's."""
    assert len(set(ids)) == len(ids), "ids repeat in the example"
    at = {name: i for i, name in enumerate(ids)}
    return [at[name] for name in want.of("id")]


def go_is_left_arrays_to_read(want):
    """Files as numpy and safetensors write them, for formats/array."""
    x = want.tensors["question_embedding"]
    for kind in ("f2", "f4", "f8"):
        np.save(f"written-{kind}.npy", x.astype("<" + kind))
    for major in (1, 2, 3):
        with open(f"written-v{major}.npy", "wb") as f:
            np.lib.format.write_array(f, x, version=(major, 0))
    np.savez("written-stored.npz", x=x, ids=np.array(want.of("id")))
    np.savez_compressed("written-deflated.npz", x=x)
    save_file({"f2": x.astype("f2"), "x": x, "f8": x.astype("f8"), "n": np.arange(3)}, "written.safetensors", {"by": "numpy"})
    x.astype("f2").astype("<f4").tofile("written-f2.f32")


def split_vectors():
    import hashlib
    from fractions import Fraction

    for v in json.load(open(vectors, encoding="utf-8")):
        text = b"cubeset.split.v1\0" + str(v["seed"]).encode() + b"\0" + v["group"].encode()
        u = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        assert str(u) == v["u"], v
        validation, test = Fraction(v["validation"]), Fraction(v["test"])
        if u < validation * 2**64:
            split = "validation"
        elif u < (validation + test) * 2**64:
            split = "test"
        else:
            split = "train"
        assert split == v["split"], v


def good_files_in_pyarrow():
    for v in good_parts(files):
        table = pq.read_table(v["path"])
        tensors = {}
        for name in columns:
            kind = table.schema.field(name).type
            if v["file"] != "good/13-no-arrow-schema.parquet":
                assert kind == pa.fixed_shape_tensor(pa.float32(), v["sees"]["shape"]), f"{v['file']}: {kind}"
            tensors[name] = table[name].to_pylist()
        hold(v, table.drop_columns(list(columns)).to_pylist(), tensors)


def every_file_by_the_rules_of_the_spec():
    vectors = Vectors(files)
    for good in (True, False):
        for v in vectors.each(["part", "rejects", "manifest"], good):
            hold_spec(v, open(v["path"], "rb").read())
    vectors.finish()


def bad_files_in_pyarrow():
    """What pyarrow refuses, and what it cannot know: then a check of the values does, or the reader by the rules."""
    refused = 0
    for v in (bad := list(Vectors(files).each(["part", "rejects"], False))):
        try:
            rows = pq.read_table(v["path"], page_checksum_verification=True).to_pylist()
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            assert v["verdict"] not in CHECKS, f"{v['file']}: is to be read"
            refused += 1
            continue
        if v["verdict"] in CHECKS:
            meta = pq.read_metadata(v["path"]).metadata.get(b"cubeset")
            tensors = {name: [row.pop(name) for row in rows] for name in columns}
            hold_check(v, rows, tensors, meta and json.loads(meta))
    print(f"have pyarrow refusing {refused} of {len(bad)} bad files by itself")


def good_files_in_polars():
    for v in good_parts(files):
        frame = pl.read_parquet(v["path"])
        hold(v, frame.drop(columns).to_dicts(), {name: [list(x) for x in frame[name].to_numpy()] for name in columns})


def good_files_in_duckdb():
    for v in good_parts(files):
        rows = [dict(zip(found.columns, row)) for found in [duckdb.sql(f"SELECT * FROM '{v['path']}'")] for row in found.fetchall()]
        tensors = {name: [row.pop(name) for row in rows] for name in columns}
        hold(v, rows, tensors)


def good_files_in_fastparquet():
    for v in good_parts(files):
        if v["sees"]["profile"] == "compact":
            continue
        frame = pd.read_parquet(v["path"], engine="fastparquet")
        rows = frame.drop(columns=list(columns)).astype(object)
        hold(v, rows.where(rows.notna(), None).to_dict("records"), {name: frame[name].tolist() for name in columns})


warnings.simplefilter("ignore")
versions("pyarrow", "pandas", "fastparquet", "duckdb", "polars", "datasets", "numpy", "safetensors")
failed = check(
    root,
    profiles,
    [
        pyarrow_tensors,
        pyarrow_checks_page_checksums,
        pandas_with_pyarrow,
        pandas_with_fastparquet,
        duckdb_sql,
        polars_frame,
        hugging_face_datasets,
        numpy_reads_exported_arrays,
        safetensors_reads_exported_tensors,
        json_reads_exported_lines,
        go_is_left_arrays_to_read,
    ],
)
for read in (
    every_file_by_the_rules_of_the_spec,
    bad_files_in_pyarrow,
    good_files_in_pyarrow,
    good_files_in_polars,
    good_files_in_duckdb,
    good_files_in_fastparquet,
    split_vectors,
):
    failed |= attempt("vectors", read, read)
sys.exit(failed)
