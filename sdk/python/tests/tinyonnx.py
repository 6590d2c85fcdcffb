"""A sentence model of letters as ONNX: a token's vector is its row of a table, and a text's their mean."""

import json

import numpy as np
from conftest import need

DIMS = 4
LETTERS = ["[PAD]", "[UNK]", *map(chr, range(97, 123))]
TABLE = np.random.default_rng(7).standard_normal((len(LETTERS), DIMS)).astype(np.float32)
TABLE[0] = 1000  # whoever counts padding in is far off


def make(folder, inputs=("input_ids", "attention_mask"), outputs=("last_hidden_state",), kind="INT64", config=None):
    """Writes the model: further inputs are added to each token's vector, outputs of a text are the first token's."""
    onnx = need("onnx")
    need("onnxruntime")
    tokenizers = need("tokenizers")
    from onnx import TensorProto, helper, numpy_helper

    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({c: i for i, c in enumerate(LETTERS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [tokenizers.pre_tokenizers.Whitespace(), tokenizers.pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    tokenizer.enable_truncation(3)  # of the file's own: must not decide
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"hidden_size": DIMS, "max_position_embeddings": 16} | (config or {})))

    nodes, last = [helper.make_node("Gather", ["table", "input_ids"], ["rows"])], "rows"
    for name in inputs:
        if name in ("input_ids", "attention_mask"):
            continue
        nodes += [
            helper.make_node("Cast", [name], [name + "_float"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", [name + "_float", "two"], [name + "_column"]),
            helper.make_node("Add", [last, name + "_column"], ["with_" + name]),
        ]
        last = "with_" + name
    made = []
    for name in outputs:
        if name in ("last_hidden_state", "token_embeddings", "other"):
            nodes.append(helper.make_node("Identity", [last], [name]))
            made.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "t", DIMS]))
        else:
            nodes.append(helper.make_node("Gather", [last, "zero"], [name], axis=1))
            made.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", DIMS]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(n, getattr(TensorProto, kind), ["n", "t"]) for n in inputs],
        made,
        [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(np.array([2]), "two"), numpy_helper.from_array(np.array(0), "zero")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "model.onnx")
    return folder


def ids(text, limit=16):
    return [LETTERS.index(c) if c in LETTERS else 1 for c in text if not c.isspace()][:limit]


def direct(text, pooling="mean", limit=16, normalise=True):
    """What the model says of one text, worked out without it."""
    rows = TABLE[ids(text, limit)]
    found = {"mean": rows.mean(0), "cls": rows[0], "last": rows[-1], "max": rows.max(0)}[pooling]
    return found / np.linalg.norm(found) if normalise else found
