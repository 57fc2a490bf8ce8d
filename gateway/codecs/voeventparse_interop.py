"""VOEvent <-> the objects of voevent-parse 1.0.3 (trees of lxml.objectify), for code that already uses
them.

Rules
1. voevent-parse runs on Python up to 3.11 and knows VOEvent 2.0 only; convert other versions first.
2. Nothing else in the project imports this module, and it imports voevent-parse only when called.
3. The bytes between the two are ours: voevent-parse never parses a document that somebody else wrote.
"""

from __future__ import annotations

from typing import Any

from gateway.codecs import voevent
from gateway.errors import ConversionError, SettingsError
from gateway.model.voevent import VOEvent

__all__ = ["from_voeventparse", "to_voeventparse"]


def to_voeventparse(event: VOEvent) -> Any:
    """The root that ``voeventparse.loads`` would give.

    Raises ConversionError (convert-version) for an event that is not 2.0, SettingsError (settings-missing).
    """
    if event.version != "2.0":
        message = f"voevent-parse knows VOEvent 2.0 only and the event is {event.version}; convert it first."
        raise ConversionError("convert-version", message)
    return _voeventparse().loads(voevent.encode(event))


def from_voeventparse(root: Any) -> VOEvent:
    """The event of a root that voevent-parse loaded or built; the root is left as it was.

    Raises what `voevent.decode` raises, and SettingsError (settings-missing).
    """
    return voevent.decode(_voeventparse().dumps(root))


def _voeventparse() -> Any:
    try:
        import voeventparse
    except ImportError:
        raise SettingsError(
            "settings-missing",
            "voevent-parse is not installed or does not run on this Python; use Python 3.11 and install "
            "voevent-gateway[voevent-parse].",
        ) from None
    return voeventparse
