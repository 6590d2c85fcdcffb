"""What a model's small files say."""

import pytest

from cubeset.teacher import Stop
from cubeset.teacher.kinds.folder import Folder, find
from cubeset.teacher.kinds.settings import Settings


@pytest.fixture
def folder(write):
    def folder(**files):
        return Folder(write(**files), "m", "local")

    return folder


@pytest.mark.parametrize(
    "files, asked, tokens",
    [
        ({}, None, 0),
        ({}, 99, 99),
        ({"config": {"max_position_embeddings": 512}}, None, 512),
        ({"config": {"n_positions": 1024}}, None, 1024),
        ({"config": {"max_position_embeddings": 512}}, 128, 128),
        ({"config": {"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1}}, None, 512),
        ({"config": {"text_config": {"max_position_embeddings": 64}}}, None, 64),
        ({"config": {"max_position_embeddings": 512}, "sentence_bert_config": {"max_seq_length": 256}}, None, 256),
        ({"config": {"max_position_embeddings": 512}, "tokenizer_config": {"model_max_length": 300}}, None, 300),
        ({"tokenizer_config": {"model_max_length": 1e30}}, None, 0),
    ],
)
def test_how_many_tokens_are_read(folder, files, asked, tokens):
    assert folder(**files).max_tokens(asked) == tokens


def test_more_tokens_than_the_model_has_places(folder):
    with pytest.raises(Stop, match="max_tokens: 513, but m reads 512 at most"):
        folder(config={"max_position_embeddings": 512}).max_tokens(513)


@pytest.mark.parametrize(
    "config, mode",
    [
        ({}, "mean"),
        ({"pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False}, "last"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode": "lasttoken"}, "last"),
    ],
)
def test_pooling_is_what_the_files_say(folder, config, mode):
    assert folder(**{"1_Pooling__config": config}).pooling(None) == mode


def test_pooling_is_what_the_modules_say(folder):
    modules = [{"type": "sentence_transformers.models.Pooling", "path": "other"}]
    f = folder(modules=modules, other__config={"pooling_mode_cls_token": True})
    assert f.pooling(None) == "cls" and f.pooling("last") == "last"


@pytest.mark.parametrize(
    "config, said",
    [
        ({"pooling_mode_weightedmean_tokens": True}, "pooling by weightedmean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, "pooling by cls and max"),
    ],
)
def test_pooling_nobody_here_knows(folder, config, said):
    with pytest.raises(Stop, match=said):
        folder(**{"1_Pooling__config": config}).pooling(None)


def test_whether_vectors_are_scaled(folder):
    assert folder().normalises() is None
    of = lambda *kinds: [{"type": f"sentence_transformers.models.{k}", "path": k} for k in kinds]
    assert folder(modules=of("Transformer", "Pooling")).normalises() is False
    assert folder(modules=of("Transformer", "Normalize")).normalises() is True


@pytest.mark.parametrize(
    "prompts, default, asked, found",
    [
        ({}, None, (None, None), ("", "")),
        ({"query": "q: ", "passage": "p: "}, None, (None, None), ("q: ", "p: ")),
        ({"query": "q: ", "document": ""}, None, (None, None), ("q: ", "")),
        ({"query": "q: ", "passage": "p: "}, None, ("x ", None), ("x ", "p: ")),
        ({"query": "q: "}, None, ("", None), ("", "")),
        ({"sts": "s: "}, "sts", (None, None), ("s: ", "s: ")),
        ({"query": "q: ", "sts": "s: "}, "sts", (None, None), ("q: ", "s: ")),
    ],
)
def test_prefixes(folder, prompts, default, asked, found):
    f = folder(config_sentence_transformers={"prompts": prompts, "default_prompt_name": default})
    assert f.prefixes(*asked) == found


def test_a_prompt_by_its_name(folder):
    f = folder(config_sentence_transformers={"prompts": {"b": "B: ", "a": "A: ", "bad": 3}})
    assert f.prompt("a") == "A: "
    with pytest.raises(Stop, match="m: no prompt 'c'; it has a, b"):
        f.prompt("c")


def test_prompts_left_out_of_the_pooling(folder):
    f = folder(config_sentence_transformers={"prompts": {"query": "q: "}}, **{"1_Pooling__config": {"include_prompt": False}})
    with pytest.raises(Stop, match="leaves its prompts out"):
        f.prefixes(None, None)
    assert f.prefixes("", "") == ("", "")


def test_weights(folder):
    assert folder(**{"model.safetensors": b"w"}).weights(False) == ["model.safetensors"]


def test_weights_in_shards(folder):
    index = {"weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors"}}
    f = folder(**{"model.safetensors.index.json": index, "model-1.safetensors": b"1"})
    with pytest.raises(Stop, match="model-2.safetensors is missing: the model is not all there"):
        f.weights(False)
    (f.path / "model-2.safetensors").write_bytes(b"2")
    assert f.weights(False) == ["model.safetensors.index.json", "model-1.safetensors", "model-2.safetensors"]


def test_weights_that_may_hold_a_program(folder):
    f = folder(**{"pytorch_model.bin": b"p"})
    with pytest.raises(Stop, match="pytorch_model.bin may hold a program; set pickle"):
        f.weights(False)
    assert f.weights(True) == ["pytorch_model.bin"]
    (f.path / "model.safetensors").write_bytes(b"w")
    assert f.weights(True) == ["model.safetensors"], "the safe ones come first"


def test_no_weights(folder):
    with pytest.raises(Stop, match="m: no model.safetensors$"):
        folder().weights(True)
    with pytest.raises(Stop, match="m: no model.safetensors in 0_Transformer"):
        folder().weights(True, "0_Transformer")


def test_tokenizer_files(folder):
    f = folder(**{"tokenizer.json": {}, "vocab.txt": b"a", "spiece.model": b"s", "merges.txt": b"m", "config": {}, "model.safetensors": b"w"})
    assert f.tokenizer_files() == ["merges.txt", "spiece.model", "tokenizer.json", "vocab.txt"]


def test_a_file_that_is_damaged(folder):
    with pytest.raises(Stop, match="m: config.json: JSONDecodeError$"):
        folder(**{"config.json": b'{"secret'}).hidden_size()


@pytest.mark.parametrize("config, size", [({"hidden_size": 384}, 384), ({"n_embd": 768}, 768), ({"dim": 7}, 7), ({"d_model": 5}, 5), ({}, None)])
def test_hidden_size(folder, config, size):
    assert folder(config=config).hidden_size() == size


def test_a_folder_is_found(tmp_path):
    f = find(Settings(model=str(tmp_path)), ())
    assert (f.path, f.model, f.revision) == (tmp_path, tmp_path.name, "local")
    f = find(Settings(model=str(tmp_path), model_name="me/mine", revision="2"), ())
    assert (f.model, f.revision) == ("me/mine", "2")


@pytest.mark.parametrize(
    "values, said",
    [
        ({"model": "./none"}, "model: no folder ./none"),
        ({"model": "/none/at/all"}, "model: no folder /none/at/all"),
        ({"model": "name"}, "model: no folder name"),
        ({"model": "me/mine"}, "revision: me/mine needs a commit of 40 hex digits"),
        ({"model": "me/mine", "revision": "main"}, "revision: me/mine needs a commit of 40 hex digits"),
    ],
)
def test_what_is_not_found(values, said):
    with pytest.raises(Stop, match=said):
        find(Settings(**values), ())


@pytest.mark.parametrize("there", [False, True])
def test_the_cache_of_hugging_face(tmp_path, there):
    """Without download nothing is asked of the network: the cache has it or it is not to be had."""
    from conftest import need

    need("huggingface_hub")
    commit = "0123456789" * 4
    snapshot = tmp_path / "models--me--mine" / "snapshots" / commit
    s = Settings(model="me/mine", revision=commit, cache_dir=str(tmp_path))
    if there:
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
        f = find(s, ("*.json",))
        assert (f.path, f.model, f.revision) == (snapshot, "me/mine", commit)
    else:
        with pytest.raises(Stop, match=r"me/mine at 012345678901 is not to be had \(\w+\); set download to fetch it$"):
            find(s, ("*.json",))
