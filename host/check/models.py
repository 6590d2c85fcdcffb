"""Nine tiny language models with random weights, and what each says of texts without the teacher.

usage: models.py make FOLDER PAIRS.jsonl EXAMPLE.jsonl REAL.jsonl.zst
       models.py compare FOLDER DATASETS

make writes 500 pairs of question and answer, real ones where REAL is there, and trains the tokenizers on them. compare
holds the dataset DATASETS/NAME of each model against direct calls, one text at a time.
"""

import json
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import transformers
from expected import attempt
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PAIRS, VOCABULARY, DIMS, PLACES = 500, 600, 64, 96
LEAST = 0.9999  # cosine with the direct call

encoder = dict(hidden_size=DIMS, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128)
decoder = dict(encoder, max_position_embeddings=PLACES)
distil = dict(dim=DIMS, n_layers=2, n_heads=4, hidden_dim=128, max_position_embeddings=PLACES)

# name: the model's class, its tokenizer's class and kind, its sizes
MODELS = {
    "llama": ("LlamaModel", "LlamaTokenizerFast", "spaces", dict(decoder, num_key_value_heads=2)),
    "mistral": ("MistralModel", "LlamaTokenizerFast", "spaces", dict(decoder, num_key_value_heads=2, sliding_window=16)),
    "gpt2": ("GPT2Model", "GPT2TokenizerFast", "bytes", dict(n_embd=DIMS, n_layer=2, n_head=4, n_positions=PLACES)),
    "gpt-neox": ("GPTNeoXModel", "GPTNeoXTokenizerFast", "bytes", decoder),
    "qwen2": ("Qwen2Model", "Qwen2TokenizerFast", "bytes", dict(decoder, num_key_value_heads=2)),
    "bert": ("BertModel", "BertTokenizerFast", "words", decoder),
    "distilbert": ("DistilBertModel", "DistilBertTokenizerFast", "words", distil),
    "roberta": ("RobertaModel", "RobertaTokenizerFast", "roberta", dict(encoder, max_position_embeddings=PLACES + 2, type_vocab_size=1)),
    "xlm-r": ("XLMRobertaModel", "XLMRobertaTokenizerFast", "unigram", dict(encoder, max_position_embeddings=PLACES + 2, type_vocab_size=1)),
}  # fmt: skip
POOLING = {"llama": "last", "mistral": "last", "gpt2": "last", "qwen2": "mean", "bert": "cls", "xlm-r": "max"}  # else mean


def make(folder, pairs, example, real):
    texts = [text for pair in write_pairs(pairs, example, real, PAIRS) for text in pair]
    for seed, (name, (model, tokenizer, kind, sizes)) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        to = Path(folder) / name
        made = getattr(transformers, tokenizer)(tokenizer_object=trained(kind, texts), **special(kind))
        made.save_pretrained(to)
        cls = getattr(transformers, model)
        config = cls.config_class(vocab_size=len(made), **sizes, pad_token_id=made.pad_token_id, bos_token_id=made.bos_token_id, eos_token_id=made.eos_token_id)
        cls(config).eval().save_pretrained(to)


def write_pairs(to, example, real, count):
    """Writes different pairs of question and answer, and returns them: real ones if there are any."""
    found = real_pairs(real, count) if os.path.exists(real) else own_pairs(example, count)
    assert len(found) == count, f"{len(found)} pairs"
    print("have", count, "pairs,", "real ones" if os.path.exists(real) else "made from the first example")
    with open(to, "w", encoding="utf-8") as f:
        f.writelines(json.dumps({"id": f"p{i}", "question": q, "answer": a}) + "\n" for i, (q, a) in enumerate(found))
    return found


def real_pairs(path, count):
    lines = pa.input_stream(path, compression="zstd").read(2000 * count).decode("utf-8", "ignore").splitlines()
    read = [json.loads(line) for line in lines[: 2 * count]]
    return list(dict.fromkeys((r["question"], r["answer"]) for r in read))[:count]


def own_pairs(path, count):
    """Parts of the example's sentences put together anew, the same ones each time."""
    rng, questions, answers = random.Random(1), [], []
    for line in open(path, encoding="utf-8"):
        try:
            read = json.loads(line)
        except ValueError:
            continue  # the example has lines that are not read
        questions += [read["question"]] if read.get("question") else []
        answers += [read["answer"]] if read.get("answer") else []
    words = sorted({w for text in questions + answers for w in text.split()})
    some = lambda n: " ".join(rng.choice(words) for _ in range(rng.randint(1, n)))
    made = ((f"{rng.choice(questions)} {some(6)}", f"{rng.choice(answers)} {some(120 if i % 50 == 0 else 9)}") for i in range(2 * count))
    return list(dict.fromkeys(made))[:count]


def special(kind):
    if kind == "words":
        return dict(unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]")
    if kind == "bytes":
        return dict(unk_token="<|endoftext|>", bos_token="<|endoftext|>", eos_token="<|endoftext|>")
    return dict(unk_token="<unk>", bos_token="<s>", eos_token="</s>") | (dict(pad_token="<pad>") if kind in ("roberta", "unigram") else {})


def trained(kind, texts):
    """A tokenizer of that kind for these texts."""
    first = {"words": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "bytes": ["<|endoftext|>"], "spaces": ["<unk>", "<s>", "</s>"]}
    names = first.get(kind, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    alphabet = pre_tokenizers.ByteLevel.alphabet() if kind in ("bytes", "roberta") else []
    if kind == "words":
        t, trainer = Tokenizer(models.WordPiece(unk_token="[UNK]")), trainers.WordPieceTrainer
        t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    elif kind == "unigram":
        t, trainer = Tokenizer(models.Unigram()), trainers.UnigramTrainer
        t.normalizer, t.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    elif kind == "spaces":
        t, trainer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True)), trainers.BpeTrainer
        t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    else:
        t, trainer = Tokenizer(models.BPE()), trainers.BpeTrainer
        t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    more = dict(unk_token="<unk>") if kind == "unigram" else {}
    t.train_from_iterator(texts, trainer(vocab_size=VOCABULARY, special_tokens=names, initial_alphabet=alphabet, show_progress=False, **more))
    if kind == "words":
        t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    elif kind in ("roberta", "unigram"):
        t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return t


def compare(folder, datasets):
    said, failed = {}, False
    for name in MODELS:
        part = pq.ParquetDataset(os.path.join(datasets, name, "data")).read()
        said[name] = {
            text: vector.astype("f8")
            for side in ("question", "answer")
            for text, vector in zip(part[side].to_pylist(), part[f"{side}_embedding"].combine_chunks().to_numpy_ndarray().reshape(-1, DIMS))
        }
    direct = {name: call(os.path.join(folder, name), list(said[name]), POOLING.get(name, "mean")) for name in MODELS}
    print("have", len(said["bert"]), "texts, direct calls of", len(MODELS), "models")
    for name in MODELS:

        def holds(name=name):
            own = cosines(said[name], direct[name])
            assert own.min() >= LEAST, f"a cosine with the direct call of {own.min():.6f}"
            for other in MODELS:
                if other != name:
                    most = cosines(said[name], direct[other]).max()
                    assert most < 0.99, f"a vector that could be of {other}: {most:.4f}"

        holds.__name__ = f"{name} is as called directly"
        failed |= attempt("models", holds, holds)

    def one_identity_each():
        ids = [json.load(open(os.path.join(datasets, name, "manifest.json"), encoding="utf-8"))["teacher"]["embed_id"] for name in MODELS]
        assert len(set(ids)) == len(ids), f"{len(set(ids))} of {len(ids)}"

    return failed | attempt("models", one_identity_each, one_identity_each)


def cosines(a, b):
    assert a.keys() == b.keys()
    return np.array([a[t] @ b[t] / np.linalg.norm(a[t]) / np.linalg.norm(b[t]) for t in a])


def call(folder, texts, pooling):
    """Each text by itself: nothing is padded, and no code is that of the teacher."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    found = {}
    for text in texts:
        with torch.no_grad():
            hidden = model(**tokenizer(text, truncation=True, max_length=PLACES, return_tensors="pt")).last_hidden_state[0].double().numpy()
        found[text] = {"mean": hidden.mean(0), "cls": hidden[0], "last": hidden[-1], "max": hidden.max(0)}[pooling]
    return found


warnings.simplefilter("ignore")
transformers.logging.set_verbosity_error()
if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit({"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
