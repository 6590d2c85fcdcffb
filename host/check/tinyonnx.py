"""Makes a sentence model of letters as ONNX, and what it says of some texts, without the teacher.

usage: tinyonnx.py FOLDER TEXTS.json VECTORS.f32
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

DIMS = 48
LETTERS = ["[PAD]", "[UNK]", *map(chr, range(33, 0x530))]


def main(folder: Path, texts: Path, vectors: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(LETTERS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": DIMS, "max_position_embeddings": 64}))

    table = np.random.default_rng(7).standard_normal((len(LETTERS), DIMS), np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["rows"]), helper.make_node("Tanh", ["rows"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", DIMS])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")

    found = []
    for text in json.loads(texts.read_text()):
        ids = tokenizer.encode(text).ids[:64]
        mean = np.tanh(table[ids]).mean(axis=0)
        found.append(mean / np.linalg.norm(mean))
    vectors.write_bytes(np.array(found, "<f4").tobytes())


main(*map(Path, sys.argv[1:]))
