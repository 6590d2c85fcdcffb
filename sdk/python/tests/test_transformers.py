"""The kind transformers, on tiny models with random weights, against direct calls."""

import json

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from cubeset.teacher import Stop
from cubeset.teacher.kinds import make
from cubeset.teacher.kinds.pooling import MODES
from cubeset.teacher.kinds.torch_kind import out_of_memory
from cubeset.teacher.kinds.transformers import dtype_argument

WORDS = "what where is the parcel museum open when how train day nothing known town a".split()
TEXTS = ["what is the train", "a", "where is the parcel when the museum is open", "nothing", "the town", "how is a day " * 9]


@pytest.fixture(scope="module")
def library():
    from conftest import need

    need("torch")
    return need("transformers")


@pytest.fixture(scope="module", params=["BertModel", "GPT2Model"])
def model(request, library, tmp_path_factory):
    return save(library, tmp_path_factory.mktemp(request.param), request.param)


def save(library, folder, kind, side="right", **config):
    """A tiny model of that kind, and a tokenizer of words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["[PAD]", "[UNK]", *WORDS])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"model_input_names": ["input_ids", "attention_mask"]} if kind == "GPT2Model" else {"pad_token": "[PAD]"}
    fast = library.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", padding_side=side, **special)
    fast.save_pretrained(folder)
    torch.manual_seed(5)
    cls = getattr(library, kind)
    sizes = {
        "BertModel": dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=24),
        "GPT2Model": dict(n_embd=16, n_layer=2, n_head=2, n_positions=24),
        "T5Model": dict(d_model=16, d_ff=32, num_layers=1, num_heads=2, d_kv=8),
    }[kind]
    cls(cls.config_class(vocab_size=len(WORDS) + 2, **sizes, **config)).eval().save_pretrained(folder)
    return folder


def direct(library, folder, texts, pooling="mean", limit=24, normalise=True):
    """One text at a time: no padding, no mask, nothing of the package."""
    import torch

    tokenizer = library.AutoTokenizer.from_pretrained(folder)
    model = library.AutoModel.from_pretrained(folder).eval()
    found = []
    for text in texts:
        with torch.no_grad():
            rows = model(**tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")).last_hidden_state[0].double().numpy()
        v = {"mean": rows.mean(0), "cls": rows[0], "last": rows[-1], "max": rows.max(0)}[pooling]
        found.append(v / np.linalg.norm(v) if normalise else v)
    return np.array(found)


def teacher(folder, **settings):
    return make("transformers", json.dumps({"model": str(folder), "device": "cpu", **settings}))


@pytest.mark.parametrize("pooling", MODES)
def test_vectors_are_the_models_own(library, model, pooling):
    found = teacher(model, pooling=pooling).embed(TEXTS)
    np.testing.assert_allclose(found.vectors, direct(library, model, TEXTS, pooling), atol=1e-5)
    assert found.tokens == [4, 1, 9, 1, 2, 24] and found.truncated == [False] * 5 + [True]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_side_of_the_tokenizers_padding_changes_nothing(library, tmp_path, side):
    folder = save(library, tmp_path, "GPT2Model", side)
    for pooling in ("last", "mean"):
        np.testing.assert_allclose(teacher(folder, pooling=pooling).embed(TEXTS).vectors, direct(library, folder, TEXTS, pooling), atol=1e-5)


def test_without_scaling(library, model):
    found = teacher(model, normalise=False, max_tokens=3).embed(TEXTS)
    np.testing.assert_allclose(found.vectors, direct(library, model, TEXTS, limit=3, normalise=False), atol=1e-5)
    assert found.truncated == [True, False, True, False, False, True]


def test_a_vector_does_not_depend_on_the_batch(model):
    t = teacher(model)
    together = t.embed(TEXTS).vectors
    for i, text in enumerate(TEXTS):
        np.testing.assert_allclose(t.embed([text]).vectors[0], together[i], atol=1e-5)


@pytest.mark.parametrize("error", [RuntimeError("[enforce fail at alloc_cpu.cpp:66] DefaultCPUAllocator: can't allocate memory"), MemoryError()])
def test_a_pass_that_runs_out_of_memory_is_halved(library, model, error):
    t = teacher(model)
    wanted = t.embed(TEXTS).vectors
    real, passes = t.model, []

    def small(**feed):
        passes.append(len(feed["input_ids"]))
        if passes[-1] > 2:
            raise error
        return real(**feed)

    t.model = small
    found = t.embed(TEXTS)
    np.testing.assert_allclose(found.vectors, wanted, atol=1e-5)
    assert passes[:2] == [6, 3] and sum(n for n in passes if n <= 2) == 6


def test_other_errors_of_the_model_pass(model):
    t = teacher(model)
    t.embed(["a"])

    def broken(**_):
        raise RuntimeError("sizes differ")

    t.model = broken
    with pytest.raises(RuntimeError, match="sizes differ"):
        t.embed(["a"])


def test_what_a_lack_of_memory_is_called():
    assert out_of_memory(MemoryError()) and out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert out_of_memory(RuntimeError("MPS backend: not enough memory")) and not out_of_memory(RuntimeError("memory format"))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_other_types_of_weights(library, model, dtype):
    import torch

    t = teacher(model, dtype=dtype)
    assert t.description.revision.endswith(" " + dtype) and teacher(model).description.revision.endswith(" transformers-1")
    if dtype == "float16" and int(torch.__version__.split(".")[0]) < 2:
        pytest.skip("this torch computes in float16 on cards only")
    found = t.embed(TEXTS)
    assert next(t.model.parameters()).dtype == getattr(torch, dtype) and found.vectors.dtype == np.float32
    assert (np.sum(found.vectors * direct(library, model, TEXTS), axis=1) > 0.99).all()


def test_a_device_that_is_not_there(library, model):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(Stop, match="device: this torch has no cuda:1"):
        teacher(model, device="cuda:1").embed(["a"])
    t = teacher(model, device="auto")
    t.embed(["a"])
    assert t.device.type in ("cpu", "mps")


def test_weights_that_are_not_all_there(library, tmp_path):
    """The library would fill them up with random numbers, other ones each time."""
    from safetensors.torch import load_file, save_file

    folder = save(library, tmp_path, "BertModel")
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    tensors.pop("pooler.dense.weight")  # which nobody needs here
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(Stop, match="the weights lack 1 tensors, encoder.layer.1.output.dense.weight among them"):
        teacher(folder).embed(["a"])


def test_weights_that_may_hold_a_program(library, tmp_path):
    import torch
    from safetensors.torch import load_file

    folder = save(library, tmp_path, "BertModel")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(Stop, match="may hold a program"):
        teacher(folder).description
    np.testing.assert_allclose(teacher(folder, pickle=True).embed(TEXTS).vectors, direct(library, folder, TEXTS), atol=1e-5)


def test_an_encoder_with_a_decoder(library, tmp_path):
    folder = save(library, tmp_path, "T5Model")
    with pytest.raises(Stop, match="it has an encoder and a decoder"):
        teacher(folder).embed(["a"])


def test_code_that_comes_with_a_model_is_not_run(library, tmp_path):
    folder = save(library, tmp_path, "BertModel")
    config = json.loads((folder / "config.json").read_text())
    config.update(model_type="mine", auto_map={"AutoConfig": "code.Config", "AutoModel": "code.Model"})
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    with pytest.raises(Stop, match="cannot be loaded"):
        teacher(folder).embed(["a"])
    assert not (tmp_path / "ran").exists()


def test_large_models_get_few_texts_a_call(model, monkeypatch):
    from cubeset.teacher.kinds import torch_kind

    assert teacher(model).description.max_rows == 64
    monkeypatch.setattr(torch_kind, "_LARGE", 1)
    assert teacher(model).description.max_rows == 8
    assert teacher(model, max_rows=3).description.max_rows == 3


def test_what_the_library_calls_the_type():
    assert (dtype_argument("4.44.2"), dtype_argument("5.0.0")) == ("torch_dtype", "dtype")
