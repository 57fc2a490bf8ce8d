"""Pick a few numbers out of a datum: some fields of a record or of the rows of an array, and nothing else.

Rules
1. A record is gone through by one expression that has a group for each field that is wanted and none for the others, so
   that they are passed over but never built. A record with a long text, which that cannot pass over, is read
   field by field.
2. What is picked are numbers, booleans and their nulls, as raw values (`gateway.schema.raw`).
3. Behind the last field that is wanted nothing is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from gateway.model.avrotype import Array, AvroType, Record, Union, nullable
from gateway.schema.damage import explain
from gateway.schema.read import Reader, blocks_reader, nullable_reader, record_reader
from gateway.schema.shapes import Damaged, Raw, regular
from gateway.schema.skip import measurer, record_skipper, short

__all__ = ["Picker"]


class Picker:
    """Picks from records and rows. Compile once and keep it.

    wanted : for root fields that are records or arrays of records, the names of numbers in them; an array of which
        none is named is only counted
    """

    def __init__(self, root: Record, wanted: Mapping[str, Sequence[str]]) -> None:
        self.root = root
        self._steps: list[tuple[str | None, Reader]] = []
        passed: list[int] = []
        left = set(wanted)
        for place, field in enumerate(root.fields):
            if not left:
                break
            if field.name not in wanted:
                passed.append(place)
                continue
            if passed:
                self._steps.append(
                    (None, _skip(Record(root.fullname, tuple(root.fields[i] for i in passed))))
                )
                passed = []
            left.remove(field.name)
            self._steps.append((field.name, _picker(field.type, wanted[field.name], last=not left)))

    def __call__(self, data: bytes) -> dict[str, Raw]:
        """For each root field the raw values that are wanted of it, in the order of their names; of an array a list of
        them, or the number of its rows; None for a null.

        Raises AvroError when the datum is damaged as far as it is looked at.
        """
        pos = 0
        found: dict[str, Raw] = {}
        try:
            for name, read in self._steps:
                value, pos = read(data, pos)
                if name is not None:
                    found[name] = value
        except (Damaged, IndexError):
            explain(data, self.root)
        return found


def _skip(fields: Record) -> Reader:
    skip = record_skipper(fields)
    return lambda data, pos: (None, skip(data, pos))


def _picker(type_: AvroType, names: Sequence[str], *, last: bool) -> Reader:
    rest, _ = nullable(type_)
    if isinstance(rest, Array) and not names:
        return measurer(type_)
    if isinstance(rest, Array) and isinstance(rest.items, Record):
        pick = blocks_reader(_record_picker(rest.items, names, to_the_end=True))
    elif isinstance(rest, Record):
        pick = _record_picker(rest, names, to_the_end=not last)
    else:
        raise ValueError("only records and arrays of records have fields to pick")
    return nullable_reader(type_, pick) if isinstance(type_, Union) else pick


def _record_picker(record: Record, names: Sequence[str], *, to_the_end: bool) -> Reader:
    wanted = {
        name: place for place, field in enumerate(record.fields) for name in names if field.name == name
    }
    places = [wanted[name] for name in names]
    end = len(record.fields) if to_the_end else max(places) + 1
    shapes = [
        regular(field.type, capture=True) if place in places else short(field.type)
        for place, field in enumerate(record.fields[:end])
    ]
    read = record_reader(record)

    def read_all(data: bytes, pos: int) -> tuple[Raw, int]:
        values, pos = read(data, pos)
        return [values[place] for place in places], pos

    if None in shapes:
        return read_all
    match = re.compile(b"".join(shape or b"" for shape in shapes), re.S).match
    pick = _ordered([sorted(places).index(place) for place in places])

    def pick_record(data: bytes, pos: int) -> tuple[Raw, int]:
        found = match(data, pos)
        if found is None:
            return read_all(data, pos)
        return pick(found.groups()), found.end()

    return pick_record


def _ordered(order: list[int]) -> Callable[[Sequence[Raw]], Sequence[Raw]]:
    if order == list(range(len(order))):
        return lambda values: values
    return lambda values: [values[place] for place in order]
