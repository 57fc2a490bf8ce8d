"""VE-20 to VE-28: What (VOEvent 2.1 section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from gateway.codecs.voevent.rules.document import Document, Problem, children, descendants, name_of
from gateway.model import ucd, vounit
from gateway.model.finding import Severity
from gateway.model.voevent_values import is_float, is_int
from gateway.safexml import Element

__all__ = ["floats", "full_rows", "ints", "names", "one_value", "unique_names", "units_and_ucds"]


def names(document: Document) -> Iterator[Problem]:
    """VE-20."""
    for element in document.all("Param", "Field"):
        if not element.get("name"):
            yield Problem(element, f"The {name_of(element)} has no name.")


def unique_names(document: Document) -> Iterator[Problem]:
    """VE-21."""
    for what in children(document.root, "What"):
        yield from _repeated(children(what, "Param"), "an earlier Param outside the Groups and Tables")
        yield from _repeated(children(what, "Group", "Table"), "an earlier Group or Table", nameless=True)
        for container in children(what, "Group", "Table"):
            where = f"an earlier Param or Field of its {name_of(container)}"
            yield from _repeated(children(container, "Param", "Field"), where)


def _repeated(elements: Iterator[Element], where: str, *, nameless: bool = False) -> Iterator[Problem]:
    """Elements whose name came before. Without a name means the empty name for Groups and Tables; a Param or
    Field without one is the business of VE-20.
    """
    first: dict[str, Element] = {}
    for element in elements:
        name = element.get("name", "")
        if not name and not nameless:
            continue
        if name in first:
            has = "the same name as" if name else "no name, like"
            message = f"The {name_of(element)} has {has} {where}, in line {first[name].sourceline}."
            yield Problem(element, message)
        first.setdefault(name, element)


def full_rows(document: Document) -> Iterator[Problem]:
    """VE-24."""
    for table in document.all("Table"):
        columns = sum(1 for _ in children(table, "Field"))
        for row in descendants(table, "TR"):
            cells = sum(1 for _ in children(row, "TD"))
            if cells != columns:
                yield Problem(row, f"The row has {cells} TD, but the Table has {columns} Field.")


def one_value(document: Document) -> Iterator[Problem]:
    """VE-25."""
    for param in document.all("Param"):
        for element in children(param, "Value"):
            if param.get("value") not in (None, element.text or ""):
                yield Problem(
                    element, "The Param also has another value as attribute, which wins over this one."
                )


def floats(document: Document) -> Iterator[Problem]:
    """VE-26. An empty value says nothing wrong: it is read as NaN."""
    return _unreadable(
        document, "float", lambda text: not text.strip() or is_float(text), "a number: readers take NaN"
    )


def ints(document: Document) -> Iterator[Problem]:
    """VE-27. An empty value is reported, because it is read as 0; but not in a column that says "empty = null"."""
    return _unreadable(document, "int", is_int, "an integer: readers truncate it or take 0")


def _unreadable(
    document: Document, type_: str, readable: Callable[[str], bool], what: str
) -> Iterator[Problem]:
    for param in document.all("Param"):
        if param.get("dataType") == type_:
            inside = next(children(param, "Value"), None)
            text = param.get("value", "" if inside is None else inside.text or "")
            if not readable(text):
                yield Problem(param, f"The value is not {what}.")
    for table in document.all("Table"):
        fields = list(children(table, "Field"))
        typed = [index for index, field in enumerate(fields) if field.get("dataType") == type_]
        if not typed:
            continue
        rows = [[cell.text or "" for cell in children(row, "TD")] for row in descendants(table, "TR")]
        for index in typed:
            said = any(note.text == "empty = null" for note in children(fields[index], "Description"))
            cells = [row[index] for row in rows if index < len(row) and not (said and row[index] == "")]
            bad = sum(1 for cell in cells if not readable(cell))
            if bad:
                yield Problem(fields[index], f"{bad} of {len(rows)} cells of this column are not {what}.")


def units_and_ucds(document: Document) -> Iterator[Problem]:
    """VE-28."""
    wrong_unit, wrong_ucd, advice = cache(vounit.problems), cache(ucd.problems), cache(vounit.advice)
    for element in document.all():
        for attribute in ("unit", "pos_unit"):
            text = element.get(attribute)
            if text is None:
                continue
            wrong = wrong_unit(text)
            if wrong and name_of(element).startswith("Position") and "-" in text:
                # The units of the axes, joined by hyphens: the syntax of STC, as in the examples of 2.0.
                wrong = [problem for axis in text.split("-") for problem in wrong_unit(axis)]
            if wrong:
                yield Problem(element, f"The unit is not a VOUnit: {'; '.join(wrong)}.", attribute)
            elif hints := advice(text):
                yield Problem(
                    element, f"The unit is discouraged: {'; '.join(hints)}.", attribute, Severity.NOTE
                )
        text = element.get("ucd")
        if text is not None and (wrong := wrong_ucd(text)):
            yield Problem(element, f"The ucd is not UCD1+: {'; '.join(wrong)}.", "ucd")
