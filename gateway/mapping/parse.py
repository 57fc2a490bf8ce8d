"""Reads a VOEvent made from an alert by way of the XML parser and the model: any spelling of the same document
will do.

The slow brother of `gateway.mapping.scan`; both give the texts of each part, columns in the order of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.errors import ConversionError, Where
from gateway.mapping import forms
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values
from gateway.model.voevent import Param, Reference, What

__all__ = ["parts_of"]

Texts = list[bytes | None]


def parts_of(what: What, plan: Plan) -> dict[str, Any]:
    """The texts of the parts that are there.

    Raises ConversionError (convert-mismatch) for a Param or column that the schema does not have, and
    (convert-incomplete) for
    an image that is not in the document.
    """
    found = {part.name: _part(what, part) for part in plan.parts}
    return {name: texts for name, texts in found.items() if texts is not None}


def _part(what: What, part: Part) -> Any:
    if isinstance(part, Scalar):
        texts = _by_name(param for param in what.params if param.name == part.name)
        return texts.get(part.name)
    if isinstance(part, Values):
        group = what.group(part.name)
        return None if group is None else _ordered(_by_name(group.params), part.columns, part.name)
    return _rows(what, part) if isinstance(part, Rows) else _blob(what, part)


def _by_name(params: Iterable[Param]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for param in params:
        text = forms.text_of_param(param)
        if text is not None:
            found[param.name or ""] = text.encode()
    return found


def _ordered(texts: Mapping[str, bytes], columns: tuple[Column, ...], owner: str) -> Texts:
    if not texts.keys() <= {column.name for column in columns}:
        raise ConversionError(
            "convert-mismatch",
            "The VOEvent has a field that the schema does not have.",
            where=Where(path=owner),
        )
    return [texts.get(column.name) for column in columns]


def _rows(what: What, part: Rows) -> list[Texts] | None:
    table = what.table(part.name)
    if table is None:
        return None if what.group(part.name) is None else []
    names = [field.name or "" for field in table.fields]
    textual = {column.name for column in part.columns if column.textual}
    return [_ordered(_row(names, row, textual), part.columns, part.name) for row in table.rows]


def _row(names: list[str], row: tuple[str, ...], textual: set[str]) -> dict[str, bytes]:
    found = {}
    for name, cell in zip(names, row, strict=False):
        text = forms.text_of_cell(cell, name) if name in textual else cell or None
        if text is not None:
            found[name] = text.encode()
    return found


def _blob(what: What, part: Blob) -> Any:
    group = what.group(part.name)
    if group is None:
        return None
    uri = next((item.uri or "" for item in group.items if isinstance(item, Reference)), "")
    params = _by_name(group.params)
    size = params.pop("length", None)
    if not uri.startswith("data:") and size != b"0":
        raise ConversionError(
            "convert-incomplete", "An image is not in the VOEvent.", where=Where(path=part.name)
        )
    content = uri.partition(";base64,")[2].encode()
    return _ordered(params, part.columns, part.name), content
