"""What host/bench compares with that is written in Python.

write PEER PROFILE DIR    writes the rows of DIR as one profile of cubeset does
read READER FILE DIR      reads both tensor columns of a Parquet file
parse PEER FILE DIR       reads a file of JSON lines

Prints one line of JSON: seconds of processor and of the clock around the work
itself, what was done, and what else is of interest.
"""

import json
import os
import resource
import sys
import time

DIM, GROUP_ROWS = 768, 4096
TENSORS = ["question_embedding", "answer_embedding"]


def measured(work):
    """Returns what work returns, with its seconds of processor and clock."""
    def used():
        u = resource.getrusage(resource.RUSAGE_SELF)
        return u.ru_utime + u.ru_stime
    cpu, wall = used(), time.monotonic()
    result = work()
    return result, {"cpu": used() - cpu, "wall": time.monotonic() - wall, "more": {}}


def resident(name):
    """A number of this process's memory in MB, 0 where the system does not tell."""
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) * 1024 / 1e6 for line in f if line.startswith(name))
    except (OSError, StopIteration):
        return 0


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
    except OSError:
        pass


def table(folder):
    """The rows of folder, as Arrow holds them in memory."""
    import numpy as np
    import pyarrow as pa
    with open(os.path.join(folder, "texts.json")) as f:
        texts = json.load(f)
    vectors = np.fromfile(os.path.join(folder, "vectors.f32"), dtype="<f4").reshape(-1, 2, DIM)
    n = len(vectors)

    def tensor(which):
        values = pa.array(np.ascontiguousarray(vectors[:, which]).reshape(-1))
        return pa.FixedSizeListArray.from_arrays(values, DIM)
    none = pa.nulls(n, pa.string())
    return pa.table({
        "id": [str(i) for i in range(n)], "question": texts["Question"], "answer": texts["Answer"],
        "context": none, "dialogue_id": none, "turn": pa.nulls(n, pa.int32()), "lang": none,
        "source": ["bench"] * n, "split": ["train"] * n, "similarity": pa.array(np.zeros(n, "<f4")),
        "question_embedding": tensor(0), "answer_embedding": tensor(1),
    })


def write_pyarrow(t, profile, path):
    import pyarrow.parquet as pq
    leaves = [c + ".list.element" for c in TENSORS]
    rest = [c for c in t.column_names if c not in TENSORS]
    compression = {c: "zstd" for c in rest} | {c: "none" if profile == "fast" else "zstd" for c in leaves}
    pq.write_table(t, path, row_group_size=GROUP_ROWS, use_dictionary=False, compression=compression,
                   compression_level={c: 1 for c, k in compression.items() if k == "zstd"},
                   use_byte_stream_split=leaves if profile == "compact" else False,
                   data_page_version="2.0" if profile == "compact" else "1.0", write_statistics=rest)


def write_polars(t, profile, path):
    t.write_parquet(path, row_group_size=GROUP_ROWS, statistics=False,
                    **({"compression": "uncompressed"} if profile == "fast" else {"compression": "zstd", "compression_level": 1}))


def write_duckdb(db, profile, path, rows="t"):
    codec = "uncompressed" if profile == "fast" else "zstd, COMPRESSION_LEVEL 1"
    version = "V2" if profile == "compact" else "V1"
    db.execute(f"COPY {rows} TO '{path}' (FORMAT parquet, COMPRESSION {codec}, ROW_GROUP_SIZE {GROUP_ROWS}, PARQUET_VERSION {version})")


def write(peer, profile, folder):
    import pyarrow as pa
    pa.set_cpu_count(1)
    rows = table(folder)
    if peer == "polars":
        import polars
        rows = polars.from_arrow(rows)
    elif peer == "duckdb":
        import duckdb
        db = duckdb.connect()
        db.execute("SET threads = 1")
        db.register("arrow", rows)
        db.execute("CREATE TABLE t AS SELECT * FROM arrow")
        rows = db
    path = os.path.join(folder, f"{profile}-{peer}.parquet")
    do = {"pyarrow": write_pyarrow, "polars": write_polars, "duckdb": write_duckdb}[peer]
    if peer == "duckdb":  # the first write of a process loads what it needs
        do(rows, profile, path, "(SELECT * FROM t LIMIT 64)")
    else:
        do(rows[:64], profile, path)
    forget_peak()
    before = resident("VmRSS")
    _, s = measured(lambda: do(rows, profile, path))
    raw = os.path.getsize(os.path.join(folder, "vectors.f32"))
    s["units"], s["more"]["file"] = raw / 1e6, os.path.getsize(path) / raw
    peak = resident("VmHWM")
    if peak:
        s["more"]["peak"] = peak - before
    return s


def read(reader, path, folder):
    import pyarrow as pa
    import pyarrow.parquet as pq
    pa.set_cpu_count(1)

    def arrays():
        t = pq.read_table(path, columns=TENSORS, use_threads=False)
        return [t[c].combine_chunks().flatten().to_numpy(zero_copy_only=False) if not isinstance(t[c].type, pa.FixedShapeTensorType)
                else t[c].combine_chunks().to_numpy_ndarray() for c in TENSORS]

    def frame():
        import pandas
        f = pandas.read_parquet(path, engine="pyarrow")
        return [f[c] for c in TENSORS]
    work = arrays if reader == "pyarrow" else frame
    work()  # the first read of a process loads what it needs
    both, s = measured(work)
    raw = os.path.getsize(os.path.join(folder, "vectors.f32"))
    values = sum(a.size for a in both) if reader == "pyarrow" else sum(len(v) for column in both for v in column)
    assert values * 4 == raw, (values, raw)
    s["units"] = raw / 1e6
    return s


def parse(peer, path, folder):
    def hugging(path):
        return len(datasets.load_dataset("json", data_files=path, split="train", cache_dir=os.path.join(folder, f"hf-{os.getpid()}")))

    def duck(path):
        db.execute(f"CREATE OR REPLACE TABLE t AS SELECT * FROM read_json('{path}', format = 'newline_delimited')")
        return db.execute("SELECT count(*) FROM t").fetchone()[0]
    if peer == "datasets":
        import datasets
        datasets.disable_progress_bars()
    else:
        import duckdb
        db = duckdb.connect()
        db.execute("SET threads = 1")
    work, first = hugging if peer == "datasets" else duck, path + ".first"
    with open(path, "rb") as whole, open(first, "wb") as f:
        f.write(whole.readline())
    work(first)  # the first read of a process loads what it needs
    pairs, s = measured(lambda: work(path))
    s["units"], s["more"]["pairs"] = os.path.getsize(path) / 1e6, pairs
    return s


if __name__ == "__main__":
    try:
        print(json.dumps({"write": write, "read": read, "parse": parse}[sys.argv[1]](*sys.argv[2:])))
    except ModuleNotFoundError as e:
        print(json.dumps({"missing": e.name}))
