"""Read a dataset with other programs and compare every value with the Go reader's.

usage: readers.py DATASET EXPECTED SPLIT_VECTORS
"""

import json
import sys

import numpy as np

dataset, expected, vectors = sys.argv[1:4]
data = dataset + "/data"
rows = json.load(open(expected + "/rows.json", encoding="utf-8"))
tensors = {
    name: np.fromfile(f"{expected}/{name}.f32", dtype="<f4").reshape(-1, 8, 8, 12)
    for name in ("question_embedding", "answer_embedding")
}
texts = ("id", "question", "answer", "context", "dialogue_id", "lang", "source", "split")
failed = False


def same(found, wanted):
    """Equal bit for bit, shapes and types too."""
    assert found.dtype == np.float32, f"values are {found.dtype}"
    assert found.shape == wanted.shape, f"shape is {found.shape}, want {wanted.shape}"
    assert found.tobytes() == wanted.tobytes(), "values differ from the Go reader's"


def check(read):
    global failed
    name = read.__name__.replace("_", " ")
    try:
        read()
        print("ok", name)
    except Exception as e:  # the other readers are still to be tried
        failed = True
        print("FAIL", name + ":", type(e).__name__, e)


def pyarrow_tensors():
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(data)
    for name, wanted in tensors.items():
        column = table[name]
        assert column.type == pa.fixed_shape_tensor(pa.float32(), (8, 8, 12)), column.type
        found = column.combine_chunks().to_numpy_ndarray()
        same(found, wanted)
        norms = np.sqrt((found.astype("f8") ** 2).sum(axis=(1, 2, 3)))
        assert np.abs(norms - 1).max() < 1e-5, f"norms from {norms.min()} to {norms.max()}"
    for name in texts:
        assert table[name].to_pylist() == [r[name] for r in rows], name
    assert table["turn"].to_pylist() == [r["turn"] for r in rows], "turn"
    same(table["similarity"].to_numpy(), np.array([r["similarity"] for r in rows], "f4"))


def pyarrow_checks_page_checksums():
    import pyarrow.dataset as ds

    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    read = ds.dataset(data, format=ds.ParquetFileFormat(default_fragment_scan_options=options)).to_table()
    assert read.num_rows == len(rows)


def pandas_with_pyarrow():
    import pandas as pd

    frame = pd.read_parquet(data)
    for name, wanted in tensors.items():
        same(np.stack(frame[name].to_numpy()).reshape(-1, 8, 8, 12), wanted)
    assert frame["question"].tolist() == [r["question"] for r in rows]


def duckdb_sql():
    import duckdb

    files = data + "/*.parquet"
    found = duckdb.sql(f"SELECT question_embedding q, answer_embedding a, id FROM read_parquet('{files}')").fetchnumpy()
    for column, name in (("q", "question_embedding"), ("a", "answer_embedding")):
        same(np.stack([np.asarray(v, "f4") for v in found[column]]).reshape(-1, 8, 8, 12), tensors[name])
    far = duckdb.sql(
        "SELECT max(abs(array_cosine_similarity(question_embedding::FLOAT[768], answer_embedding::FLOAT[768]) - similarity))"
        f" FROM read_parquet('{files}')"
    ).fetchall()[0][0]
    assert far < 1e-5, f"cosines differ from the similarity column by up to {far}"


def polars_frame():
    import polars as pl

    frame = pl.read_parquet(data + "/*.parquet")
    for name, wanted in tensors.items():
        same(frame[name].to_numpy().reshape(-1, 8, 8, 12), wanted)
    assert frame["answer"].to_list() == [r["answer"] for r in rows]


def hugging_face_datasets():
    import datasets

    datasets.disable_progress_bars()
    for streaming in (False, True):
        found = datasets.load_dataset(dataset, streaming=streaming)
        splits = sorted({r["split"] for r in rows})
        assert sorted(found) == splits, f"splits are {sorted(found)}, want {splits}"
        for split in splits:
            at = [i for i, r in enumerate(rows) if r["split"] == split]
            got = list(found[split].with_format("numpy"))
            assert [str(r["id"]) for r in got] == [rows[i]["id"] for i in at]
            for name, wanted in tensors.items():
                same(np.stack([r[name] for r in got]).reshape(-1, 8, 8, 12), wanted[at])


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


for read in (
    pyarrow_tensors,
    pyarrow_checks_page_checksums,
    pandas_with_pyarrow,
    duckdb_sql,
    polars_frame,
    hugging_face_datasets,
    split_vectors,
):
    check(read)
sys.exit(failed)
