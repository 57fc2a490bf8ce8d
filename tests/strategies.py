"""Hypothesis strategies: records that a schema allows, however unlikely, and every way of writing them down.

    raw_records(schema)    raw values of the root record, as `Layout.read` gives them
    payloads(schema)       such a record in canonical encoding
    odd_payloads(schema)   the same records as no canonical writer spells them: arrays in several blocks, negative
                           counts with byte sizes, integers with padding. Valid Avro, never the canonical bytes
    declarations()         Avro schemas that nobody released, as JSON values: maps, enums, fixed, unions of many
    damages()              a function that damages some bytes

`schema` is an AlertSchema or a Record. What records are made of comes from a seed, not from one draw a field:
an LSST record has a thousand fields. Shrinking works nevertheless, because only the `wild` leaves differ from the
plainest record.

The encoder here (`encode`) and the decoder into Python values (`python_value`) say the Avro specification once more,
as simply as can be, and share nothing with `gateway.schema.raw`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from hypothesis import strategies as st

from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Array, AvroType, Enum, Fixed, Map, Primitive, Record, Union

NULL = Primitive("null")
Raw = Any

# Values


def zigzag(value: int, padding: int = 0) -> bytes:
    """A long as Avro writes it, with so many useless bytes more."""
    rest = value * 2 if value >= 0 else -value * 2 - 1
    groups = [rest >> shift & 0x7F for shift in range(0, max(rest.bit_length(), 1), 7)] + [0] * padding
    return bytes(group | 0x80 for group in groups[:-1]) + bytes([groups[-1]])


def number(raw: bytes) -> int:
    """The long that Avro wrote so."""
    value = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(raw))
    return -(value // 2) - 1 if value % 2 else value // 2


def _powers(bits: int) -> list[int]:
    edges = [2**n + d for n in (6, 7, 13, 14, 20, 30, 31, 40, 53, 62, 63) for d in (-1, 0, 1)]
    values = [0, 1, *edges]
    return [v for v in [*values, *(-v for v in values)] if -(2 ** (bits - 1)) <= v < 2 ** (bits - 1)]


_MOMENTS = [
    -62135596800_000000, -62135596800_000001, 253402300799_999999, 253402300800_000000, -1, 1_772_676_890_123_456,
]  # fmt: skip
"""Microseconds since 1970 of the first and last moment that datetime can say, and those beside them."""

INTEGERS = {"int": _powers(32), "long": [*_powers(64), *_MOMENTS]}

_FLOATS = [
    0.0, 1.0, 63.25, 0.1, 1 / 3, 1e-5, 1e15, 1e16, 1e17, 9999999.0, 123456789.0, float("inf"),
    2.0**-13, 2.0**-15, 2.0**40, 2.0**41, 2.0**49, 2.0**24, 2.0**53, 2.0**31,
]  # fmt: skip
_BITS32 = [struct.unpack("<I", struct.pack("<f", x))[0] for x in _FLOATS]
_BITS64 = [struct.unpack("<Q", struct.pack("<d", x))[0] for x in _FLOATS]
BITS = {
    # Numbers and their neighbours, the least and largest (sub)normal numbers, NaN: quiet, signalling, with payload.
    "float": [b + d for b in _BITS32 for d in (-1, 0, 1) if b + d >= 0]
    + [1, 2, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7FC00000, 0x7F800001, 0x7FC12345, 0x7FFFFFFF],
    "double": [b + d for b in _BITS64 for d in (-1, 0, 1) if b + d >= 0]
    + [1, 2, 2**52 - 1, 2**52, 0x7FEFFFFFFFFFFFFF, 2**63 - 1]
    + [0x7FF8 << 48, (0x7FF0 << 48) + 1, (0x7FF8 << 48) + 12345],
}
"""Bit patterns without sign."""

STRINGS = [
    "", " ", "a", "AL11abc", "x" * 11, "x" * 12, "x" * 13, "x" * 63, "x" * 64, "x" * 200,
    " both ends ", "a  b", "\n", "\t", "\r\n", "a\rb", "]]>", "<b>&amp;</b>", "\"'", "ivo://a/b#c",
    "NaN", "null", "true", "0", "-0", "1e5",
    "\u00e9t\u00e9", "\u2603", "\U0001d11e", "\ue000", "\ufffd", "\ufeff", "\u0085", "\u2028", "\U0010ffff",
    "\ufffe", "\uffff", "\x7f", "\x80", "a\0b", *map(chr, range(32)),
]  # fmt: skip
"""Texts; many cannot be written in XML, or not without care."""

HUGE = 70_000
"""Length of a huge string or bytes."""


def _wild_leaf(type_: AvroType, random: Random) -> Raw:
    """A raw value of a leaf type, mostly an extreme one."""
    if isinstance(type_, Fixed):
        return random.randbytes(type_.size)
    if isinstance(type_, Enum):
        return zigzag(random.randrange(len(type_.symbols)))
    assert isinstance(type_, Primitive)
    name = type_.name
    if name == "boolean":
        return random.choice((b"\0", b"\1"))
    if name in INTEGERS:
        bits = 32 if name == "int" else 64
        any_size = random.getrandbits(random.randint(1, bits)) - 2 ** (bits - 1) * random.getrandbits(1)
        limit = 2 ** (bits - 1)
        return zigzag(
            random.choice((random.choice(INTEGERS[name]), (any_size + limit) % (2 * limit) - limit))
        )
    if name in BITS:
        bits = 32 if name == "float" else 64
        nice = round(random.uniform(-100, 100), random.randint(0, 9))
        (nice_bits,) = struct.unpack(
            "<I" if bits == 32 else "<Q", struct.pack("<f" if bits == 32 else "<d", nice)
        )
        extreme = random.choice(BITS[name]) ^ random.getrandbits(1) << bits - 1
        return random.choice((extreme, extreme, random.getrandbits(bits), nice_bits)).to_bytes(
            bits // 8, "little"
        )
    if name in ("string", "bytes") and random.random() < 0.005:
        return random.choice((b"x", b"\n", b"\xe2\x98\x83", b"<")) * HUGE
    if name == "string":
        return "".join(random.choice(STRINGS) for _ in range(random.choice((1, 1, 1, 2, 5)))).encode()
    if name == "bytes":
        return random.choice(
            (b"", b"\0", b"\xff\xd8", random.randbytes(random.randrange(64)), random.randbytes(300))
        )
    return None


def _plain_leaf(type_: AvroType) -> Raw:
    if isinstance(type_, Fixed):
        return bytes(type_.size)
    if isinstance(type_, Enum):
        return b"\0"
    assert isinstance(type_, Primitive)
    plain = {"float": bytes(4), "double": bytes(8), "string": b"", "bytes": b"", "null": None}
    return plain.get(type_.name, b"\0")


class _Maker:
    """Makes one value: leaf number n is wild when n is in `wild` (None: all are), and else null or zero."""

    def __init__(self, seed: int, wild: frozenset[int] | None, rows: int) -> None:
        self.random, self.wild, self.rows, self.leaf = Random(seed), wild, rows, -1

    def value(self, type_: AvroType) -> Raw:
        random = self.random
        if isinstance(type_, Record):
            return [self.value(field.type) for field in type_.fields]
        if isinstance(type_, Array):
            return [self.value(type_.items) for _ in range(random.randint(0, self.rows))]
        if isinstance(type_, Map):
            keys = dict.fromkeys(random.choice(STRINGS).encode() for _ in range(random.randint(0, self.rows)))
            return [(key, self.value(type_.values)) for key in keys]
        if isinstance(type_, Union):
            return self.branch(type_)
        self.leaf += 1
        return (
            _wild_leaf(type_, random) if self.wild is None or self.leaf in self.wild else _plain_leaf(type_)
        )

    def branch(self, union: Union) -> Raw:
        choices = [place for place, branch in enumerate(union.branches) if branch != NULL]
        nested = any(isinstance(union.branches[place], (Record, Array, Map)) for place in choices)
        if not nested:
            self.leaf += 1
        wild = nested or self.wild is None or self.leaf in self.wild
        if NULL in union.branches and (not choices or not wild or self.random.random() < 0.2):
            return None
        place = self.random.choice(choices)
        branch = union.branches[place]
        value = self.value(branch) if nested else _wild_leaf(branch, self.random)
        only = len(choices) == 1 and NULL in union.branches
        return value if only else (place, value)


def _root(schema: AlertSchema | Record) -> Record:
    return schema if isinstance(schema, Record) else schema.root


_WILD = st.one_of(st.frozensets(st.integers(0, 40) | st.integers(0, 2000), max_size=6), st.none(), st.none())


def raw_records(schema: AlertSchema | Record, rows: int = 3) -> st.SearchStrategy[list[Raw]]:
    """Raw values of the root record; arrays have up to `rows` items."""
    root = _root(schema)
    return st.builds(
        lambda seed, wild, most: _Maker(seed, wild, most).value(root),
        st.integers(0, 2**32 - 1),
        _WILD,
        st.integers(0, rows),
    )


def payloads(schema: AlertSchema | Record, rows: int = 3) -> st.SearchStrategy[bytes]:
    """Records in canonical encoding."""
    root = _root(schema)
    return raw_records(schema, rows).map(lambda raw: encode(root, raw))


def odd_payloads(schema: AlertSchema | Record, rows: int = 3) -> st.SearchStrategy[bytes]:
    """Records in an encoding that is valid but not the canonical one."""
    root = _root(schema)

    def write(raw: list[Raw], seed: int, often: float) -> bytes:
        canonical = encode(root, raw)
        written = encode(root, raw, Oddities(seed, often))
        return written if written != canonical else encode(root, raw, Oddities(seed, 1.0))

    often = st.sampled_from((0.02, 0.2, 1.0))
    return st.builds(write, raw_records(schema, rows), st.integers(0, 2**32 - 1), often)


# Writing and understanding


class Oddities:
    """Decides, from a seed, where an encoding departs from the canonical one."""

    def __init__(self, seed: int, often: float) -> None:
        self.random, self.often = Random(seed), often

    def padded(self, canonical: bytes, longest: int) -> bytes:
        if self.random.random() >= self.often or len(canonical) >= longest:
            return canonical
        return zigzag(number(canonical), self.random.randint(1, longest - len(canonical)))

    def blocks(self, items: list[bytes]) -> bytes:
        """An array or map in one or more blocks, with or without their sizes in bytes."""
        out = b""
        while items:
            odd = self.random.random() < self.often
            size = self.random.randint(1, len(items)) if odd else len(items)
            block, items = items[:size], items[size:]
            data = b"".join(block)
            if self.random.random() < self.often:
                out += self.padded(zigzag(-size), 10) + self.padded(zigzag(len(data)), 10) + data
            else:
                out += self.padded(zigzag(size), 10) + data
        return out + self.padded(b"\0", 10)


_CANONICAL = Oddities(0, 0.0)


def encode(type_: AvroType, raw: Raw, odd: Oddities = _CANONICAL) -> bytes:
    """A raw value as Avro's binary encoding; canonical unless told otherwise."""
    if isinstance(type_, Record):
        return b"".join(
            encode(field.type, value, odd) for field, value in zip(type_.fields, raw, strict=True)
        )
    if isinstance(type_, Array):
        return odd.blocks([encode(type_.items, item, odd) for item in raw])
    if isinstance(type_, Map):
        return odd.blocks([odd.padded(zigzag(len(k)), 10) + k + encode(type_.values, v, odd) for k, v in raw])
    if isinstance(type_, Union):
        branch, value = choice(type_, raw)
        return zigzag(branch) + encode(type_.branches[branch], value, odd)
    if isinstance(type_, Fixed):
        return raw
    if isinstance(type_, Enum):
        return odd.padded(raw, 5)
    if type_.name in ("string", "bytes"):
        return odd.padded(zigzag(len(raw)), 10) + raw
    if type_.name in INTEGERS:
        return odd.padded(raw, 5 if type_.name == "int" else 10)
    return b"" if type_.name == "null" else raw


def choice(union: Union, raw: Raw) -> tuple[int, Raw]:
    """The number of the branch that a raw value of a union has, and the value alone."""
    if raw is None:
        return union.branches.index(NULL), None
    others = [place for place, branch in enumerate(union.branches) if branch != NULL]
    if len(others) == 1 and NULL in union.branches:
        return others[0], raw
    return raw


def python_value(type_: AvroType, raw: Raw) -> Any:
    """A raw value as fastavro decodes it (without logical types)."""
    if isinstance(type_, Record):
        return {
            field.name: python_value(field.type, value)
            for field, value in zip(type_.fields, raw, strict=True)
        }
    if isinstance(type_, Array):
        return [python_value(type_.items, item) for item in raw]
    if isinstance(type_, Map):
        return {key.decode(): python_value(type_.values, value) for key, value in raw}
    if isinstance(type_, Union):
        branch, value = choice(type_, raw)
        return python_value(type_.branches[branch], value)
    if isinstance(type_, Enum):
        return type_.symbols[number(raw)]
    if isinstance(type_, Fixed):
        return raw
    convert: dict[str, Callable[[bytes], Any]] = {
        "boolean": lambda b: b == b"\1",
        "int": number,
        "long": number,
        "float": lambda b: struct.unpack("<f", b)[0],
        "double": lambda b: struct.unpack("<d", b)[0],
        "string": bytes.decode,
        "bytes": bytes,
        "null": lambda _: None,
    }
    return convert[type_.name](raw)


# Schemas that nobody released

_SCALARS = ("boolean", "int", "long", "float", "double", "bytes", "string")


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Any]:
    """A schema that is valid Avro and a record, as JSON values, of any types."""
    names = (f"T{number}" for number in count())

    def record(depth: int) -> Any:
        title = next(names)
        fields = [{"name": f"f{i}", "type": type_(depth + 1)} for i in range(draw(st.integers(1, 5)))]
        return {"type": "record", "name": title, "fields": fields}

    def scalar(_: int) -> Any:
        return draw(st.sampled_from((*_SCALARS, {"type": "long", "logicalType": "timestamp-micros"})))

    def fixed(_: int) -> Any:
        return {"type": "fixed", "name": next(names), "size": draw(st.integers(1, 20))}

    def enum(_: int) -> Any:
        return {
            "type": "enum",
            "name": next(names),
            "symbols": [f"S{i}" for i in range(draw(st.integers(1, 5)))],
        }

    def array(depth: int) -> Any:
        return {"type": "array", "items": type_(depth + 1)}

    def map_(depth: int) -> Any:
        return {"type": "map", "values": type_(depth + 1)}

    def union(depth: int) -> Any:
        others = [fixed, enum, *([record, array, map_] if depth < 3 else [])]
        parts: list[Any] = ["null"] if draw(st.booleans()) else []
        parts += draw(st.lists(st.sampled_from(_SCALARS), min_size=not parts, max_size=3, unique=True))
        chosen = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
        return draw(st.permutations(parts + [make(depth + 1) for make in chosen]))

    def type_(depth: int) -> Any:
        deep = [record, array, map_] if depth < 4 else []
        return draw(st.sampled_from([scalar, scalar, fixed, enum, union, union, *deep]))(depth)

    return record(0)


# Damage

_Damage = Callable[[bytes, int, bytes], bytes]


def damages() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    """A function that damages bytes: cut, flipped, replaced, inserted, removed, repeated."""

    def cut(data: bytes, at: int, _: bytes) -> bytes:
        return data[:at]

    def flip(data: bytes, at: int, part: bytes) -> bytes:
        return (
            data[:at] + bytes([data[at] ^ 1 << part[0] % 8]) + data[at + 1 :]
            if at < len(data)
            else data + b"\0"
        )

    def replace(data: bytes, at: int, part: bytes) -> bytes:
        return data[:at] + part + data[at + len(part) :]

    def insert(data: bytes, at: int, part: bytes) -> bytes:
        return data[:at] + part + data[at:]

    def remove(data: bytes, at: int, part: bytes) -> bytes:
        return data[:at] + data[at + len(part) :]

    def repeat(data: bytes, at: int, part: bytes) -> bytes:
        return data[:at] + data[at : at + 7 * len(part)] + data[at:]

    # Varints of every size and sign are worth more than bytes drawn at random.
    varints = [zigzag(v) for v in (0, 1, -1, 2, 3, 64, -64, 2**20, 2**30, -(2**30), 2**62, -(2**63))]
    overlong = [b"\xff" * 12, b"\x80" * 12, b"\xff" * 9 + b"\1", b"\xff" * 9 + b"\x7f", b"\x80" * 9 + b"\0"]
    parts = st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(varints), st.sampled_from(overlong))

    def build(how: _Damage, place: float, early: bool, part: bytes) -> Callable[[bytes], bytes]:
        return lambda data: how(data, int(place * (min(len(data), 64) if early else len(data))), part)

    return st.builds(
        build,
        st.sampled_from((cut, flip, replace, insert, remove, repeat)),
        st.floats(0, 1),
        st.booleans(),
        parts,
    )
