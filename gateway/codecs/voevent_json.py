"""VOEvent <-> JSON, in a form of this project: neither VOEvent 2.0 nor 2.1 has a JSON serialisation.

The form (described for machines by ``schemas/json/voevent.schema.json``)
1. Names are the standard's, all values are strings with the document's text, and what is absent is absent.
2. An element is an object: a key for each attribute and for each child that occurs at most once.
   An element that is text alone is a string; text that may have attributes is the key ``text`` beside them.
3. Children of several names in any order are an array under ``items``, each an object with the name as its
   only key; children of one name are an array under that name. An element that has nothing but such
   children is the array itself: Author, What, How; Data and TR, so that Data is rows of strings.
4. The root is the VOEvent with its ``version``. Equal events give equal bytes: UTF-8, no spaces, keys in
   the order of the table in `gateway.codecs.voevent.elements`.

::

    {"version": "2.1", "ivorn": "ivo://example.org/alerts?1", "role": "test",
     "Who": {"AuthorIVORN": "ivo://example.org", "Date": "2026-01-01T00:00:00"},
     "What": [{"Param": {"name": "mag", "value": "19.5", "unit": "mag"}}]}
"""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from gateway import resources
from gateway.codecs.voevent.elements import VOEVENT, Many, Shape
from gateway.errors import ConversionError, JSONError, LimitError, Where
from gateway.model.voevent import VOEvent
from gateway.safexml import MAX_BYTES

__all__ = ["decode", "encode"]


def encode(event: VOEvent) -> bytes:
    """The JSON form of an event of any version; `original` is not part of it.

    Raises ConversionError (convert-character) for half a surrogate pair, which is no text.
    """
    try:
        return orjson.dumps(_form(VOEVENT, event))
    except orjson.JSONEncodeError:
        raise ConversionError("convert-character", "A text of the event is not Unicode.") from None


def decode(data: bytes) -> VOEvent:
    """The event in a JSON text.

    Raises LimitError (limit-size) and JSONError: json-malformed with the line, or json-form with
    the JSON path of the first misfit.
    """
    if len(data) > MAX_BYTES:
        raise LimitError("limit-size", f"The JSON has {len(data)} bytes; the limit is {MAX_BYTES}.")
    try:
        form = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        message = "The text is not JSON in UTF-8, or is nested deeper than any VOEvent."
        where = Where(line=error.lineno, column=error.colno)
        raise JSONError("json-malformed", message, where=where) from None
    misfit = next(_validator().iter_errors(form), None)
    if misfit is not None:
        raise JSONError(
            "json-form",
            f"This does not satisfy {misfit.validator!r} in schemas/json/voevent.schema.json.",
            where=Where(path=misfit.json_path),
        )
    event: VOEvent = _value(VOEVENT, form)
    return event


@cache
def _validator() -> Draft202012Validator:
    schema = resources.schemas() / "json" / "voevent.schema.json"
    return Draft202012Validator(orjson.loads(schema.read_bytes()))


def _key(part: Many) -> str:
    return next(iter(part.shapes)) if len(part.shapes) == 1 else "items"


def _is_list(shape: Shape) -> bool:
    """Whether the element has nothing but one list of children."""
    return not shape.attributes and len(shape.children) == 1 and isinstance(shape.children[0], Many)


def _form(shape: Shape, value: Any) -> Any:
    if shape.text and not shape.attributes:
        return shape.get(value, shape.text)
    names = [(known.name, shape.get(value, known.field)) for known in shape.attributes]
    form: dict[str, Any] = {name: content for name, content in names if content is not None}
    if shape.text:
        form["text"] = shape.get(value, shape.text)
    for part in shape.children:
        content = shape.get(value, part.field)
        if isinstance(part, Many):
            items = [_form(part.shapes[part.tag(item)], item) for item in content]
            if len(part.shapes) > 1:
                items = [{part.tag(item): inner} for item, inner in zip(content, items, strict=True)]
            if _is_list(shape):
                return items
            if items:
                form[_key(part)] = items
        elif content is not None:
            form[part.tag] = _form(part.shape, content)
    return form


def _value(shape: Shape, form: Any) -> Any:
    if shape.text and not shape.attributes:
        return shape.make({shape.text: form})
    values: dict[str, Any] = {}
    for part in shape.children:
        if isinstance(part, Many):
            items = form if _is_list(shape) else form.get(_key(part), [])
            values[part.field] = tuple(_item(part, item) for item in items)
        elif part.tag in form:
            values[part.field] = _value(part.shape, form[part.tag])
    if shape.text:
        values[shape.text] = form["text"]
    return shape.make(values | {known.field: form.get(known.name) for known in shape.attributes})


def _item(part: Many, item: Any) -> Any:
    if len(part.shapes) == 1:
        return _value(part.shapes[_key(part)], item)
    ((tag, inner),) = item.items()
    return _value(part.shapes[tag], inner)
