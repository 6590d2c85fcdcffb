"""Makes the Model2Vec folders beside it, and what the package model2vec says to texts.

python3 -m venv v && v/bin/pip install model2vec==0.10.0 sentencepiece==0.2.3 protobuf && v/bin/python make.py
"""

import io
import json
import pathlib

import numpy as np
import sentencepiece
from model2vec import StaticModel
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
DIMS = 8

CORPUS = """
The cat sat on the mat and looked at the moon. Where can I buy a ticket for the train to the city?
You can buy tickets at the station or on the website; children under six travel for free.
A vector has as many numbers as the table has columns. It's 12:45 now, don't be late, we'll wait.
Das Wetter in München ist schön, über Nacht fällt Schnee. Où est le café? Naïve façade, déjà vu.
Как вернуть деньги за билет, если рейс отменили? Кот сидел на ковре и смотрел на луну.
東京駅はどこですか。 我想预订一家酒店 明天天气怎么样 コーヒーをください 한국어 문장입니다
""".strip().split("\n")

TEXTS = [
    "The cat sat on the mat.",
    "Where can I buy tickets? Don't know...",
    "UPPER lower MiXeD 1234 12:45",
    "  spaces   and\ttabs\nand lines  ",
    "naïve NAÏVE naïve café CAFÉ façade İstanbul ǅ ß ẞ ﬁ ＡＢＣ １２３",
    "Кот смотрел на луну, Ёлка",
    "東京駅はどこですか。预订酒店",
    "한국어 문장입니다 각",
    "unbelievablelongwordthatnobodyknows xyzzy",
    "it's we'll I'd they've you're I'm",
    "a_b-c/d@e#f",
    "emoji 👍🏽 and 👩‍👩‍👧 family ☃",
    "zero\u200bwidth soft\u00adhyphen nbsp\u00a0here ideographic\u3000space",
    "the the the the",
    "[UNK] the [SEP] cat <s> mat </s> cat<mask>mat new york city New York",
    "q",
    "e\u0301 a\u0300\u0301 ं क्षि नमस्ते दुनिया สวัสดี",
    "▁ ▁▁the Ġcat",
    "long " * 700,
]


def charsmap():
    """SentencePiece's table of a few rules of our own."""
    rules = {"ﬁ": "fi", "Ａ": "A", "Ｂ": "B", "Ｃ": "C", "１": "1", "２": "2", "３": "3", "e\u0301": "é", "\u3000": " ", "\u00a0": " ", "\u200b": "", "☃": "snowman", "\n": " ", "\t": " "}
    tsv = HERE / "rules.tsv"
    tsv.write_text("".join(" ".join(f"{ord(c):X}" for c in k) + "\t" + " ".join(f"{ord(c):X}" for c in v) + "\n" for k, v in sorted(rules.items())))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, vocab_size=150, normalization_rule_tsv=str(tsv), minloglevel=2
    )
    tsv.unlink()
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    t.add_tokens([AddedToken("New York", normalized=True), AddedToken("mat", single_word=True, normalized=False)])
    return t


def cased():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer = normalizers.BertNormalizer(lowercase=False, handle_chinese_chars=False)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]"], show_progress=False))
    return t


def unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=250, special_tokens=["<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    return t


def spaced():
    """As model2vec once rewrote tokenizers: punctuation apart, Metaspace, Unigram."""
    t = Tokenizer(models.Unigram())
    apart = [normalizers.Replace(c, f" {c} ") for c in ".,;:?!'\"()-"]
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), *apart, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always", split=False)])
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=250, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
    return t


def bytebpe():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=["<s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t


def charbpe():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()])
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
    return t


def wordlevel():
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Lowercase()
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(CORPUS, trainers.WordLevelTrainer(vocab_size=300, special_tokens=["[UNK]"], show_progress=False))
    return t


def make(name, tokenizer, normalize=True, dtype=np.float32, weights=False, rows=0, max_length=512):
    random = np.random.default_rng(len(name))
    n = tokenizer.get_vocab_size()
    m = StaticModel(
        random.standard_normal((rows or n, DIMS)).astype(dtype),
        tokenizer,
        normalize=normalize,
        weights=random.random(n) if weights else None,
        token_mapping=random.integers(0, rows, n) if rows else None,
        max_length=max_length,
    )
    folder = HERE / name
    m.save_pretrained(folder)
    for extra in ("README.md", "modules.json"):
        (folder / extra).unlink(missing_ok=True)
    loaded = StaticModel.from_pretrained(folder)
    expected = [
        {"text": t, "ids": loaded.tokenize([t])[0], "vector": [float(x) for x in loaded.encode([t])[0]]} for t in TEXTS
    ]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, indent=0) + "\n")


if __name__ == "__main__":
    make("wordpiece", wordpiece())
    make("cased", cased(), normalize=False, max_length=10)
    make("unigram", unigram(), weights=True, rows=40)
    make("spaced", spaced(), dtype=np.float16)
    make("bytebpe", bytebpe(), max_length=None)
    make("charbpe", charbpe(), weights=True)
    make("wordlevel", wordlevel())
