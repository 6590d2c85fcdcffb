"""wire.py against Google's own package."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeset.teacher import Description, RowError, wire

UINT32 = st.integers(0, 2**32 - 1)
FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=40)


@given(st.lists(st.text()))
def test_request_is_read_as_it_was_written(messages, texts):
    assert wire.decode_embed_request(messages["EmbedRequest"](texts=texts).SerializeToString()) == texts


@given(st.binary(max_size=200))
def test_any_bytes_are_texts_or_an_error(messages, data):
    from google.protobuf.message import DecodeError

    try:
        texts = wire.decode_embed_request(data)
    except wire.WireError:
        return
    try:
        wanted = messages["EmbedRequest"].FromString(data)
    except DecodeError:
        return  # stricter than we are about fields nobody knows
    assert texts == list(wanted.texts)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5), st.data())
def test_a_cut_request_is_never_another_one(messages, texts, data):
    whole = messages["EmbedRequest"](texts=texts).SerializeToString()
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = wire.decode_embed_request(part)
    except wire.WireError:
        return
    assert found == texts[: len(found)] and len(found) < len(texts)


@given(
    rows=UINT32,
    dims=UINT32,
    vectors=st.binary(max_size=300),
    tokens=st.lists(UINT32),
    truncated=st.lists(st.booleans()),
    errors=st.lists(st.builds(RowError, UINT32, st.text(), st.text())),
)
def test_response(messages, rows, dims, vectors, tokens, truncated, errors):
    found = messages["EmbedResponse"].FromString(
        wire.encode_embed_response(rows, dims, memoryview(vectors), tokens, truncated, errors)
    )
    assert (found.rows, found.dims, found.vectors) == (rows, dims, vectors)
    assert (list(found.tokens), list(found.truncated)) == (tokens, truncated)
    assert [RowError(e.row, e.code, e.message) for e in found.errors] == errors


@given(
    st.builds(
        Description,
        **{
            name: st.text()
            for name in (
                "model revision weights_digest tokenizer_digest pooling truncation name determinism licence languages "
                "question_prefix answer_prefix"
            ).split()
        },
        **{name: UINT32 for name in ("dims", "max_tokens", "api_dimensions", "max_rows")},
        normalised=st.booleans(),
        matryoshka=st.booleans(),
        min_similarity=st.none() | st.floats(allow_nan=False),
    )
)
def test_description(messages, d):
    found = messages["DescribeResponse"].FromString(wire.encode_description(d))
    assert {f.name for f in found.DESCRIPTOR.fields} == set(vars(d)), "a field of the protocol is missing here, or the other way round"
    for name, value in vars(d).items():
        if name == "min_similarity" and value is None:
            assert not found.HasField(name)
        else:
            assert getattr(found, name) == value, name


def test_bytes_are_those_of_googles_package(messages):
    d = Description(model="m", dims=768, name="n", min_similarity=0.0, normalised=True)
    assert wire.encode_description(d) == messages["DescribeResponse"](**vars(d)).SerializeToString(deterministic=True)
    ours = wire.encode_embed_response(1, 2, b"12345678", [300], [True], [RowError(0, "c", "m")])
    theirs = messages["EmbedResponse"](rows=1, dims=2, vectors=b"12345678", tokens=[300], truncated=[True])
    theirs.errors.add(row=0, code="c", message="m")
    assert ours == theirs.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "data, texts",
    [
        (b"", []),
        (b"\x0a\x00", [""]),
        (b"\x10\x05\x0a\x01a", ["a"]),  # another number
        (b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x0a\x01a", ["a"]),  # fixed 64 and 32
        (b"\x08\x07\x0a\x01a", ["a"]),  # field 1, but as a number
    ],
)
def test_unknown_fields_are_passed_over(data, texts):
    assert wire.decode_embed_request(data) == texts


@pytest.mark.parametrize(
    "data, message",
    [
        (b"\x0a", "a number is cut off"),
        (b"\x0a\x05abc", "a field is cut off"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7fa", "a field is cut off"),
        (b"\x0a" + b"\xff" * 10 + b"\x01", "a number is too long"),
        (b"\x02\x00", "a field has an impossible number"),
        (b"\x0b", "a field is of a kind that is not used"),
        (b"\x0a\x02\xc3\x28", "a text is not UTF-8"),
        (b"\x19\x00", "a field is cut off"),
    ],
)
def test_damage_has_a_name_and_no_text(data, message):
    with pytest.raises(wire.WireError) as e:
        wire.decode_embed_request(data)
    assert str(e.value) == message


def test_health():
    assert wire.decode_health_request(b"") == ""
    assert wire.decode_health_request(b"\x0a\x06plugin") == "plugin"
    assert wire.decode_health_request(b"\x0a\x01a\x0a\x06plugin") == "plugin"  # the last one counts
    assert wire.encode_health_serving() == b"\x08\x01"
