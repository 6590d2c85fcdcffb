package tensor

import (
	"strconv"
	"strings"
)

// usage is how to read the dataset, with its own split and shape filled in.
// The snippets are run from the dataset's folder.
func (c *card) usage() {
	split, setting := "train", ""
	if c.m.Profile == Compact {
		setting = "spark.conf.set(\"spark.sql.parquet.enableNestedColumnVectorizedReader\", \"false\")   # before Spark 4.3\n"
	}
	if s := c.splits(); len(s) > 0 {
		split = s[0]
	}
	r := strings.NewReplacer(
		"SETTING", setting,
		"SPLIT", split,
		"SHAPE", strings.ReplaceAll(c.m.Shape.String(), "x", ", "),
		"SIZE", strconv.Itoa(c.m.Shape.Size()),
	)
	c.b.WriteString(r.Replace(usage))
}

const usage = `
## How to read it

In the folder of this file:

` + "```python" + `
# pyarrow: the tensor type is in the file
import pyarrow.parquet as pq
t = pq.read_table("data")
x = t["question_embedding"].combine_chunks().to_numpy_ndarray()   # (N, SHAPE) float32

# pandas
import numpy as np, pandas as pd
df = pd.read_parquet("data")
x = np.stack(df["question_embedding"]).reshape(-1, SHAPE)

# Hugging Face datasets
import os
from datasets import load_dataset
ds = load_dataset(os.path.abspath("."), split="SPLIT").with_format("numpy")
x = ds[0]["question_embedding"].reshape(SHAPE)

# Polars
import polars as pl
x = pl.read_parquet("data/*.parquet")["question_embedding"].to_numpy().reshape(-1, SHAPE)

# DuckDB
import duckdb
duckdb.sql("""SELECT id, array_cosine_similarity(question_embedding::FLOAT[SIZE], answer_embedding::FLOAT[SIZE])
              FROM 'data/*.parquet' LIMIT 5""")

# Spark
from pyspark.ml.functions import array_to_vector
SETTINGdf = spark.read.parquet("data")   # array<float> columns
df = df.withColumn("x", array_to_vector("question_embedding"))

# PyTorch
import torch
from torch.utils.data import DataLoader, TensorDataset
t = pq.read_table("data", filters=[("split", "=", "SPLIT")])
q, a = (torch.tensor(t[c].combine_chunks().to_numpy_ndarray()) for c in ("question_embedding", "answer_embedding"))
loader = DataLoader(TensorDataset(q, a), batch_size=64, shuffle=True)   # batches of (64, SHAPE)
` + "```" + `
`
