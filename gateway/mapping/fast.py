"""Avro bytes -> VOEvent bytes, compiled once a schema and run a packet.

Rules
1. The packet is read no further than the last field that the settings want (`gateway.schema.raw`).
2. Records become lines as `gateway.mapping.lines` says: collected first, so that all floats become text together.
3. A core event never exceeds `CORE_LIMIT`: if it would, its largest parts are dropped, one after the other, and
   reported.
4. An event of which the policy withholds something says so in a Group `policy`, and never claims to be exact.
5. An event that claims to be exact was decoded again and compared before it leaves here.

`gateway.mapping.reference` makes the same bytes without any of this.
"""

from __future__ import annotations

import hashlib
import re
import struct
from functools import lru_cache
from itertools import islice
from typing import Literal

from gateway.mapping import exact, restore
from gateway.mapping.facts import Facts, facts_of, measured
from gateway.mapping.lines import Floats
from gateway.mapping.minted import CORE_LIMIT, Minted
from gateway.mapping.plan import Blob, Part, Plan, Rows, make_plan
from gateway.mapping.settings import Settings
from gateway.mapping.template import Template
from gateway.mapping.trigger import TriggerReader
from gateway.mapping.written import fragment, writer
from gateway.model.alert import Alert, AlertSchema
from gateway.model.fieldpath import FieldPath
from gateway.policy.events.notice import policy_group
from gateway.policy.release import Release, require_release
from gateway.schema.raw import Layout

__all__ = ["Minter"]

MAX_COMPILED = 64
"""Most compiled plans kept: a stream has one or two schemas."""


class Minter:
    """Makes VOEvents from released alerts with one set of settings. Keep one: it compiles once a schema."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._compiled: dict[tuple[AlertSchema, frozenset[FieldPath]], _Compiled] = {}

    def mint(self, release: Release[Alert]) -> Minted:
        """The VOEvent of an alert.

        Raises AvroError when the packet is damaged as far as it is read, SchemaError when its schema is
        not released, and PolicyError (policy-unreleased) for anything but a release.
        """
        require_release(release)
        key = release.item.schema, release.withheld
        compiled = self._compiled.get(key)
        if compiled is None:
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            compiled = self._compiled[key] = _Compiled(make_plan(*key, self.settings))
        return compiled(release.item, b"" if release.whole else _notice(policy_group(release)))


_notice = lru_cache(maxsize=MAX_COMPILED)(fragment)  # what is withheld is mostly the same


class _Section:
    """A part of the plan, its place in the root record, and what writes it."""

    def __init__(self, part: Part, plan: Plan, place: int) -> None:
        self.name, self.place = part.name, place
        found = writer(part, plan)
        self.collect, self.finish = found.collect, found.finish


class _Compiled:
    """One plan, compiled."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.whole = not plan.left_out and not plan.withheld
        self.trigger, self.template = TriggerReader(plan), Template(plan)
        names = [field.name for field in plan.schema.root.fields]
        self.sections = [_Section(part, plan, names.index(part.name)) for part in plan.parts]
        self.hiding = [
            (part.name, names.index(part.name), part.place if isinstance(part, Blob) else None)
            for part in plan.parts
            if not plan.shown(part)
        ]
        wanted = {part.name: _mode(part, plan) for part in plan.parts}
        wanted |= {names[place]: "read" for place in self.trigger.reads}
        self.layout = Layout(plan.schema.root, wanted)
        self.avro_groups: dict[tuple[str, str | None, bool], list[bytes]] = {}

    def __call__(self, alert: Alert, notice: bytes) -> Minted:
        """The event; `notice` is the Group `policy` of one of which something is withheld."""
        plan, raw = self.plan, self.layout.read(alert.payload)
        trigger, floats = self.trigger(raw), Floats()
        where = measured(trigger)
        floats.raw64.append(struct.pack(f"<{len(where)}d", *where))
        there = [
            (section, section.collect(value, floats))
            for section in self.sections
            if (value := raw[section.place]) is not None
        ]
        floats.write()
        texts = [text.decode() for text in islice(floats.texts64, len(where))]
        facts = facts_of(trigger, plan.survey, plan.settings, texts)
        chunks = [section.finish(collected, floats, facts.local) for section, collected in there]
        left_out = tuple(
            [
                name
                for name, place, inner in self.hiding
                if (value := raw[place]) and (inner is None or value[inner])
            ]
        )
        complete = self.whole and not left_out and not notice
        data = self.template.fill(facts, [*chunks, notice, self._avro(alert, complete)])
        dropped: tuple[str, ...] = ()
        if len(data) > CORE_LIMIT and plan.settings.detail == "core":
            data, dropped = self._within_limit(
                alert, facts, notice, {s.name: chunk for (s, _), chunk in zip(there, chunks, strict=True)}
            )
            complete = False
        is_exact = complete and restore.gives_back(data, alert.payload)
        if complete and not is_exact:
            behind = fragment(exact.payload_group(alert)) if plan.settings.detail == "full" else b""
            data = self.template.fill(facts, [*chunks, self._avro(alert, False), behind])
        return Minted(data, facts.ivorn, is_exact, facts.role, left_out, dropped, len(plan.withheld))

    def _within_limit(
        self, alert: Alert, facts: Facts, notice: bytes, chunks: dict[str, bytes]
    ) -> tuple[bytes, tuple[str, ...]]:
        """The document without its largest parts, and their names (rule 3)."""
        dropped: list[str] = []
        data = self.template.fill(facts, [*chunks.values(), notice, self._avro(alert, False)])
        while len(data) > CORE_LIMIT:
            dropped.append(max(chunks, key=lambda name: len(chunks[name])))
            del chunks[dropped[-1]]
            data = self.template.fill(facts, [*chunks.values(), notice, self._avro(alert, False)])
        return data, tuple(dropped)

    def _avro(self, alert: Alert, is_exact: bool) -> bytes:
        """The group `avro`, cut where length and hash of the datum stand."""
        key = alert.framing.kind, alert.framing.codec, is_exact
        pieces = self.avro_groups.get(key)
        if pieces is None:
            pieces = _DIGESTS.split(fragment(exact.avro_group(alert, self.plan, is_exact)))
            self.avro_groups[key] = pieces
        if len(pieces) == 1:
            return pieces[0]
        sha256 = hashlib.sha256(alert.payload).hexdigest().encode()
        return b"%b%d%b%b%b" % (pieces[0], len(alert.payload), pieces[1], sha256, pieces[2])


_DIGESTS = re.compile(rb'(?<=name="payload.length" value=")\d+|(?<=name="payload.sha256" value=")\w+')


def _mode(part: Part, plan: Plan) -> Literal["read", "measure"]:
    """Whether the content of a part is read or only measured."""
    measurable = isinstance(part, Rows) or (isinstance(part, Blob) and part.record is None)
    return "measure" if measurable and not plan.shown(part) else "read"
