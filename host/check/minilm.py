"""all-MiniLM-L6-v2 as ONNX, and what sentence-transformers says of texts without the teacher.

usage: minilm.py make MODEL ONNX_MODEL PAIRS.jsonl EXAMPLE.jsonl REAL.jsonl.zst
       minilm.py compare MODEL DATASET
"""

import hashlib
import os
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
import transformers
from expected import attempt
from models import cosines, write_pairs

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PAIRS, DIMS = 2000, 384
LEAST = 0.999  # cosine with the reference


def make(model, to, pairs, example, real):
    model, to = Path(model), Path(to)
    found = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    assert found == WEIGHTS, f"other weights: {found}"
    shutil.copytree(model, to, ignore=shutil.ignore_patterns("*.safetensors"))
    bert = transformers.AutoModel.from_pretrained(model, add_pooling_layer=False).eval()
    inputs = bert.dummy_inputs["input_ids"]
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        bert,
        (inputs, torch.ones_like(inputs), torch.zeros_like(inputs)),
        str(to / "model.onnx"),
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "n", 1: "t"} for name in (*names, "last_hidden_state")},
        opset_version=14,
    )
    write_pairs(pairs, example, real, PAIRS)


def compare(model, dataset):
    import sentence_transformers

    part = pq.ParquetDataset(os.path.join(dataset, "data")).read()
    said = {
        text: vector.astype("f8")
        for side in ("question", "answer")
        for text, vector in zip(part[side].to_pylist(), part[f"{side}_embedding"].combine_chunks().to_numpy_ndarray().reshape(-1, DIMS))
    }

    def onnx_agrees_with_sentence_transformers():
        reference = sentence_transformers.SentenceTransformer(model, device="cpu")
        texts = sorted(said)
        found = dict(zip(texts, reference.encode(texts, batch_size=32).astype("f8")))
        least = cosines(said, found).min()
        print(f"have {len(texts)} texts, least cosine with the reference {least:.7f}")
        assert least >= LEAST, f"a cosine of {least}"
        norms = np.array([np.linalg.norm(v) for v in said.values()])
        assert abs(norms - 1).max() < 1e-3

    return attempt("minilm", onnx_agrees_with_sentence_transformers, onnx_agrees_with_sentence_transformers)


warnings.simplefilter("ignore")
if __name__ == "__main__":
    sys.exit({"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
