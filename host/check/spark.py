"""Read datasets with PySpark, its settings as they are, and compare every value with the Go reader's.

usage: spark.py ROOT FORMAT_VECTORS PROFILE…

Also run with PySpark 3.5, where the profile compact needs one setting.
The lines that assign x are those of formats/README.md.
"""

import os
import sys
import warnings

import numpy as np
import pyarrow as pa
from expected import attempt, check, each, same, texts, versions
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.ml.functions import array_to_vector
from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from vectorfiles import CHECKS, Vectors, columns, hold, hold_check, hold_spec

DEADLY = "bad/19-page-size.parquet"  # Spark asks for the 2 GiB that its pages announce, and Java ends for want of them

root, files, *profiles = sys.argv[1:]
warnings.simplefilter("ignore")
os.chdir(root)  # where Spark looks for relative paths from now on
os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ["PYSPARK_SUBMIT_ARGS"] = "--driver-memory 1g --driver-java-options -XX:TieredStopAtLevel=1 pyspark-shell"  # a short run: do not optimise
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
modern = int(spark.version.split(".")[0]) >= 4


def prepare(profile):
    """Before 4.3, Spark reads what compact is encoded in only with its reader of rows."""
    if not modern:
        spark.conf.set("spark.sql.parquet.enableNestedColumnVectorizedReader", str(profile != "compact").lower())
    return profile


def in_order(rows):
    """Rows in the order of the files' names, each with _metadata as its first two fields."""
    return sorted(rows, key=lambda r: (r[0], r[1]))


place = (col("_metadata.file_name"), col("_metadata.row_index"))


def spark_values(want):
    frame = spark.read.parquet("first-dataset/data")
    kinds = dict(frame.dtypes)
    assert kinds["question_embedding"] == kinds["answer_embedding"] == "array<float>", kinds
    columns = texts + ("turn", "similarity") + tuple(want.tensors)
    rows = in_order(frame.select(*place, *columns).collect())
    for name in texts + ("turn",):
        assert [r[name] for r in rows] == want.of(name), name
    same(np.array([r["similarity"] for r in rows], "f4"), np.array(want.of("similarity"), "f4"))
    for name, wanted in want.tensors.items():
        same(np.array([r[name] for r in rows], "f4").reshape(-1, 8, 8, 12), wanted)


def spark_vectors(want):
    frame = spark.read.parquet("first-dataset/data")
    rows = in_order(frame.select(*place, array_to_vector("question_embedding")).collect())
    found = np.stack([r[2].toArray() for r in rows])
    assert found.dtype == np.float64, found.dtype
    same(found.astype("f4").reshape(-1, 8, 8, 12), want.tensors["question_embedding"])


def spark_map_in_arrow(want):
    """On the workers, batch by batch: what a job on a cluster does."""

    def corner(batches):
        for batch in batches:
            cube = batch["question_embedding"].flatten().to_numpy().reshape(-1, 8, 8, 12)
            yield pa.record_batch([batch["file_name"], batch["row_index"], pa.array(cube[:, 1, 2, 3])], ["file_name", "row_index", "corner"])

    frame = spark.read.parquet("first-dataset/data").select(*place, "question_embedding")
    rows = in_order(frame.mapInArrow(corner, "file_name string, row_index long, corner float").collect())
    same(np.array([r["corner"] for r in rows], "f4"), want.tensors["question_embedding"][:, 1, 2, 3])


def spark_one_line(want):
    if modern:
        x = spark.read.parquet("first-dataset/data").toArrow()["question_embedding"].combine_chunks().flatten().to_numpy().reshape(-1, 8, 8, 12)
    else:
        x = np.array([row[0] for row in spark.read.parquet("first-dataset/data").select("question_embedding").collect()], "f4").reshape(-1, 8, 8, 12)
    assert x.shape == want.tensors["question_embedding"].shape and x.dtype == np.float32
    assert sorted(v.tobytes() for v in x) == sorted(v.tobytes() for v in want.tensors["question_embedding"])  # in Spark's order


def spark_splits(want):
    counted = spark.read.parquet("first-dataset/data").groupBy("split").count().collect()
    assert {r["split"]: r["count"] for r in counted} == {s: len(want.at(s)) for s in set(want.of("split"))}


def every_vector_in_spark():
    """Good files have the right values. Of bad ones Spark refuses some; what it reads of the others, a check of the
    values finds to be wrong, or the reader written from the rules, from the bytes that Spark brings."""
    vectors = Vectors(files)
    for v in vectors.each(["part"], True):
        prepare(v["sees"]["profile"])
        hold(v, *read(v))
    spark.sparkContext.setLogLevel("OFF")  # it has much to say of each
    refused, tried = 0, 0
    for v in vectors.each(["part"], False):
        hold_spec(v, content(v))
        if v["file"] == DEADLY:
            continue
        tried += 1
        try:
            rows, tensors = read(v)
        except (PySparkException, Py4JJavaError):
            assert v["verdict"] not in CHECKS, f"{v['file']}: is to be read"
            refused += 1
        else:
            if v["verdict"] in CHECKS:
                hold_check(v, rows, tensors, None if v["verdict"] == "meta" else {"normalised": True})
    for good in (True, False):
        for v in vectors.each(["rejects", "manifest"], good):
            hold_spec(v, content(v))
    vectors.finish()
    print(f"have Spark refusing {refused} of {tried} bad parts by itself")


def read(v):
    rows = [row.asDict() for row in spark.read.parquet("file://" + v["path"]).coalesce(1).collect()]
    return rows, {name: [row.pop(name, None) for row in rows] for name in columns}


def content(v):
    rows = spark.read.format("binaryFile").load("file://" + v["path"]).collect()
    return bytes(rows[0].content) if rows else b""  # an empty file is none to Spark


versions("pyspark", "pyarrow", "numpy")
failed = check(root, map(prepare, each(root, profiles)), [spark_values, spark_vectors, spark_map_in_arrow, spark_one_line, spark_splits])
failed |= attempt("vectors", every_vector_in_spark, every_vector_in_spark)
spark.stop()
sys.exit(failed)
