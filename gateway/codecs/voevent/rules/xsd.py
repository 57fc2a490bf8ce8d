"""Validates against the XSDs of VOEvent 2.0 and 2.1, in our own words.

Rules
1. libxml2's messages quote the document, so nothing of them is used but the kind of mistake, the attribute
   and the list of element names that the XSD expected.
2. A mistake that is a rule of the standard carries that rule's code (`_CODES`); the others are ``XSD``.
3. libxml2 looks for the path of a mistake by walking its siblings, and cannot be told to stop at a number of
   mistakes: `gateway.codecs.voevent.check` limits the siblings, and here `MAX_ERRORS` are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from lxml import etree

from gateway import resources, safexml
from gateway.codecs.voevent.rules.document import Document, Problem, name_of
from gateway.model.voevent import Version
from gateway.safexml import Element

__all__ = ["MAX_ERRORS", "problems", "schema"]

MAX_ERRORS = 1000
"""More than anybody reads, and than `check` lists of one code."""

_SENTENCES = {
    "unexpected": "{element} is not allowed here, or not again.",
    "missing-child": "{element} is incomplete.",
    "missing-attribute": "{element} lacks a required attribute.",
    "attribute": "{element} has an attribute that does not exist.",
    "enumeration": "{what} is not one of the values that the standard lists.",
    "datatype": "{what} does not have the form that its type requires.",
    "range": "{what} is outside its range.",
    "text": "{element} contains text between its elements.",
    "markup": "{element} contains markup, but only text is allowed.",
    "not-empty": "{element} is not empty.",
    "other": "{element} does not follow the XSD.",
}
"""The kinds of mistakes and what is said about them."""

_KINDS = {
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "attribute",
    "SCHEMAV_CVC_TYPE_3_1_1": "attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "missing-attribute",
    "SCHEMAV_CVC_ENUMERATION_VALID": "enumeration",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "datatype",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "range",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "range",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "not-empty",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "markup",
    "SCHEMAV_CVC_TYPE_3_1_2": "markup",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "text",
}
"""libxml2's names of the constraints of XML Schema, by our kinds."""

_UNDESCRIBED = (
    "ObsDataLocation ObservatoryLocation ObservationLocation AstroCoordSystem AstroCoords Time TimeInstant"
    " TimeInterval Position2D Position3D Value2 Value3 Error2 Error3 TimeFrame SpaceFrame Author Data TR"
)
"""Elements in which the XSD has no Description and no Reference."""

_CODES: tuple[tuple[str, str, str, str, str], ...] = (
    # code, kinds, elements, attribute, parents; an empty text means any
    ("VE-02", "missing-attribute", "VOEvent", "ivorn", ""),
    ("VE-04", "enumeration", "VOEvent", "role", ""),
    ("VE-05", "unexpected", "", "", "VOEvent"),
    ("VE-10", "datatype", "Date", "", ""),
    ("VE-12", "enumeration", "Contributor", "role", ""),
    ("VE-13", "unexpected", "Contributor", "", "Author"),
    ("VE-22", "unexpected", "Group Table", "", "Group Table"),
    ("VE-23", "missing-child", "Data TR", "", ""),
    ("VE-30", "missing-child", "WhereWhen ObsDataLocation ObservationLocation", "", ""),
    ("VE-32", "enumeration", "AstroCoordSystem AstroCoords", "", ""),
    ("VE-37", "datatype", "C1 C2 C3 Error Error2Radius TimeOffset", "", ""),
    ("VE-39", "datatype", "WhereWhen AstroCoordSystem TimeFrame SpaceFrame", "id", ""),
    ("VE-40", "range datatype", "Inference", "probability", ""),
    ("VE-41", "datatype", "Why", "importance", ""),
    ("VE-42", "datatype", "Why", "expires", ""),
    ("VE-50", "missing-child", "Citations", "", ""),
    ("VE-52", "enumeration", "EventIVORN", "cite", ""),
    ("VE-60", "missing-attribute not-empty", "Reference", "", ""),
    ("VE-60", "datatype", "Reference", "uri", ""),
    ("VE-61", "attribute datatype", "Reference", "", ""),
    ("VE-62", "markup", "Description", "", ""),
    ("VE-63", "unexpected", "Description Reference", "", _UNDESCRIBED),
)
_ROWS = tuple(
    (code, kinds.split(), els.split(), attr, parents.split()) for code, kinds, els, attr, parents in _CODES
)

# The only parts of a message that are read. What the XSD expected stands at its end.
_ATTRIBUTE = re.compile(r"'[^']*', attribute '([^']*)': ")
_REQUIRED = re.compile(r"The attribute '([A-Za-z]+)' is required but missing\.\s*\Z")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([A-Za-z0-9, ]+) \)\.\s*\Z")


@cache
def schema(version: Version) -> etree.XMLSchema:
    """The compiled XSD of a version; compiling costs a few milliseconds, so it happens once."""
    file = resources.schemas() / "voevent" / f"VOEvent-v{version}.xsd"
    return etree.XMLSchema(safexml.parse(file.read_bytes()))


def problems(document: Document) -> Iterator[tuple[str, Problem]]:
    """What the XSD of the document's version says, each with its code."""
    validator = schema(document.version)
    if validator.validate(document.root):
        return
    log: Any = validator.error_log  # the stubs do not know that it can be iterated
    for error in islice(log, MAX_ERRORS):
        element = _element(document.root, error.path)
        kind = _KINDS.get(error.type_name, "other")
        if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
            kind = "missing-child" if "Missing child element(s)." in error.message else "unexpected"
        named = _ATTRIBUTE.search(error.message)
        attribute = named[1] if named and named[1] in element.attrib else None
        message = _sentence(kind, element, attribute)
        if kind == "missing-attribute" and (required := _REQUIRED.search(error.message)):
            message = f"{name_of(element)} has no {required[1]}."
            code = _code(kind, element, required[1])
        else:
            code = _code(kind, element, attribute)
        if expected := _EXPECTED.search(error.message):
            message += f" Expected: {expected[1]}."
        yield code, Problem(element, message, attribute)


def _element(root: Element, path: str | None) -> Element:
    """The element that a message is about; libxml2 writes the path with the prefixes of the document."""
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found = root.xpath(path or "/*", namespaces=prefixes)
    except etree.XPathEvalError:  # a prefix that is declared further down
        found = []
    return found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else root


def _sentence(kind: str, element: Element, attribute: str | None) -> str:
    if kind == "unexpected" and element.tag.startswith("{"):
        return f"{name_of(element)} is in a namespace; of a VOEvent only the root element is."
    name = name_of(element)
    return _SENTENCES[kind].format(element=name, what=f"{name}@{attribute}" if attribute else name)


def _code(kind: str, element: Element, attribute: str | None) -> str:
    parent = element.getparent()
    above = "" if parent is None else name_of(parent)
    for code, kinds, elements, named, parents in _ROWS:
        if (
            kind in kinds
            and (not elements or name_of(element) in elements)
            and (not named or named == attribute)
            and (not parents or above in parents)
        ):
            return code
    return "XSD"
