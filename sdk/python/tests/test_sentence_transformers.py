"""The kind sentence-transformers, on a tiny model with random weights, against the library itself."""

import json
import shutil

import numpy as np
import pytest
from test_transformers import TEXTS, save

pytestmark = pytest.mark.torch

from cubeset.teacher import Stop
from cubeset.teacher.kinds import make


@pytest.fixture(scope="module")
def library():
    from conftest import need

    need("torch")
    need("transformers")
    return need("sentence_transformers")


@pytest.fixture(scope="module")
def saved(library, tmp_path_factory):
    """A model with a dense layer on top: 16 values become 12."""
    import torch
    import transformers

    bert = save(transformers, tmp_path_factory.mktemp("bert"), "BertModel")
    torch.manual_seed(6)
    parts = library.models
    word = parts.Transformer(str(bert), max_seq_length=20)
    stack = [word, parts.Pooling(16, "cls"), parts.Dense(16, 12), parts.Normalize()]
    model = library.SentenceTransformer(modules=stack, device="cpu", prompts={"query": "what is ", "passage": "", "sts": "the "})
    folder = tmp_path_factory.mktemp("model")
    model.save(str(folder))
    return folder


@pytest.fixture
def direct(library, saved):
    model = library.SentenceTransformer(str(saved), device="cpu")
    return lambda texts, **o: np.array([model.encode([t], **o)[0] for t in texts])


def teacher(folder, **settings):
    return make("sentence-transformers", json.dumps({"model": str(folder), "device": "cpu", **settings}))


def test_vectors_are_the_librarys(saved, direct):
    t = teacher(saved)
    found = t.embed(TEXTS)
    np.testing.assert_allclose(found.vectors, direct(TEXTS), atol=1e-5)
    assert found.tokens == [4, 1, 9, 1, 2, 20] and found.truncated == [False] * 5 + [True]
    d = t.description
    assert (d.dims, d.max_tokens, d.normalised, d.pooling) == (12, 20, True, "cls+dense+normalize")


def test_prompts_are_for_the_host_to_put_before(saved, direct):
    t = teacher(saved)
    d = t.description
    assert (d.question_prefix, d.answer_prefix) == ("what is ", "")
    found = t.embed([d.question_prefix + text for text in TEXTS]).vectors
    np.testing.assert_allclose(found, direct(TEXTS, prompt_name="query"), atol=1e-5)


@pytest.mark.parametrize(
    "settings, prefixes",
    [
        ({"question_prompt": "sts"}, ("the ", "")),
        ({"question_prompt": "passage", "answer_prompt": "query"}, ("", "what is ")),
        ({"question_prefix": "x", "answer_prefix": "y"}, ("x", "y")),
    ],
)
def test_other_prompts(saved, settings, prefixes):
    d = teacher(saved, **settings).description
    assert (d.question_prefix, d.answer_prefix) == prefixes


def test_a_prompt_the_model_does_not_have(saved):
    with pytest.raises(Stop, match="no prompt 'find'; it has passage, query, sts"):
        teacher(saved, question_prompt="find").description


def test_fewer_values(saved, direct):
    t = teacher(saved, truncate_dim=5)
    assert t.description.dims == 5
    found = t.embed(TEXTS).vectors
    cut = direct(TEXTS)[:, :5]
    np.testing.assert_allclose(found, cut / np.linalg.norm(cut, axis=1, keepdims=True), atol=1e-5)
    with pytest.raises(Stop, match="truncate_dim: 13, but .* has 12"):
        teacher(saved, truncate_dim=13).description


def test_fewer_tokens(saved):
    assert teacher(saved, max_tokens=3).embed(TEXTS).tokens == [3, 1, 3, 1, 2, 3]


def test_a_pass_that_runs_out_of_memory_is_halved(saved):
    t = teacher(saved)
    wanted = t.embed(TEXTS).vectors
    real, passes = t.model.encode, []

    def encode(texts, **o):
        passes.append(len(texts))
        if len(texts) > 2:
            raise RuntimeError("CUDA out of memory")
        return real(texts, **o)

    t.model.encode = encode
    np.testing.assert_allclose(t.embed(TEXTS).vectors, wanted, atol=1e-5)
    assert passes[:2] == [6, 3] and sum(n for n in passes if n <= 2) == 6


def test_a_folder_without_modules(saved, tmp_path):
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    (tmp_path / "modules.json").unlink()
    with pytest.raises(Stop, match="no modules.json: take the kind transformers"):
        teacher(tmp_path).description


def test_code_of_its_own_is_not_run(saved, tmp_path):
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    modules = json.loads((tmp_path / "modules.json").read_text())
    modules[1]["type"] = "custom.Pooling"
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "custom.py").write_text("raise SystemExit")
    with pytest.raises(Stop, match="it comes with code of its own"):
        teacher(tmp_path).embed(["a"])


def test_every_file_that_decides_is_in_the_digest(saved, tmp_path):
    before = teacher(saved).description.weights_digest
    names = teacher(saved).model_files()
    assert {"modules.json", "config_sentence_transformers.json", "model.safetensors", "2_Dense/model.safetensors", "1_Pooling/config.json"} <= set(names)
    for name in names:
        folder = tmp_path / name.replace("/", "-")
        shutil.copytree(saved, folder)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"{", b"{ ", 1) if name.endswith(".json") else content + b"\0")
        assert teacher(folder).description.weights_digest != before, name
