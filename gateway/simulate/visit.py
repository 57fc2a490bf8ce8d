"""The alerts of one simulated exposure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from gateway.errors import SettingsError
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import Array, AvroType, Record, nullable
from gateway.model.provenance import Origin, Provenance
from gateway.schema.raw import Layout, varint
from gateway.simulate import cutouts as stamps
from gateway.simulate import lsst, ztf
from gateway.simulate.campaign import LSST, ZTF, Campaign
from gateway.simulate.exact import Draws
from gateway.simulate.lightcurve import Light, flash, observe
from gateway.simulate.objects import HISTORIES, Kind, lengths, pick
from gateway.simulate.rows import Table, array, newest, rows

__all__ = ["CUTOUTS", "HISTORIES", "Simulation", "identifier", "visit"]

CUTOUTS = ("real", "image", "none")
"""`real`: as the survey writes them; `image`: an LSST stamp without its UNCERT and PSFIMAGE; `none`: null."""


class Simulation:
    """A visit of which any alert can be made, in any order; equal arguments give equal bytes everywhere.

    schema : a released one; seed : not negative; history : one of HISTORIES; cutouts : one of CUTOUTS
    Raises SettingsError (settings-value).
    """

    def __init__(
        self, schema: AlertSchema, *, seed: int = 0, history: str = "mixed", cutouts: str = "real"
    ) -> None:
        if schema.key is None:
            raise SettingsError(
                "settings-value", "Only released schemas can be simulated; see `gateway schema list`."
            )
        if history not in HISTORIES or cutouts not in CUTOUTS or seed < 0:
            raise SettingsError(
                "settings-value",
                f"history: {', '.join(HISTORIES)}; cutouts: {', '.join(CUTOUTS)}; seed: 0 or more.",
            )
        self.schema, self.seed, self.history, self.cutouts = schema, seed, history, cutouts
        self.lsst = schema.key.family == "lsst"
        self._version = schema.key.version
        self.campaign = Campaign.draw(Draws(seed), LSST if self.lsst else ZTF)
        self._records = _records(schema.root)

    def payload(self, index: int) -> bytes:
        """The Avro datum of alert number `index`."""
        draws = Draws(self.seed, index + 1)
        kind = pick(draws, self.history)
        if kind.shape is None:
            light = flash(draws, self.campaign, kind.negative)
        else:
            long = lengths(draws, self.history)
            light = observe(draws, self.campaign, kind.shape, kind.colour, kind.negative, long)
        make = self._lsst if self.lsst else self._ztf
        root = make(draws, index, kind, light)
        return rows(self.schema.root, root, 1, draws)[0]

    def alert(self, index: int) -> Alert:
        """Alert number `index`, as if it had been read from an uncompressed container."""
        origin = Provenance(Origin.ALERT, source="simulated")
        return Alert(self.schema, self.payload(index), Framing("container", "null"), origin)

    def _array(self, name: str, table: Table, size: int, draws: Draws) -> bytes | None:
        """The array of a field of the root; None without rows, or when this version has no such field."""
        record = self._records.get(name)
        return array(rows(record, table, size, draws)) if record and size else None

    def _record(self, name: str, table: Table | None, draws: Draws) -> bytes | None:
        """The record of a field of the root, as `_array`."""
        record = self._records.get(name)
        return rows(record, table, 1, draws)[0] if record and table is not None else None

    def _lsst(self, draws: Draws, index: int, kind: Kind, light: Light) -> Table:
        packet = lsst.packet(draws, self.campaign, kind, light, index)
        *previous, trigger = rows(self._records["diaSource"], packet.sources, packet.history + 1, draws)
        root = {
            "diaSourceId": packet.sources["diaSourceId"][-1],
            "observation_reason": "simulated",
            "target_name": "simulated",
            "diaSource": trigger,
            "prvDiaSources": array(previous) if previous else None,
            "diaObject": self._record("diaObject", packet.diaObject, draws),
        }
        for name, (table, size) in packet.arrays.items():
            root[name] = self._array(name, table, size, draws)
        for name in ("ssObject", "ssSource", "MPCORB", "mpc_orbits"):
            root[name] = self._record(name, packet.minor, draws)
        if self.cutouts != "none":
            root |= stamps.lsst(draws, packet.sources, planes=self.cutouts == "real")
        return root

    def _ztf(self, draws: Draws, index: int, kind: Kind, light: Light) -> Table:
        packet = ztf.packet(draws, self.campaign, kind, light, index)
        root = packet.root | {
            "schemavsn": self._version,
            "candidate": self._record("candidate", packet.candidate, draws),
        }
        for name, (table, size) in packet.arrays.items():
            root[name] = self._array(name, table, size, draws)
        if self.cutouts != "none":
            files = stamps.ztf(draws, packet.candidate)
            for name, file in ztf.file_names(packet.candidate).items():
                root[name] = self._record(name, {"fileName": file, "stampData": files[name]}, draws)
        return root


def _records(root: Record) -> dict[str, Record]:
    """The record behind each field of the root that is a record or an array of records."""

    def inside(type_: AvroType) -> AvroType:
        type_ = nullable(type_)[0]
        return inside(type_.items) if isinstance(type_, Array) else type_

    found = {newest(field.name): inside(field.type) for field in root.fields}
    return {name: type_ for name, type_ in found.items() if isinstance(type_, Record)}


def identifier(alert: Alert) -> int:
    """The id an alert is known by: alertId or diaSourceId (LSST), candid (ZTF)."""
    place, layout = _identity(alert.schema)
    return varint(layout.read(alert.payload)[place], 0)[0]


@cache
def _identity(schema: AlertSchema) -> tuple[int, Layout]:
    names = [field.name for field in schema.root.fields]
    name = next(name for name in ("diaSourceId", "alertId", "candid") if name in names)
    return names.index(name), Layout(schema.root, {name: "read"})


def visit(
    count: int, *, schema: AlertSchema, seed: int = 0, history: str = "mixed", cutouts: str = "real"
) -> Iterator[Alert]:
    """The first `count` alerts of a simulated visit, made one at a time.

    The arguments are those of `Simulation`. Raises SettingsError (settings-value) before the first alert.
    """
    simulation = Simulation(schema, seed=seed, history=history, cutouts=cutouts)
    return map(simulation.alert, range(count))
