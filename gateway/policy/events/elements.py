"""The elements of a VOEvent that the policy decides about one by one, and what is left when some are taken away.

Rules
1. An element is what can be taken away without making the rest invalid or false. Their paths:

       ivorn                    the identifier and role; without them there is no event to speak of
       Who, WhereWhen, Citations          each as a whole
       Description, Reference
       What.<Param>                       with all that is in it
       What.<Group>                       its name and type; without them nothing in it can stay
       What.<Group>.<Param>, What.<Table>.<Param>
       What.<Table>                       likewise, and cells that are in no column
       What.<Table>[].<Field>             a column: the Field and its cells
       What.Description, What.<Group>.Description, ... and the same for Reference
       How.Description, How.Reference
       Why                                its importance and expiry
       Why.Name, Why.Concept, Why.Inference, Why.Description, Why.Reference
       Markup                             what a document has and the model does not: see `gateway.policy.events.markup`

2. Names in a What are free text, and so are these steps: an author can give one a name that any rule has. So names
   decide nothing; where an element comes from does.
3. A Param, Field or anything else without a name has an empty step for it. Elements of one name share a path.
4. What is left of a Group, Table, How or Why when all in it was taken away is taken away too. A Table whose rows
   are not as long as its Fields are many keeps all of its columns or none.
5. A cutout may be inline in an event that a gateway made, and so may the packet (`gateway.policy.events.enclosed`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar, cast

from gateway.errors import SettingsError
from gateway.model import voevent as model
from gateway.model.fieldpath import FieldPath
from gateway.model.voevent import VOEvent
from gateway.model.voevent_values import is_float
from gateway.policy.events.enclosed import Enclosed, PacketPasses
from gateway.policy.events.signs import in_a_grid
from gateway.policy.pattern import PathPattern
from gateway.policy.rule import Decision, strictest

__all__ = ["IDENTITY", "MARKUP", "Element", "Selection", "Slot", "declared", "is_about", "texts"]

IDENTITY = FieldPath(("ivorn",))
MARKUP = FieldPath(("Markup",))

Use = Literal["word", "prose", "address", "grid"]
"""What a text is for: a name, number or other token; to be read by people; to lead somewhere. A grid is no text but
the fact that columns are those of an image."""

_PROSE = {
    (model.Description, "text"),
    (model.Name, "text"),
    (model.Concept, "text"),
    (model.AuthorField, "text"),
    (model.Who, "description"),
    (model.Citations, "description"),
    (model.VOEvent, "description"),
    (model.AstroCoords, "position_name"),
}
_ADDRESSES = {(model.Reference, "uri"), (model.AuthorField, "alt_identifier")}
_ALONE = ("ivorn", "Who", "WhereWhen", "Citations", "Description", "Reference", "Markup")
_REMARKS = ("Description", "Reference")
_IN_PARAMS = (*_REMARKS, "Value", "value", "name", "ucd", "unit", "dataType", "utype", "*")
_INSIDE = {"How": _REMARKS, "Why": ("Name", "Concept", "Inference", *_REMARKS)}
_PACKET = FieldPath(("What", "avro.payload", "base64"))


class Slot(NamedTuple):
    """A text in an element, and what it is for."""

    text: str
    use: Use = "word"


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    slots : its texts
    holds : it holds other elements, with paths of their own; otherwise it is all that lies below its path
    """

    path: FieldPath = field(repr=False)
    slots: tuple[Slot, ...] = field(repr=False)
    holds: bool = False


def texts(value: Any) -> Iterator[Slot]:
    """Every text in a value of the model. What has more than one word is for people, wherever it stands."""
    if isinstance(value, str):
        yield Slot(value, "prose" if len(value.split()) > 1 else "word")
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif is_dataclass(value):
        kind: Any = type(value)
        for name, use in _slots(kind):
            content = getattr(value, name)
            if use and isinstance(content, str):
                yield Slot(content, use)
            elif content is not None:
                yield from texts(content)


@cache
def _slots(kind: Hashable) -> tuple[tuple[str, Use | None], ...]:
    """The names in a class of the model, and what the text of that name is for where that is known."""

    def use(name: str) -> Use | None:
        return "prose" if (kind, name) in _PROSE else "address" if (kind, name) in _ADDRESSES else None

    return tuple((one.name, use(one.name)) for one in fields(cast(Any, kind)) if one.compare)


# What is declared of parts of an event


def declared(pattern: str) -> PathPattern:
    """A pattern of `Provenance.fields`: elements, and all that is in them. Its steps may be any text without a dot.

    Raises SettingsError (settings-value) when it can be about no element: it would protect nothing.
    """
    found = PathPattern(tuple(pattern.removesuffix("**").removesuffix(".").split(".")), True)
    top, *inner = found.steps
    known = top in ("", "*", "What", *_ALONE) or (
        top in _INSIDE and (not inner or inner[0] in ("*", *_INSIDE[top]))
    )
    if not known:
        raise SettingsError(
            "settings-value",
            "A path whose provenance is declared names no element of a VOEvent. It begins with What, Who, "
            "WhereWhen, How, Why, Citations, Description or Reference.",
        )
    return found if top else PathPattern((), True)


def is_about(pattern: PathPattern, element: Element) -> bool:
    """Whether what is declared for a pattern is declared for an element.

    It is when the pattern names something inside the element, too, unless that is an element of its own. A column may
    be named with [] behind its table or without.
    """
    steps, path = pattern.steps, element.path.steps
    beyond = steps[len(path) :]
    if beyond and (element.holds or (path[0] == "What" and beyond[0] not in _IN_PARAMS)):
        return False
    pairs = zip(steps, path, strict=False)
    return all(one == "*" or one.removesuffix("[]") == other.removesuffix("[]") for one, other in pairs)


# What passes, and what is left

Judge = Callable[[Element], Decision]
Item = TypeVar("Item")
Opinions = TypeVar("Opinions", model.How, model.Why)
Inner = model.Param | model.Description | model.Reference


class Selection:
    """Takes away what a judge does not let pass.

    elements : each that there was, and the decision about it
    texts : all that it said
    """

    def __init__(self, judge: Judge, packet_passes: PacketPasses = lambda *_: False) -> None:
        self._judge, self._packet_passes = judge, packet_passes
        self.elements: list[tuple[Element, Decision]] = []
        self.texts: set[str] = set()

    def decide(
        self,
        path: FieldPath,
        value: object,
        above: Decision | None = None,
        *,
        holds: bool = False,
        more: tuple[Slot, ...] = (),
    ) -> Decision:
        """Decide about an element. What does not pass above it does not let it pass either."""
        slots = (*texts(value), *more)
        self.texts.update(slot.text for slot in slots)
        element = Element(path, slots, holds)
        decision = self._judge(element)
        if above is not None and not above.passes:
            decision = strictest([decision, above])
        self.elements.append((element, decision))
        return decision

    def __call__(self, event: VOEvent) -> VOEvent:
        """What is left of an event; its identity is, in any case."""
        self._enclosed = Enclosed(event, self._packet_passes)
        self.decide(IDENTITY, (event.ivorn, event.role))
        description = event.description
        if description is not None and self._one("Description", model.Description(description)) is None:
            description = None
        return replace(
            event,
            who=self._one("Who", event.who),
            what=self._what(event.what) if event.what else None,
            wherewhen=self._one("WhereWhen", event.wherewhen),
            how=self._opinions("How", event.how) if event.how else None,
            why=self._why(event.why) if event.why else None,
            citations=self._one("Citations", event.citations),
            description=description,
            reference=self._one("Reference", event.reference),
            original=None,
        )

    def _one(self, name: str, value: Item | None) -> Item | None:
        return value if value is None or self.decide(FieldPath((name,)), value).passes else None

    def _opinions(self, name: str, value: Opinions) -> Opinions | None:
        """How and Why: their children, each called like its class."""
        path = FieldPath((name,))
        items: Any = tuple(
            item for item in value.items if self.decide(path / type(item).__name__, item).passes
        )
        return replace(value, items=items) if items or not value.items else None

    def _why(self, why: model.Why) -> model.Why | None:
        own = why.importance, why.expires
        if own != (None, None) and not self.decide(FieldPath(("Why",)), own, holds=True).passes:
            why = replace(why, importance=None, expires=None)
        return self._opinions("Why", why)

    # What

    def _what(self, what: model.What) -> model.What | None:
        path = FieldPath(("What",))
        items: list[Any] = []
        for item in what.items:
            if isinstance(item, model.Group):
                items.append(self._group(item, path / (item.name or "")))
            elif isinstance(item, model.Table):
                items.append(self._table(item, path / (item.name or "")))
            else:
                items.append(item if self._inside(item, path) else None)
        return model.What(tuple(item for item in items if item is not None))

    def _group(self, group: model.Group, path: FieldPath) -> model.Group | None:
        own = self.decide(path, (group.name, group.type), holds=True)
        items = tuple(item for item in group.items if self._inside(item, path, own))
        return replace(group, items=items) if own.passes and (items or not group.items) else None

    def _inside(self, item: Inner, path: FieldPath, above: Decision | None = None) -> bool:
        """Whether a Param, Description or Reference passes."""
        name = (item.name or "") if isinstance(item, model.Param) else type(item).__name__
        value: object = item
        if isinstance(item, model.Reference) and self._enclosed.is_stamp(item.uri):
            self.texts.add(item.uri or "")
            value = replace(item, uri=None)
        elif isinstance(item, model.Param) and path / name == _PACKET and self._enclosed.is_packet(item.text):
            self.texts.add(item.text or "")
            # Only what was looked into: beside the attribute there may be an element, of another text.
            value = replace(item, value_element=None) if item.value is None else replace(item, value=None)
        return self.decide(path / name, value, above).passes

    def _table(self, table: model.Table, path: FieldPath) -> model.Table | None:
        count = len(table.fields)
        own = self.decide(
            path,
            (table.name, table.type, tuple(row[count:] for row in table.rows)),
            holds=True,
            more=(Slot("", "grid"),) if _is_grid(table) else (),
        )
        columns: list[bool] = []
        items: list[Any] = []
        for item in table.items:
            if isinstance(item, model.Field):
                cells = tuple(row[len(columns)] for row in table.rows if len(row) > len(columns))
                column = self.decide(path.items() / (item.name or ""), (item, *cells), own)
                columns.append(column.passes)
                kept = column.passes
            else:
                kept = self._inside(item, path, own)
            items.append(item if kept else None)
        uneven = any(len(row) != count for row in table.rows)
        if not own.passes or (uneven and not all(columns)):
            return None
        left = tuple(item for item in items if item is not None)
        rows = tuple(
            tuple(cell for cell, keep in zip(row, columns, strict=True) if keep) if not uneven else row
            for row in table.rows
        )
        if not any(columns) and columns:
            rows = ()
        return replace(table, items=left, rows=rows) if left or not table.items else None


def _is_grid(table: model.Table) -> bool:
    """Whether the columns of a table are those of an image: many of the same kind, numbers all."""
    said = (
        (column.ucd, column.unit, column.data_type, column.utype)
        if all(is_float(row[place]) for row in table.rows if place < len(row))
        else None
        for place, column in enumerate(table.fields)
    )
    return any(in_a_grid(said, len(table.rows)))
