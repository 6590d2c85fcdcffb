"""The bytes of a Parquet file, as parquet.thrift says: its footer and its pages. No number of a file is believed.

Written for spec.py, which knows what a part of a dataset is.
"""

import gzip
import zlib

import numpy as np
import pyarrow as pa

FIELDS_MAX = 1 << 20  # in a footer, all together
DEPTH_MAX = 16
PAGE_MAX = 64 << 20  # bytes, expanded: SPEC 2.3.3
PLAIN, RLE, BYTE_STREAM_SPLIT = 0, 3, 9
INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY = 1, 2, 4, 5, 6
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
CODECS = {0: None, 1: "snappy", 2: "gzip", 6: "zstd"}


class Broken(Exception):
    """A rule of SPEC.md that a file breaks."""

    def __init__(self, rule, what):
        super().__init__(f"{rule}: {what}")
        self.rule = rule


class Compact:
    """Structures in Thrift's compact protocol, as dicts from field number to value."""

    def __init__(self, data, at=0):
        self.data, self.at, self.fields = data, at, 0

    def byte(self):
        if self.at >= len(self.data):
            raise Broken("7.1", "a structure is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value & (1 << 64) - 1
            shift += 7
            if shift > 63:
                raise Broken("7.1", "a number is too long")

    def zigzag(self):
        n = self.varint()
        return n >> 1 ^ -(n & 1)

    def bytes(self):
        size = self.varint()
        if size > len(self.data) - self.at:
            raise Broken("7.3", "a string is longer than the file")
        self.at += size
        return self.data[self.at - size : self.at]

    def struct(self, depth=0):
        if depth > DEPTH_MAX:
            raise Broken("7.3", "structures are nested too deep")
        found, number = {}, 0
        while True:
            self.fields += 1
            if self.fields > FIELDS_MAX:
                raise Broken("7.3", "too many fields")
            head = self.byte()
            if head == 0:
                return found
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            found[number] = head & 15 == 1 if head & 15 in (1, 2) else self.value(head & 15, depth)

    def value(self, kind, depth):
        if kind in (1, 2):  # a truth value in a list
            return self.byte() == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            self.at += 8
            return None
        if kind == 8:
            return self.bytes()
        if kind in (9, 10):
            head = self.byte()
            count = self.varint() if head >> 4 == 15 else head >> 4
            if count > len(self.data) - self.at:
                raise Broken("7.3", "a list is longer than the file")
            return [self.value(head & 15, depth + 1) for _ in range(count)]
        if kind == 12:
            return self.struct(depth + 1)
        raise Broken("7.1", "a field of a kind that is not used")


def footer(data):
    """The metadata at the end of a file."""
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise Broken("7.1", "not a Parquet file")
    size = int.from_bytes(data[-8:-4], "little")
    if size > len(data) - 12:
        raise Broken("7.2", "the footer is longer than the file")
    return Compact(data[len(data) - 8 - size : -8]).struct()


def text(value):
    try:
        return value.decode()
    except (AttributeError, UnicodeDecodeError):
        raise Broken("7.1", "a name that is no text") from None


def leaves(schema):
    """The columns of a flat list of schema elements: the paths' elements, one list each."""
    at = 0

    def group(above):
        nonlocal at
        if at >= len(schema) or len(above) > DEPTH_MAX:
            raise Broken("7.1", "the schema is cut off")
        element = schema[at]
        at += 1
        children = element.get(5) or 0
        if not children:
            return [above + [element]]
        if children > len(schema):
            raise Broken("7.3", "a group has too many columns")
        return [leaf for _ in range(children) for leaf in group(above + [element])]

    if not schema or not schema[0].get(5):
        return []
    found = group([])
    if at != len(schema):
        raise Broken("7.1", "the schema has elements too many")
    return [path[1:] for path in found]


def levels(data, most, count):
    """count levels of 0 to most, from runs and packed bits."""
    width, found, at = most.bit_length(), [], 0
    while len(found) < count:
        reader = Compact(data, at)
        head = reader.varint()
        at = reader.at
        if head & 1:
            size = (head >> 1) * width
            bits = np.unpackbits(np.frombuffer(data[at : at + size], np.uint8), bitorder="little")
            if size == 0 or len(bits) < size * 8:
                raise Broken("7.2", "levels are cut off")
            found += (bits.reshape(-1, width) @ (1 << np.arange(width))).tolist()
            at += size
        else:
            if not head >> 1:
                raise Broken("7.2", "a run of no levels")
            value = reader.byte()
            at = reader.at
            found += [value] * min(head >> 1, count - len(found))
    found = found[:count]
    if max(found, default=0) > most:
        raise Broken("7.2", "a level that cannot be")
    return found


def expand(codec, body, size):
    """A page's bytes as they were before the codec."""
    if CODECS[codec] is None:
        found = body
    elif CODECS[codec] == "gzip":
        found = gzip.decompress(body) if size <= PAGE_MAX else b""
    else:
        try:
            found = pa.Codec(CODECS[codec]).decompress(body, size, asbytes=True)
        except (OSError, ValueError):
            raise Broken("7.3", "a page that does not expand to what it says") from None
    if len(found) != size:
        raise Broken("7.3", "a page that does not expand to what it says")
    return found


def pages(data, chunk):
    """The headers and the bodies of a column chunk's pages."""
    at, end = chunk[9], chunk[9] + chunk[7]
    while at < end:
        reader = Compact(data[:end], at)
        head = reader.struct()
        size, expanded = head.get(3, -1), head.get(2, -1)
        if not 0 <= size <= end - reader.at:
            raise Broken("7.2", "a page is longer than its chunk")
        if not 0 <= expanded <= PAGE_MAX:
            raise Broken("2.3.3", "a page expands to more than 64 MiB")
        body = data[reader.at : reader.at + size]
        if 4 in head and zlib.crc32(body) != head[4] & 0xFFFFFFFF:
            raise Broken("2.3.3", "a page's checksum is of other bytes")
        at = reader.at + size
        yield head, body
