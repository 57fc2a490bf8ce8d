"""Fluxes of an object at the exposures of a campaign, and which of them were detections.

Rules
1. A shape is the flux without scale and noise, near +1 or -1 at the trigger; times are days after the
   trigger, so negative.
2. Noise is drawn first. Exposure i is then a detection from the scale t_i = (5 - s n_i) e_i / |shape_i| on
   (n: noise in sigma, e: error, s: sign of the shape). Ordering the t_i gives the scale from which there
   is a wanted number of detections. What is at 5 sigma is a previous diaSource; what is below has forced
   fluxes only.
3. The trigger is always a detection, for a little more scale if need be.
4. An object that was detected too often was found later: its earliest detections are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.simulate.campaign import Campaign
from gateway.simulate.exact import Draws, Floats, sine

__all__ = ["Lengths", "Light", "Shape", "flash", "observe", "random_walk", "rise", "sinusoid"]

Shape = Callable[[Draws, Floats], Floats]
Places = NDArray[np.int64]

THRESHOLD = 5.0
"""A source is detected from this signal-to-noise ratio on."""


@dataclass(frozen=True)
class Lengths:
    """The length of a history.

    wanted, most : detections before the trigger
    forced : forced fluxes, the trigger's included; 0: one an exposure since the first detection
    window : how many exposures ago the object can have been detected first
    """

    wanted: int
    most: int
    forced: int
    window: int


@dataclass(frozen=True)
class Light:
    """Where in the campaign the object was detected (the trigger last) and measured, and the fluxes there."""

    seen: Places
    flux: Floats
    error: Floats
    forced: Places
    forced_flux: Floats
    forced_error: Floats


def sinusoid(draws: Draws, days: Floats) -> Floats:
    """A periodic variable with a harmonic; periods of 0.2 to 40 d, short ones more often."""
    u = draws.uniform()
    turns = days / (0.2 + 40 * u * u * u)
    return sine(turns + 0.25) + draws.uniform(0, 0.3) * sine(2 * turns + 0.25)


def random_walk(draws: Draws, days: Floats) -> Floats:
    """A damped random walk, made backwards in time: the process is the same in both directions."""
    steps = np.diff(days)[::-1] / draws.uniform(20, 200)
    keep = 1 / (1 + steps + steps * steps / 2)
    kicks = (np.sqrt(1 - keep * keep) * draws.normals(len(steps))).tolist()
    values = [1.2]
    for k, kick in zip(keep.tolist(), kicks, strict=True):
        values.append(values[-1] * k + kick)
    return np.array(values[::-1]) / 1.2


def rise(draws: Draws, days: Floats) -> Floats:
    """Nothing before the explosion, then a rise to the trigger that grows slower and slower."""
    age = draws.uniform(3, 40)
    x = np.maximum(days + age, 0) / age
    return x * x * (2 - x)


def flash(draws: Draws, campaign: Campaign, negative: float) -> Light:
    """An object that only the trigger has seen. Few are bright."""
    snr = 1.01 * THRESHOLD / draws.uniform(0.03, 1)
    error = campaign.error[-1:] * draws.uniform(1, 1.25)
    flux = snr * error * (-1 if draws.chance(negative) else 1)
    nowhere, nothing = np.array([], dtype=np.int64), np.array([], dtype=np.float64)
    return Light(np.array([len(campaign.mjd) - 1]), flux, error, nowhere, nothing, nothing)


def observe(
    draws: Draws,
    campaign: Campaign,
    shape: Shape,
    colour: tuple[float, ...],
    negative: float,
    lengths: Lengths,
) -> Light:
    """The light of an object with a history (rule 2); `colour` and `negative` are those of `Kind`."""
    exposures = len(campaign.mjd)
    last = exposures - 1
    form = shape(draws, campaign.mjd - campaign.mjd[-1]) * np.array(colour)[campaign.band]
    if draws.chance(negative):
        form = -form
    error = campaign.error * draws.uniform(1, 1.25)
    noise = draws.normals(exposures)
    size = np.maximum(np.abs(form), 1e-9)
    needed = (THRESHOLD - np.copysign(noise, form * noise)) * error / size
    needed[: max(last - lengths.window, 0)] = np.inf
    enough = float(np.sort(needed[:-1])[lengths.wanted - 1])
    if enough > 1e6 * error[-1]:  # too few exposures since the explosion
        enough = 0.0
    scale = max(enough, float(needed[-1])) * 1.001 / draws.uniform(0.3, 1)
    seen = np.append(np.flatnonzero(needed[:-1] <= scale)[-lengths.most :], last)
    since = exposures - lengths.forced if lengths.forced else int(seen[0])
    forced = np.arange(max(since, 0), exposures)
    again = (scale * form + error * draws.normals(exposures))[forced]
    return Light(seen, (scale * form + error * noise)[seen], error[seen], forced, again, error[forced])
