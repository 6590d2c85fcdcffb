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
from goodfiles import columns, good_parts, hold
from pyspark.ml.functions import array_to_vector
from pyspark.sql import SparkSession
from pyspark.sql.functions import col

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


def good_files_in_spark():
    for v in good_parts(files):
        prepare(v["sees"]["profile"])
        rows = [row.asDict() for row in spark.read.parquet("file://" + v["path"]).coalesce(1).collect()]
        tensors = {name: [row.pop(name) for row in rows] for name in columns}
        hold(v, rows, tensors)


versions("pyspark", "pyarrow", "numpy")
failed = check(root, map(prepare, each(root, profiles)), [spark_values, spark_vectors, spark_map_in_arrow, spark_one_line, spark_splits])
failed |= attempt("vectors", good_files_in_spark, good_files_in_spark)
spark.stop()
sys.exit(failed)
