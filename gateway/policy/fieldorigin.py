"""Where one field comes from, as a command line says it: ``What.xmatch.**=data-release:dp2``.

Rules
1. Left of the last ``=`` is a path of `Provenance.fields`: a field of an alert (``prvDiaSources[].*``), a record with
   all that is in it (``diaSource``), or an element of a VOEvent (``What.xmatch.**``). A path that is none of these is
   refused: it would protect nothing.
2. Right of it is an origin, perhaps with a colon and the release that the field belongs to.
"""

from __future__ import annotations

from gateway.errors import SettingsError
from gateway.model.avrotype import leaves
from gateway.model.provenance import Origin, Provenance
from gateway.policy.events.elements import declared
from gateway.policy.pattern import PathPattern
from gateway.schema import registry

__all__ = ["field_origin"]


def field_origin(text: str) -> tuple[str, Provenance]:
    """An item of `Provenance.fields`. Raises SettingsError (settings-value)."""
    pattern, _, label = text.rpartition("=")
    origin, colon, release = label.partition(":")
    if not pattern or bool(colon) is not bool(release):
        raise _unusable("is such as What.xmatch.**=data-release:dp2")
    try:
        found = Provenance(Origin(origin), release or None)
    except ValueError:
        raise _unusable(f"ends with one of {', '.join(one.value for one in Origin)}") from None
    if not _is_of_an_event(pattern) and not _is_of_an_alert(PathPattern.of(pattern)):
        raise _unusable("begins with a field of a released alert schema or an element of a VOEvent")
    return pattern, found


def _is_of_an_event(pattern: str) -> bool:
    try:
        declared(pattern)
    except SettingsError:
        return False
    return True


def _is_of_an_alert(pattern: PathPattern) -> bool:
    schemas = map(registry.get, registry.keys())
    return any(pattern.holds(path) for schema in schemas for path, _ in leaves(schema.root))


def _unusable(what: str) -> SettingsError:
    return SettingsError("settings-value", f"The origin of a field {what}.")
