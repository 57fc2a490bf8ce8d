"""The kinds of objects in a simulated visit, how often each occurs, and how long its history is.

kind        history                       what is special
transient   none: first detection
dipole      none                          an artefact of subtraction: dipole fit filled, often negative
asteroid    none, and no diaObject        ssSource and orbit filled; moves
variable    sinusoid in several bands     bright in the template; flux of either sign
agn         damped random walk            in the nucleus of a galaxy
supernova   rise after an explosion       beside the nucleus of a galaxy
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.simulate import lightcurve
from gateway.simulate.exact import Draws
from gateway.simulate.lightcurve import Lengths, Shape

__all__ = ["HISTORIES", "KINDS", "Kind", "lengths", "pick"]

HISTORIES = ("mixed", "mature", "new")
"""mixed: a third has a history; mature: 30 to 150 detections, 30 to 300 forced fluxes; new: none has one."""


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    share : of a mixed visit
    shape : its light curve, None for a kind without history
    colour : flux in u, g, r, i, z, y relative to r
    template : flux in the template relative to the difference flux, from and to
    negative : how often the difference flux is negative
    mature : can have more than 30 detections
    """

    name: str
    share: float
    shape: Shape | None = None
    colour: tuple[float, ...] = (0.6, 0.9, 1.0, 1.0, 0.9, 0.8)
    template: tuple[float, float] = (0.0, 2.0)
    negative: float = 0.0
    mature: bool = False


KINDS = (
    Kind("transient", 0.38),
    Kind("dipole", 0.12, template=(5, 60), negative=0.4),
    Kind("asteroid", 0.17, colour=(0.3, 0.8, 1.0, 1.1, 1.0, 0.9), template=(0, 0.02)),
    Kind("variable", 0.18, lightcurve.sinusoid, (0.4, 1.2, 1.0, 0.8, 0.7, 0.6), (2, 20), 0.5, True),
    Kind("agn", 0.09, lightcurve.random_walk, (1.5, 1.2, 1.0, 0.9, 0.8, 0.7), (3, 30), 0.4, True),
    Kind("supernova", 0.06, lightcurve.rise, (0.5, 1.0, 1.1, 1.0, 0.8, 0.6), (0.5, 10)),
)


def pick(draws: Draws, history: str) -> Kind:
    """One of the kinds that `history` (one of HISTORIES) allows."""
    allowed = [
        kind
        for kind in KINDS
        if history == "mixed" or (kind.mature if history == "mature" else kind.shape is None)
    ]
    return draws.choice(allowed, [kind.share for kind in allowed])


def lengths(draws: Draws, history: str) -> Lengths:
    """How long a history is. In a mixed visit most are short and began not long ago."""
    if history == "mature":
        earlier = draws.integer(30, 150)
        return Lengths(earlier, earlier, draws.integer(30, 300), 1000)
    few = draws.uniform()
    wanted = 1 + int(50 * few * few * few)
    return Lengths(wanted, 150, 0, 6 + 2 * wanted)
