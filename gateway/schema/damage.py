"""What is wrong with a datum: where the damage is, in which field, and of what kind.

`gateway.schema.raw` reads fast and only notices *that* something is wrong. Here every value is read one after
the other, with every check that the Avro specification asks for ("Binary Encoding").
"""

from __future__ import annotations

from typing import NoReturn

from gateway.errors import AvroError, GatewayError, Where
from gateway.model.avrotype import Array, AvroType, Enum, Fixed, Map, Record, Union
from gateway.model.fieldpath import FieldPath

__all__ = ["explain"]


def explain(data: bytes, root: Record, start: int = 0) -> NoReturn:
    """Raise the AvroError that says what is wrong with a datum that could not be read."""
    walker = _Walker(data, start)
    end = walker.walk(root, FieldPath(()))
    raise AvroError(
        "avro-trailing",
        f"{len(data) - end} bytes follow the end of the record.",
        where=Where(offset=end),
    )


class _Walker:
    """Reads one value after the other with every check the Avro specification asks for."""

    def __init__(self, data: bytes, pos: int) -> None:
        self.data, self.pos = data, pos

    def fail(self, code: str, message: str, path: FieldPath, at: int | None = None) -> GatewayError:
        return AvroError(
            code, message, where=Where(offset=self.pos if at is None else at, path=str(path) or None)
        )

    def take(self, size: int, path: FieldPath) -> None:
        if self.pos + size > len(self.data):
            raise self.fail("avro-truncated", "The data end inside a value.", path, len(self.data))
        self.pos += size

    def number(self, path: FieldPath, bits: int = 64) -> int:
        start = self.pos
        most = 5 if bits == 32 else 10
        for size in range(1, most + 1):
            if start + size > len(self.data):
                raise self.fail("avro-truncated", "The data end inside an integer.", path, len(self.data))
            if self.data[start + size - 1] < 0x80:
                break
        else:
            raise self.fail("avro-varint", f"An integer is longer than {bits} bits.", path)
        value = 0
        for byte in reversed(self.data[start : start + size]):
            value = value << 7 | byte & 0x7F
        if value >> bits:
            raise self.fail("avro-varint", f"An integer is longer than {bits} bits.", path)
        self.pos = start + size
        return (value >> 1) ^ -(value & 1)

    def length(self, path: FieldPath) -> int:
        start = self.pos
        size = self.number(path)
        if size < 0:
            raise self.fail("avro-length", "A length is negative.", path, start)
        if size > len(self.data) - self.pos:
            raise self.fail("avro-length", "A length is larger than the rest of the data.", path, start)
        return size

    def walk(self, type_: AvroType, path: FieldPath) -> int:
        if isinstance(type_, Record):
            for field in type_.fields:
                self.walk(field.type, path / field.name)
        elif isinstance(type_, Union):
            start = self.pos
            branch = self.number(path)
            # The fast code knows the one-byte spelling of a branch number only; nobody writes another.
            if not 0 <= branch < len(type_.branches) or self.pos - start != 1:
                raise self.fail("avro-branch", "A union branch number does not exist.", path, start)
            self.walk(type_.branches[branch], path)
        elif isinstance(type_, (Array, Map)):
            self.blocks(type_, path)
        elif isinstance(type_, Fixed):
            self.take(type_.size, path)
        elif isinstance(type_, Enum):
            start = self.pos
            if not 0 <= self.number(path, 32) < len(type_.symbols):
                raise self.fail(
                    "avro-value", "An enum has a number for which there is no symbol.", path, start
                )
        else:
            self.primitive(type_.name, path)
        return self.pos

    def blocks(self, type_: Array | Map, path: FieldPath) -> None:
        while True:
            start = self.pos
            count = self.number(path)
            if count < 0:
                count = -count
                self.length(path)
            if count == 0:
                return
            if count > len(self.data) - self.pos:
                raise self.fail("avro-length", "A count is larger than the rest of the data.", path, start)
            for _ in range(count):
                if isinstance(type_, Map):
                    self.primitive("string", path)
                    self.walk(type_.values, path.entries())
                else:
                    self.walk(type_.items, path.items())

    def primitive(self, name: str, path: FieldPath) -> None:
        if name == "boolean":
            self.take(1, path)
            if self.data[self.pos - 1] > 1:
                raise self.fail("avro-boolean", "A boolean is neither 0 nor 1.", path, self.pos - 1)
        elif name in ("int", "long"):
            self.number(path, 32 if name == "int" else 64)
        elif name in ("float", "double"):
            self.take(4 if name == "float" else 8, path)
        elif name in ("string", "bytes"):
            self.take(self.length(path), path)
