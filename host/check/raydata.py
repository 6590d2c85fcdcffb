"""Read datasets with Ray Data and compare every value with the Go reader's.

usage: raydata.py ROOT PROFILE…

The line that assigns x is that of formats/README.md.
"""

import os
import sys

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}

import numpy as np
import ray
from expected import check, each, same, versions

root, *profiles = sys.argv[1:]
os.chdir(root)  # where the workers look for relative paths
ray.init(num_cpus=2, object_store_memory=256 << 20, include_dashboard=False, logging_level="ERROR")


def ray_batches(want):
    found = {}
    for batch in ray.data.read_parquet("first-dataset/data").iter_batches(batch_size=64):
        for i, name in enumerate(batch["id"]):
            found[name] = {column: batch[column][i] for column in want.tensors}
    for column, wanted in want.tensors.items():
        same(np.stack([found[name][column] for name in want.of("id")]), wanted)


def ray_one_line(want):
    x = ray.data.read_parquet("first-dataset/data").take_batch(1_000_000)["question_embedding"]
    assert x.shape == want.tensors["question_embedding"].shape and x.dtype == np.float32, (x.shape, x.dtype)
    assert sorted(v.tobytes() for v in x) == sorted(v.tobytes() for v in want.tensors["question_embedding"])  # in Ray's order


versions("ray", "pyarrow", "numpy")
failed = check(root, each(root, profiles), [ray_batches, ray_one_line])
ray.shutdown()
sys.exit(failed)
