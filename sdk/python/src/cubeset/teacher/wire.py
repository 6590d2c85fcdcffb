"""The messages of teacher.proto as bytes, and back.

Written by hand on purpose: generated code is tied to a range of versions of the protobuf package, and the libraries
that models need pin others. Five small messages need forty lines of the format, which has not changed since 2008; a
test compares every message with what Google's own package makes of it.
"""

from __future__ import annotations

import struct
from typing import Iterator, Sequence, Union

from .batch import RowError
from .description import Description

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are not a protobuf message."""


def decode_embed_request(data: bytes) -> list[str]:
    """The texts of an EmbedRequest."""
    try:
        return [value.decode() for number, value in _fields(data) if number == 1 and isinstance(value, bytes)]
    except UnicodeDecodeError:
        raise WireError("a text is not UTF-8") from None


def encode_embed_response(
    rows: int,
    dims: int,
    vectors: Union[bytes, memoryview],
    tokens: Sequence[int],
    truncated: Sequence[bool],
    errors: Sequence[RowError],
) -> bytes:
    """An EmbedResponse; vectors are rows × dims little-endian float32."""
    parts: list[Union[bytes, memoryview]] = [_number(1, rows), _number(2, dims)]
    if vectors:
        parts += [_tag(3, _BYTES), _varint(len(vectors)), vectors]
    parts.append(_packed(4, tokens))
    parts.append(_packed(5, truncated))
    for e in errors:
        parts.append(_message(6, _number(1, e.row) + _string(2, e.code) + _string(3, e.message)))
    return b"".join(parts)


def encode_description(d: Description) -> bytes:
    """A DescribeResponse."""
    message = (
        _string(1, d.name)
        + _string(2, d.model)
        + _string(3, d.revision)
        + _string(4, d.weights_digest)
        + _string(5, d.tokenizer_digest)
        + _string(6, d.pooling)
        + _string(7, d.truncation)
        + _number(8, d.normalised)
        + _number(9, d.dims)
        + _number(10, d.max_tokens)
        + _number(11, d.api_dimensions)
        + _number(12, d.max_rows)
        + _string(13, d.determinism)
        + _string(14, d.licence)
        + _string(15, d.languages)
    )
    if d.min_similarity is not None:  # optional: zero is a value
        message += _tag(16, _FIXED64) + struct.pack("<d", d.min_similarity)
    return message + _string(17, d.question_prefix) + _string(18, d.answer_prefix) + _number(19, d.matryoshka)


def decode_health_request(data: bytes) -> str:
    """The service a HealthCheckRequest asks for."""
    service = b""
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            service = value  # the last one counts
    return service.decode(errors="replace")


def encode_health_serving() -> bytes:
    """A HealthCheckResponse that says SERVING."""
    return _number(1, 1)


def _fields(data: bytes) -> Iterator[tuple[int, Union[bytes, int]]]:
    """The fields of a message, the unknown ones too."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0 or number >= 1 << 29:
            raise WireError("a field has an impossible number")
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind == _FIXED64:
            size = 8
        elif kind == _FIXED32:
            size = 4
        else:
            raise WireError("a field is of a kind that is not used")
        if size > end - at:
            raise WireError("a field is cut off")
        yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise WireError("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise WireError("a number is too long")


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _number(number: int, n: int) -> bytes:
    return _tag(number, _VARINT) + _varint(int(n)) if n else b""


def _message(number: int, body: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(body)) + body


def _string(number: int, s: str) -> bytes:
    return _message(number, s.encode()) if s else b""


def _packed(number: int, values: Sequence[int]) -> bytes:
    return _message(number, b"".join(_varint(int(v)) for v in values)) if len(values) else b""
