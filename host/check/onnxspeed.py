"""How long the kind onnx takes beside calls of onnxruntime by hand, the two in turns.

usage: onnxspeed.py MODEL PAIRS.jsonl
"""

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime as ort
from cubeset.teacher.kinds import make
from tokenizers import Tokenizer

ROUNDS, TOKENS, BATCH = 5, 512, 256


def by_hand(model):
    """As one would write it, and no faster than it has to be: sorted by length, passes of as many tokens."""
    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.load(open(f"{model}/sentence_bert_config.json"))["max_seq_length"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(f"{model}/model.onnx", options, providers=["CPUExecutionProvider"])

    def embed(texts):
        encoded = tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda i: -len(encoded[i].ids))
        out = np.empty((len(texts), 384), np.float32)
        while order:
            width = len(encoded[order[0]].ids)
            part, order = order[: max(1, TOKENS // width)], order[max(1, TOKENS // width) :]
            ids, mask = np.zeros((2, len(part), width), np.int64)
            for row, i in enumerate(part):
                n = len(encoded[i].ids)
                ids[row, :n], mask[row, :n] = encoded[i].ids, 1
            (hidden,) = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
            weights = mask[:, :, None].astype(np.float32)
            mean = (hidden * weights).sum(1) / weights.sum(1)
            out[part] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return out

    return embed


def main(model, pairs):
    texts = [json.loads(line)["question"] for line in open(pairs, encoding="utf-8")][: 2 * BATCH]
    teacher = make("onnx", json.dumps({"model": model, "threads": 1, "batch_tokens": TOKENS}))
    embedders = {"teacher": lambda t: teacher.embed(t).vectors, "by hand": by_hand(model)}
    found = {name: embed(texts[:BATCH]) for name, embed in embedders.items()}  # and warm
    np.testing.assert_allclose(found["teacher"], found["by hand"], atol=1e-5)
    took = {name: [] for name in embedders}
    for _ in range(ROUNDS):
        for name, embed in embedders.items():
            begin = time.process_time()
            for at in range(0, len(texts), BATCH):
                embed(texts[at : at + BATCH])
            took[name].append(time.process_time() - begin)
    least = {name: min(t) for name, t in took.items()}
    ratio = statistics.median(a / b for a, b in zip(took["teacher"], took["by hand"]))
    print(f"have kind onnx {1e6 * least['teacher'] / len(texts):.0f} µs of a processor a text, onnxruntime by hand "
          f"{1e6 * least['by hand'] / len(texts):.0f}; {ratio:.3f} times as long in the median of {ROUNDS} rounds")  # fmt: skip


main(*sys.argv[1:])
