"""The alerts that all contenders convert: LSST 11.0, simulated, the same in every run."""

from __future__ import annotations

from gateway.model.alert import Alert
from gateway.schema import registry
from gateway.simulate import visit

__all__ = ["SCHEMA", "SEED", "SETS", "alerts"]

SCHEMA = registry.get("lsst/11.0")
SEED = 20260305

SETS = {
    "mature": ("30 to 150 earlier sources, 30 to 300 forced ones, three image cutouts", "mature", "image"),
    "new": ("no history, three image cutouts", "new", "image"),
    "bare": ("no history, no cutouts", "new", "none"),
}
"""Name -> what is in it, and the arguments `history` and `cutouts` of `gateway.simulate.visit`."""


def alerts(name: str, count: int) -> list[Alert]:
    """The first `count` alerts of a set."""
    _, history, cutouts = SETS[name]
    return list(visit(count, schema=SCHEMA, seed=SEED, history=history, cutouts=cutouts))
