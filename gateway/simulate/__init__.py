"""Simulated visits: alerts of any released schema version, without a telescope and without a network.

What this package is not: it is no model of the sky or of the survey and nothing to do science with. It makes
packets that look like real ones to a program: the same fields filled and null, plausible values that agree
with each other, and a mixture of kinds of objects. All of it is marked: ``observation_reason``,
``target_name`` or ``publisher`` say ``simulated``, LSST visit numbers begin with 7, and LSST ids are out of
the range of the survey's.

    visit       visit(count, schema=..., seed=...): the alerts of one exposure, one at a time
    campaign    the pointing, its earlier exposures, and where on the camera a place of the sky falls
    objects     the kinds of objects and how often each occurs
    lightcurve  fluxes at the exposures of a campaign, and which of them were detections
    lsst, ztf   an object's tables: a column for a field, by the newest name of the field
    minor       orbit and place of a minor planet, for the records of solar-system alerts
    rows        tables -> raw values of the records of any schema version
    cutouts     FITS stamps
    exact       random draws and functions that give the same bits on every machine
"""

from gateway.simulate.visit import CUTOUTS, HISTORIES, Simulation, identifier, visit

__all__ = ["CUTOUTS", "HISTORIES", "Simulation", "identifier", "visit"]
