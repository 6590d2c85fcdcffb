"""The kind onnx on a model small enough to be worked out by hand."""

import json
import shutil

import numpy as np
import pytest
import tinyonnx
from tinyonnx import direct

from cubeset.teacher import Stop
from cubeset.teacher.kinds import make
from cubeset.teacher.kinds.pooling import MODES

TEXTS = ["cube", "a", "teacher and answer", "zz top", "what time is it", "ünïcode", "a b c d e f g h i j k l m n o p q r s t u v w x y z"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tinyonnx.make(tmp_path_factory.mktemp("model"))


@pytest.fixture
def teacher(model):
    return lambda folder=None, **settings: make("onnx", json.dumps({"model": str(folder or model), "threads": 1, **settings}))


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("pooling", MODES)
@pytest.mark.parametrize("normalise", [True, False])
def test_vectors_are_the_models_own(teacher, pooling, normalise):
    t = teacher(pooling=pooling, normalise=normalise)
    found = t.embed(TEXTS)
    close(found.vectors, [direct(text, pooling, normalise=normalise) for text in TEXTS])
    assert (t.description.pooling, t.description.normalised) == (pooling, normalise)


def test_a_vector_does_not_depend_on_the_batch(teacher):
    t = teacher()
    together = t.embed(TEXTS).vectors
    for i, text in enumerate(TEXTS):
        close(t.embed([text]).vectors[0], together[i])
    close(t.embed(TEXTS[::-1]).vectors, together[::-1])


def test_cut_texts_are_reported(teacher):
    t = teacher(max_tokens=4)
    found = t.embed(["abcd", "abcde", "a"])
    assert (found.tokens, found.truncated) == ([4, 4, 1], [False, True, False])
    close(found.vectors[0], found.vectors[1])
    assert (t.description.max_tokens, t.description.truncation) == (4, "end")
    assert teacher().embed(["x" * 17]).truncated == [True], "the model's own limit, not the tokenizer's file's"


def test_a_text_without_tokens_is_refused_by_itself(teacher):
    found = teacher().embed(["a", "  ", "b"])
    assert [(e.row, e.code) for e in found.errors] == [(1, "no_tokens")]
    close(found.vectors[[0, 2]], [direct("a"), direct("b")])


class Session:
    """onnxruntime with room for so many tokens."""

    def __init__(self, real, room):
        self.real, self.room, self.passes = real, room, []

    def run(self, names, feed):
        self.passes.append(feed["input_ids"].shape)
        if feed["input_ids"].size > self.room:
            raise RuntimeError("bad_alloc: Failed to allocate memory for requested buffer of size 17179869184: SECRET")
        return self.real.run(names, feed)


def test_a_pass_that_runs_out_of_memory_is_halved(teacher, caplog):
    t = teacher()
    wanted = t.embed(TEXTS).vectors
    t.session = Session(t.session, 20)
    found = t.embed(TEXTS)
    close(found.vectors, wanted)
    assert not found.errors and len(t.session.passes) > 3
    assert "out of memory in a pass of" in caplog.text and "SECRET" not in caplog.text


def test_a_text_too_large_for_memory_is_refused_by_itself(teacher):
    t = teacher()
    wanted = t.embed(TEXTS).vectors
    t.session = Session(t.session, 10)
    found = t.embed(TEXTS)
    refused = {e.row: e for e in found.errors}
    assert set(refused) == {i for i, text in enumerate(TEXTS) if len(tinyonnx.ids(text)) > 10} and len(refused) > 1
    assert all((e.code, e.message) == ("too_long", f"{len(tinyonnx.ids(TEXTS[i]))} tokens do not fit into memory") for i, e in refused.items())
    for i in range(len(TEXTS)):
        if i not in refused:
            close(found.vectors[i], wanted[i])


def test_other_errors_of_the_model_pass(teacher):
    t = teacher()
    t.embed(["a"])

    class Broken:
        def run(self, *_):
            raise RuntimeError("a graph like this")

    t.session = Broken()
    with pytest.raises(RuntimeError, match="a graph like this"):
        t.embed(["a"])


def test_passes_are_no_larger_than_asked(teacher):
    t = teacher(batch_tokens=32)
    t.embed(["a"])
    t.session = Session(t.session, 1 << 20)
    t.embed(TEXTS * 9)
    assert max(n * width for n, width in t.session.passes) <= 32
    assert len(t.session.passes) < 9 * len(TEXTS)


@pytest.mark.parametrize("kind", ["INT64", "INT32"])
def test_graphs_with_more_inputs(tmp_path, teacher, kind):
    inputs = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    t = teacher(tinyonnx.make(tmp_path, inputs, kind=kind), normalise=False)
    close(t.embed(["abc", "a"]).vectors, [direct("abc", normalise=False) + 1, direct("a", normalise=False)])


def test_a_graph_with_fewer_inputs(tmp_path, teacher):
    close(teacher(tinyonnx.make(tmp_path, ("input_ids",))).embed(["abc"]).vectors, [direct("abc")])


def test_a_graph_with_an_input_nobody_knows(tmp_path, teacher):
    with pytest.raises(Stop, match="the graph wants pixels, which this teacher does not know"):
        teacher(tinyonnx.make(tmp_path, ("input_ids", "pixels"))).embed(["a"])


@pytest.mark.parametrize(
    "outputs, asked, pooling",
    [
        (("sentence_embedding", "last_hidden_state"), None, "mean"),
        (("other", "token_embeddings"), None, "mean"),
        (("sentence_embedding",), None, "cls"),
        (("sentence_embedding", "last_hidden_state"), "sentence_embedding", "cls"),
        (("any",), None, "cls"),
    ],
)
def test_which_output(tmp_path, teacher, outputs, asked, pooling):
    """A text's own vector is taken as it is: here it is the first token's."""
    t = teacher(tinyonnx.make(tmp_path, outputs=outputs), **({"output": asked} if asked else {}))
    close(t.embed(["abc", "bc"]).vectors, [direct("abc", pooling), direct("bc", pooling)])


@pytest.mark.parametrize("asked, said", [(None, "output: say which of any, more"), ("most", "output: most is none of any, more")])
def test_which_output_is_not_clear(tmp_path, teacher, asked, said):
    with pytest.raises(Stop, match=said):
        teacher(tinyonnx.make(tmp_path, outputs=("any", "more")), **({"output": asked} if asked else {})).embed(["a"])


def test_a_model_that_is_not_as_its_files_say(model, teacher):
    with pytest.raises(Stop, match=r"the model gives \(4,\) values a text, its files say 5"):
        teacher(dims=5).embed(["a"])


def test_it_describes_itself_without_loading(model, teacher, monkeypatch):
    from cubeset.teacher.kinds.onnx import Onnx

    monkeypatch.setattr(Onnx, "load", lambda self: pytest.fail("loaded"))
    d = teacher(licence="MIT", min_similarity=0.3, matryoshka=True, question_prefix="q: ").description
    assert (d.dims, d.max_tokens, d.max_rows, d.determinism, d.pooling, d.normalised) == (4, 16, 256, "close", "mean", True)
    assert (d.model, d.revision, d.name) == (model.name, "local onnx-1", model.name)
    assert (d.licence, d.min_similarity, d.matryoshka, d.question_prefix, d.answer_prefix) == ("MIT", 0.3, True, "q: ", "")
    assert d.weights_digest.startswith("sha256:") and d.tokenizer_digest.startswith("sha256:") and d.complaints() == []


def test_what_decides_a_vector_is_in_the_description(tmp_path, model, teacher):
    def key(t):
        d = t.description
        return (d.model, d.revision, d.weights_digest, d.tokenizer_digest, d.pooling, d.truncation, d.normalised, d.dims, d.max_tokens)

    copy = tmp_path / model.name
    shutil.copytree(model, copy)
    assert key(teacher(copy)) == key(teacher())
    settings = ({}, {"pooling": "cls"}, {"normalise": False}, {"max_tokens": 9}, {"output": "last_hidden_state"}, {"model_name": "me/mine"})
    keys = [key(teacher(**changed)) for changed in settings]
    (copy / "tokenizer.json").write_text((model / "tokenizer.json").read_text() + "\n")
    keys.append(key(teacher(copy)))
    (copy / "model.onnx").write_bytes((model / "model.onnx").read_bytes() + b"\x00")
    keys.append(key(teacher(copy)))
    assert len(set(keys)) == len(keys)


def test_weights_that_are_not_the_wanted_ones(teacher):
    digest = teacher().description.weights_digest
    assert teacher(weights_digest=digest).description.weights_digest == digest
    with pytest.raises(Stop, match="weights_digest: .* want sha256:0"):
        teacher(weights_digest="sha256:0").description


def test_the_parts_of_large_graphs_count(tmp_path, model, teacher):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.onnx_data").write_bytes(b"weights")
    assert teacher(tmp_path).model_files() == ["model.onnx", "model.onnx_data", "config.json"]


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda f: (f / "model.onnx").unlink(), "no model.onnx or onnx/model.onnx; file says which"),
        (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer.json"),
        (lambda f: (f / "config.json").write_text("{}"), "config.json does not say how many values"),
        (lambda f: (f / "model.onnx").write_bytes(b"\x00" * 9), "cannot be loaded: "),
        (
            lambda f: (f / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense", "path": ""}])),
            "it has a module sentence_transformers.models.Dense, which this teacher does not run",
        ),
    ],
)
def test_models_that_cannot_be_run(tmp_path, model, teacher, change, said):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    change(tmp_path)
    with pytest.raises(Stop, match=said):
        teacher(tmp_path).embed(["a"])


def test_a_graph_elsewhere_in_the_folder(tmp_path, model, teacher):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    (tmp_path / "onnx").mkdir()
    (tmp_path / "model.onnx").rename(tmp_path / "onnx" / "model.onnx")
    assert teacher(tmp_path).file() == "onnx/model.onnx"
    (tmp_path / "onnx" / "model.onnx").rename(tmp_path / "small.onnx")
    close(teacher(tmp_path, file="small.onnx").embed(["a"]).vectors, [direct("a")])
    with pytest.raises(Stop, match="no big.onnx"):
        teacher(tmp_path, file="big.onnx").embed(["a"])


def test_a_device_that_is_not_there(teacher):
    from conftest import need

    if "CUDAExecutionProvider" in need("onnxruntime").get_available_providers():
        pytest.skip("there is one")
    with pytest.raises(Stop, match="device: this onnxruntime has no CUDAExecutionProvider"):
        teacher(device="cuda").embed(["a"])


def test_a_library_that_is_not_there(teacher, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(Stop, match=r'onnxruntime is not installed: pip install "cubeset\[onnx\]"'):
        teacher().embed(["a"])
