"""Whether two contenders made the same.

Of a VOEvent are compared, in both directions: IVORN and role; Who/Date to the second, because voevent-parse writes
no more; time, coordinates and radius of WhereWhen; and of every Group except `avro`, and of What itself: name and
type of the Group, and name, value, UCD, unit and dataType of each Param, in their order. A value of a 32-bit field
is compared as a 32-bit number, bit by bit, one of a 64-bit field so too; any other value is compared as text.

Not compared: what only the gateway writes (`gateway`'s group `avro`, How, descriptions), and Who/Author.
Of Avro data every byte is compared.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from gateway.mapping.plan import Column, Plan, Scalar, Values
from gateway.model.avrotype import Primitive

__all__ = ["Different", "content", "require_same"]


class Different(Exception):
    """Two contenders did not make the same."""


def _bits(kind: str) -> Callable[[str], bytes]:
    return lambda text: struct.pack(kind, float(text))


def _number(column: Column) -> Callable[[str], Any]:
    name = column.type.name if isinstance(column.type, Primitive) else ""
    return {"float": _bits("<f"), "double": _bits("<d")}.get(name, str)


def content(document: bytes, plan: Plan) -> dict[str, Any]:
    """What of a VOEvent is compared, by name."""
    root = etree.fromstring(document)
    kinds = {(p.name, c.name): _number(c) for p in plan.parts if isinstance(p, Values) for c in p.columns}
    kinds |= {("", part.name): _number(part.column) for part in plan.parts if isinstance(part, Scalar)}
    where = root.find("WhereWhen")
    texts = {tag: where.findtext(f".//{tag}") for tag in ("ISOTime", "C1", "C2", "Error2Radius")}
    found: dict[str, Any] = {
        "ivorn": root.get("ivorn"),
        "role": root.get("role"),
        "Who/Date": root.findtext("Who/Date").partition(".")[0],
        "time": texts["ISOTime"],
        "position": (_bits("<d")(texts["C1"]), _bits("<d")(texts["C2"])),
        "radius": _bits("<d")(texts["Error2Radius"]),
        "coordinates": where.find(".//AstroCoords").get("coord_system_id"),
        "What": _params(root.find("What"), "", kinds),
    }
    for group in root.iterfind("What/Group"):
        name = group.get("name")
        if name != "avro":
            found[f"Group {name}"] = (group.get("type"), _params(group, name, kinds))
    return found


def _params(
    parent: Any, group: str, kinds: dict[tuple[str, str], Callable[[str], Any]]
) -> list[tuple[Any, ...]]:
    return [
        (
            name,
            kinds.get((group, name), str)(param.get("value")),
            *map(param.get, ("ucd", "unit", "dataType")),
        )
        for param in parent.iterfind("Param")
        for name in (param.get("name"),)
    ]


def require_same(ours: Iterable[bytes], theirs: Iterable[bytes], plan: Plan | None, peer: str) -> None:
    """Raise Different unless the results are the same: VOEvents of a plan, or (plan None) bytes."""
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if plan is None:
            if mine != other:
                raise Different(f"Alert {number} comes back as other bytes from {peer}.")
            continue
        a, b = content(mine, plan), content(other, plan)
        names = [name for name in a | b if a.get(name) != b.get(name)]
        if names:
            raise Different(f"Alert {number} differs from that of {peer} in {', '.join(names)}.")
