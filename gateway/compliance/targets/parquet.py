"""Parquet: the columns, and what its footer says of them. Needs pyarrow, which is optional.

Rules
1. Only the footer is read, however large the file; its length is looked at before pyarrow sees it.
2. A column is ``file.column``, with ``[]`` after a list.
3. The smallest and largest value that the footer or a page index keep of a column are statistics of it (L15).
4. Entries of the footer that pyarrow or pandas did not make are metadata of nobody's column (L06).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text
from gateway.errors import InputError, LimitError, SettingsError

__all__ = ["MAX_FOOTER", "NAME", "fields", "recognise"]

NAME = "Parquet"
MAX_FOOTER = 32 * 2**20
"""Largest footer of a Parquet file: one of 1300 columns and 100 row groups has about 20 MB."""

_MAGIC = b"PAR1"
_OF_WRITERS = {b"ARROW:schema", b"pandas"}
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
    for number in range(footer.num_columns):
        steps = _steps(footer.schema.column(number).path)
        yield column(table, *steps)
        if _has_statistics(footer, number):
            yield column(table, *steps, sort="statistics", detail="statistics")
    for field in schema:
        if set(field.metadata or {}) - _OF_FIELDS:
            yield column(table, field.name, sort="documentation", detail="metadata of the field")
    for number, _ in enumerate(sorted(set(footer.metadata or {}) - _OF_WRITERS), 1):
        yield free_text(table, f"#metadata{number}", sort="metadata")


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
