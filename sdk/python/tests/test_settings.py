import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeset.teacher import Stop
from cubeset.teacher.kinds import KINDS, make
from cubeset.teacher.kinds.onnx import OnnxSettings
from cubeset.teacher.kinds.sentence_transformers import SentenceTransformersSettings
from cubeset.teacher.kinds.settings import ENV, Settings, read
from cubeset.teacher.kinds.transformers import TransformersSettings


def refusal(kind, **values):
    with pytest.raises(Stop) as e:
        read(kind, json.dumps(values))
    assert str(e.value).startswith(ENV + ": ")
    return str(e.value)[len(ENV) + 2 :]


def test_they_are_read():
    s = read(OnnxSettings, '{"model": "m", "pooling": "cls", "min_similarity": 1, "normalise": null, "threads": 2}')
    assert (s.model, s.pooling, s.min_similarity, s.normalise, s.threads) == ("m", "cls", 1, None, 2)
    assert (s.device, s.download, s.max_tokens) == ("cpu", False, None)


@pytest.mark.parametrize(
    "key, near",
    [("poolings", "pooling"), ("max_token", "max_tokens"), ("normalize", "normalise"), ("batch_token", "batch_tokens"), ("license", "licence")],
)
def test_an_unknown_one_is_told_the_nearest(key, near):
    assert refusal(OnnxSettings, model="m", **{key: 1}) == f"{key}: unknown, did you mean {near}?"


def test_nothing_is_near():
    assert refusal(OnnxSettings, model="m", zzz=1) == "zzz: unknown"


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"max_tokens": "512"}, "max_tokens: a string, want a whole number"),
        ({"max_tokens": 5.5}, "max_tokens: a number, want a whole number"),
        ({"max_tokens": True}, "max_tokens: a truth value, want a whole number"),
        ({"threads": None}, "threads: null, want a whole number"),
        ({"download": "yes"}, "download: a string, want true or false"),
        ({"download": 1}, "download: a number, want true or false"),
        ({"min_similarity": []}, "min_similarity: a list, want a number"),
        ({"name": {}}, "name: an object, want a string"),
        ({"max_tokens": 0}, "max_tokens: 0 is not positive"),
        ({"batch_tokens": -1}, "batch_tokens: -1 is not positive"),
        ({"max_rows": 0}, "max_rows: 0 is not positive"),
        ({"threads": -1}, "threads: -1 is negative"),
        ({"model": ""}, "model: missing"),
    ],
)
def test_wrong_values(values, complaint):
    assert refusal(Settings, **{"model": "m", **values}) == complaint


@pytest.mark.parametrize(
    "kind, values, complaint",
    [
        (OnnxSettings, {"device": "mps"}, "device: 'mps' is none of cpu, cuda"),
        (OnnxSettings, {"pooling": "median"}, "pooling: 'median' is none of mean, cls, last, max"),
        (OnnxSettings, {"dtype": "float16"}, "dtype: unknown"),
        (TransformersSettings, {"device": "gpu"}, "device: 'gpu' is none of auto, cpu, cuda, mps"),
        (TransformersSettings, {"device": "cuda:x"}, "device: 'cuda:x' is none of auto, cpu, cuda, mps"),
        (TransformersSettings, {"dtype": "int8"}, "dtype: 'int8' is none of float32, float16, bfloat16"),
        (SentenceTransformersSettings, {"truncate_dim": 0}, "truncate_dim: 0 is not positive"),
        (
            SentenceTransformersSettings,
            {"answer_prompt": "a", "answer_prefix": "b"},
            "answer_prompt and answer_prefix: say one of them",
        ),
    ],
)
def test_values_a_kind_does_not_take(kind, values, complaint):
    assert refusal(kind, model="m", **values).startswith(complaint)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1", "mps"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_values_a_kind_takes(device, dtype):
    s = read(TransformersSettings, json.dumps({"model": "m", "device": device, "dtype": dtype}))
    assert (s.device, s.dtype) == (device, dtype)


def test_all_complaints_at_once():
    assert refusal(Settings, max_tokens="", zzz=1) == "max_tokens: a string, want a whole number; zzz: unknown; model: missing"
    assert refusal(Settings, model="m", max_tokens=0, threads=-1) == "max_tokens: 0 is not positive; threads: -1 is negative"


@pytest.mark.parametrize("text, complaint", [("{", "not JSON: "), ("[]", "not an object of JSON"), ("", "not JSON: ")])
def test_what_is_no_object(text, complaint):
    with pytest.raises(Stop, match=complaint):
        read(Settings, text)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())))
def test_any_object_is_settings_or_a_stop(values):
    for kind in (OnnxSettings, TransformersSettings, SentenceTransformersSettings):
        try:
            s = read(kind, json.dumps(values))
        except Stop:
            continue
        assert s.model == values["model"]


def test_kinds():
    for kind in KINDS:
        assert make(kind, '{"model": "m"}').name == kind
    with pytest.raises(Stop, match="no kind 'tensorflow'; there are transformers, "):
        make("tensorflow", "{}")
