"""Where the text of VOEvent and its XSD say different things, and which of them this run believes.

Rules
1. The document is normative, so the text wins; `Switches` lets a user side with the XSD, contradiction by
   contradiction (`CONTRADICTIONS` says what either means).
2. Where the text asks for more than the XSD, the switch turns a rule on (``text``) or off (``xsd``).
3. Where the text allows more, ``text`` gives a warning that receivers which check the XSD will refuse the
   document, and hides the place from the XSD by mending the parsed tree, which nobody else sees.
   ``xsd`` leaves the place to the XSD, which makes it an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Literal

from gateway.codecs.voevent.rules.document import Document, Problem, children, name_of
from gateway.errors import SettingsError
from gateway.safexml import Element

__all__ = ["CONTRADICTIONS", "DEFAULTS", "MENDERS", "Reading", "Switches"]

Reading = Literal["text", "xsd"]


@dataclass(frozen=True, slots=True)
class Switches:
    """Which side to take in each contradiction. The names are the keys of `CONTRADICTIONS`."""

    cite: Reading = "text"
    param_name: Reading = "text"
    importance: Reading = "text"
    separator: Reading = "text"
    system_id: Reading = "text"
    gps_fk5_geo: Reading = "text"
    axis_names: Reading = "xsd"
    reference_name: Reading = "text"
    description_place: Reading = "text"

    def with_settings(self, settings: Sequence[str]) -> Switches:
        """These switches changed by settings like ``cite=xsd``.

        Raises `SettingsError` (settings-value) for a name or side that does not exist.
        """
        known = [field.name for field in fields(self)]
        chosen: dict[str, Reading] = {}
        for setting in settings:
            name, _, side = setting.partition("=")
            name = name.replace("-", "_")
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
                raise SettingsError("settings-value", f"There is no switch of that name. {hint}")
            if side not in ("text", "xsd"):
                raise SettingsError("settings-value", f"The switch {name} is set to text or xsd: {name}=xsd.")
            chosen[name] = "text" if side == "text" else "xsd"
        return replace(self, **chosen)


DEFAULTS = Switches()
"""The text wins, except for `axis_names`."""

CONTRADICTIONS: dict[str, tuple[str, str]] = {
    "cite": ("EventIVORN@cite is required", "it may be absent"),
    "param_name": ("every Param and Field has a name", "it may be absent"),
    "importance": ("Why@importance is in [0, 1]", "it is any number"),
    "separator": ("2.1: new identifiers join the local part with ? (section 2.2)", "any URI will do"),
    "system_id": ("2.1: AstroCoordSystem@id is a string", "it is an xs:ID, unique in the document"),
    "gps_fk5_geo": ("2.0: GPS-FK5-GEO is a default system", "it is not in the list"),
    "axis_names": (
        "2.1: the prose says Value2D, Error2D, Value3D, Error3D",
        "Value2, Error2, Value3, Error3, as in the standard's own examples; hence the default",
    ),
    "reference_name": ("Reference@name is deprecated", "it is refused"),
    "description_place": ("Description and Reference may stand in any element", "only in the listed ones"),
}
"""What the text says and what the XSD says."""

_REFUSED = "Receivers that check the XSD refuse this"
_NCNAME = re.compile(r"[^\W\d][\w.-]*\Z")

_BOTH = frozenset({"Description", "Reference"})
_LISTED = dict.fromkeys(
    ("VOEvent", "Who", "What", "Param", "Group", "Table", "Field", "WhereWhen", "How", "Why", "Inference"),
    _BOTH,
) | {"Citations": frozenset({"Description"}), "Description": _BOTH, "Reference": _BOTH}
"""Where the XSD has Description and Reference, and where VE-60 and VE-62 forbid them."""

_AXES = {"Value2D": "Value2", "Error2D": "Error2", "Value3D": "Value3", "Error3D": "Error3"}


def system_ids(document: Document) -> Iterator[Problem]:
    """VE-39: an id that is not an xs:ID, or is one twice."""
    systems = [element for element in document.all("AstroCoordSystem") if "id" in element.attrib]
    seen = {element.get("id") for element in document.all("WhereWhen", "TimeFrame", "SpaceFrame")}
    for element in systems:
        identifier = element.get("id", "")
        if identifier in seen:
            yield Problem(
                element, f"The id is used twice in the document, but its type is xs:ID. {_REFUSED}.", "id"
            )
        elif not _NCNAME.match(identifier):
            yield Problem(element, f"The id is not an XML name, but its type is xs:ID. {_REFUSED}.", "id")
        seen.add(identifier)
    for element in systems:
        del element.attrib["id"]


def gps_fk5_geo(document: Document) -> Iterator[Problem]:
    """VE-32: the system that the list of 2.0 forgot."""
    for name, attribute in (("AstroCoordSystem", "id"), ("AstroCoords", "coord_system_id")):
        for element in document.all(name):
            if element.get(attribute) == "GPS-FK5-GEO":
                yield Problem(element, f"GPS-FK5-GEO is missing from the XSD of 2.0. {_REFUSED}.", attribute)
                del element.attrib[attribute]


def axis_names(document: Document) -> Iterator[Problem]:
    """VE-37: names of the prose."""
    elements = list(document.all(*_AXES))
    for element in elements:
        right = _AXES[name_of(element)]
        yield Problem(
            element, f"{name_of(element)} is called {right} in the XSD and the examples. {_REFUSED}."
        )
    for element in elements:
        element.tag = _AXES[name_of(element)]


def reference_names(document: Document) -> Iterator[Problem]:
    """VE-61: a deprecated attribute that the XSD does not have."""
    for element in document.all("Reference"):
        if "name" in element.attrib:
            yield Problem(element, f"The name of a Reference is deprecated. {_REFUSED}.", "name")
            del element.attrib["name"]


def description_places(document: Document) -> Iterator[Problem]:
    """VE-63: Description and Reference in places that the XSD does not list."""
    misplaced = [
        child
        for parent in document.all()
        for child in children(parent, *_BOTH)
        if name_of(child) not in _LISTED.get(name_of(parent), ())
    ]
    for child in misplaced:
        yield Problem(child, f"The XSD has no {name_of(child)} here. {_REFUSED}.")
    for child in misplaced:
        _drop(child)


def _drop(element: Element) -> None:
    """Removes an element but not the text after it, in which the XSD may find a mistake."""
    parent, previous = element.getparent(), element.getprevious()
    if parent is None:
        return
    if previous is None:
        parent.text = (parent.text or "") + (element.tail or "")
    else:
        previous.tail = (previous.tail or "") + (element.tail or "")
    parent.remove(element)


MENDERS: dict[str, tuple[str, tuple[str, ...], Callable[[Document], Iterator[Problem]]]] = {
    "system_id": ("VE-39", ("2.1",), system_ids),
    "gps_fk5_geo": ("VE-32", ("2.0",), gps_fk5_geo),
    "axis_names": ("VE-37", ("2.1",), axis_names),
    "reference_name": ("VE-61", ("2.0", "2.1"), reference_names),
    "description_place": ("VE-63", ("2.0", "2.1"), description_places),
}
"""Switch -> (rule, versions, mender). A mender yields its problems while the places are where they were."""
