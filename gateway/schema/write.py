"""Writers: from raw values to the canonical encoding, in which an array or map is one block with a positive count."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gateway.model.avrotype import NULL, Array, AvroType, Map, Primitive, Record, Union, nullable
from gateway.schema.shapes import MAX_COMPILED, Raw, branches, regular, write_varint

__all__ = ["Writer", "record_writer", "writer"]

Writer = Callable[[Raw], bytes]


def writer(type_: AvroType) -> Writer:
    """Writes a value of a type."""
    rest, was_nullable = nullable(type_)
    if isinstance(type_, Union):
        if isinstance(rest, Union) or not was_nullable:
            writers = [writer(branch) for branch in type_.branches]
            null_branch = b"" if NULL not in type_.branches else write_varint(type_.branches.index(NULL))
            return lambda raw: null_branch if raw is None else write_varint(raw[0]) + writers[raw[0]](raw[1])
        null, before = branches(type_)
        write_value = writer(rest)
        return lambda raw: null if raw is None else before + write_value(raw)
    if isinstance(type_, Record):
        return record_writer(type_)
    if isinstance(type_, Array):
        write_item = writer(type_.items)
        return lambda raw: b"".join([write_varint(len(raw)), *map(write_item, raw), b"\0"]) if raw else b"\0"
    if isinstance(type_, Map):
        write_entry = writer(type_.values)
        return lambda raw: (
            b"".join(
                [write_varint(len(raw))]
                + [write_varint(len(k)) + k + write_entry(v) for k, v in raw]
                + [b"\0"]
            )
            if raw
            else b"\0"
        )
    if isinstance(type_, Primitive) and type_.name in ("string", "bytes"):
        return lambda raw: write_varint(len(raw)) + raw
    if isinstance(type_, Primitive) and type_.name == "null":
        return lambda _raw: b""
    return lambda raw: raw


@lru_cache(maxsize=MAX_COMPILED)
def record_writer(record: Record) -> Writer:
    """Writes the fields of a record."""
    # For each field what stands for null, what stands before a value, and for an irregular one what writes it.
    writers: list[tuple[bytes, bytes, Writer | None]] = [
        (*branches(field.type), None)
        if regular(field.type, capture=False) is not None
        else (b"", b"", writer(field.type))
        for field in record.fields
    ]

    def write_record(raw: Raw) -> bytes:
        return b"".join(
            [
                write(value) if write is not None else null if value is None else before + value
                for (null, before, write), value in zip(writers, raw, strict=True)
            ]
        )

    return write_record
