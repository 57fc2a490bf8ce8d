"""Parquet: the columns, and what its footer says of them. Needs pyarrow, which is optional.

Rules
1. Only the footer is read, however large the file; its length is looked at before pyarrow sees it.
2. A column is ``file.column``, with ``[]`` after a list.
3. The smallest and largest value that the footer or a page index keep of a column are statistics of it (L15).
4. Entries of the footer that pyarrow or pandas did not make are metadata of nobody's column (L06), and so is what a
   user gave pandas to keep. What is said of a field inside another is about the outer one.
5. A cell that holds as many numbers as an image, or as many bytes that are no text, can be one (L14). That is told by
   what the footer says of a row group: how many values it has in how many rows, and how many bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text
from gateway.errors import InputError, LimitError, SettingsError
from gateway.policy.events.signs import Sign, bulk, signs

__all__ = ["MAX_FOOTER", "NAME", "fields", "recognise"]

NAME = "Parquet"
MAX_FOOTER = 32 * 2**20
"""Largest footer of a Parquet file: one of 1300 columns and 100 row groups has about 20 MB."""

_MAGIC = b"PAR1"
_OF_PANDAS = {
    "attributes", "column_indexes", "columns", "creator", "index_columns", "pandas_version", "partition_columns",
}  # fmt: skip
_OF_FIELDS = {b"PARQUET:field_id"}


def recognise(start: bytes, name: str) -> bool:
    """By the first four bytes."""
    return start.startswith(_MAGIC)


def fields(source: Source, manifest: Manifest) -> Content:
    """The columns in the footer. Raises InputError, LimitError, and SettingsError where pyarrow is not installed."""
    _check_footer(source)
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise SettingsError(
            "settings-missing", "Parquet needs pyarrow: pip install 'voevent-gateway[parquet]'."
        ) from None
    source.stream.seek(0)
    try:
        file = ParquetFile(
            source.stream, thrift_string_size_limit=MAX_FOOTER, thrift_container_size_limit=MAX_FOOTER // 8
        )
        return Content(list(_surfaces(source.stem, file.metadata, file.schema_arrow)))
    except (ArrowException, OSError, ValueError, MemoryError):
        raise InputError("input-damaged", "The footer of the Parquet file is damaged.") from None


def _check_footer(source: Source) -> None:
    """Rule 1."""
    source.stream.seek(max(0, source.size - 8))
    end = source.stream.read(8)
    if source.size < 12 or end[4:] != _MAGIC:
        raise InputError("input-damaged", "The Parquet file ends early.")
    length = int.from_bytes(end[:4], "little")
    if length > MAX_FOOTER:
        raise LimitError("limit-size", f"The footer has {length} bytes; the limit is {MAX_FOOTER}.")
    if length > source.size - 12:
        raise InputError("input-damaged", "The Parquet file ends early.")


def _surfaces(table: str, footer: Any, schema: Any) -> Iterator[Surface]:
    rows = footer.num_rows
    for number in range(footer.num_columns):
        said = footer.schema.column(number)
        steps = _steps(said.path)
        alike = (said.physical_type, _NUMBER.sub("0", steps[-1])) if _is_number(said) else None
        yield column(table, *steps, rows=rows, found=_can_be_an_image(footer, number), alike=alike)
        if _has_statistics(footer, number):
            yield column(table, *steps, sort="statistics", detail="statistics", rows=rows)
    for field in schema:
        more = list(_said_of(field))
        if more:
            found = {sign for said in more for sign in signs(_text(said))}
            yield column(
                table,
                field.name,
                sort="documentation",
                detail="metadata of the field",
                rows=rows,
                found=found,
            )
    own = {
        key: value for key, value in (footer.metadata or {}).items() if not _is_of_writers(key, _text(value))
    }
    for number, key in enumerate(sorted(own), 1):
        text = f"{_text(key)} {_text(own[key])}"
        yield free_text(table, f"#metadata{number}", text=text, sort="metadata")


def _said_of(field: Any) -> Iterator[bytes]:
    """The metadata of a field and of those in it."""
    for key, value in (field.metadata or {}).items():
        if key not in _OF_FIELDS:
            yield from (key, value)
    for place in range(field.type.num_fields):
        yield from _said_of(field.type.field(place))


def _is_of_writers(key: bytes, text: str) -> bool:
    """Whether an entry is what pyarrow or pandas make of the columns alone."""
    if key != b"pandas":
        return key == b"ARROW:schema"
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(said, dict)
        and said.keys() <= _OF_PANDAS
        and not said.get("attributes")
        and not signs(text)
    )


_NUMBER = re.compile("[0-9]+")


def _is_number(said: Any) -> bool:
    return said.physical_type in ("INT32", "INT64", "FLOAT", "DOUBLE")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _can_be_an_image(footer: Any, number: int) -> frozenset[Sign]:
    """Rule 5. What is larger than the average of its row group is not seen."""
    said = footer.schema.column(number)
    is_open = (
        said.physical_type in ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY") and said.logical_type.type == "NONE"
    )
    found: set[Sign] = set()
    for group in range(footer.num_row_groups):
        chunk, rows = footer.row_group(group).column(number), footer.row_group(group).num_rows
        if rows and _is_number(said) and said.max_repetition_level:
            found |= bulk(numbers=chunk.num_values / rows)
        elif rows and is_open:
            found |= bulk(characters=chunk.total_uncompressed_size / rows)
    return frozenset(found)


def _has_statistics(footer: Any, number: int) -> bool:
    for group in range(footer.num_row_groups):
        chunk = footer.row_group(group).column(number)
        kept = chunk.statistics if chunk.is_stats_set else None
        if chunk.has_column_index or (kept is not None and (kept.has_min_max or kept.has_distinct_count)):
            return True
    return False


def _steps(path: str) -> tuple[str, ...]:
    """``rows.list.element.flux`` is ``rows[].flux``."""
    for inner in (".list.element", ".list.item", ".bag.array_element"):
        path = path.replace(inner, "[]")
    return tuple(path.split("."))
