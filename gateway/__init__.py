"""voevent-gateway: LSST and ZTF alerts to VOEvent and back, exactly.

Three names do the main job; everything else is reached through the subpackages.

    read(source)     alerts and VOEvents from a file or bytes, one at a time
    convert(item)    a VOEvent for an alert, or the alert back from a VOEvent
    validate(data)   findings about a VOEvent document

What this package is not: a broker or an archive. It never guesses where data came from: provenance is declared
by whoever calls it, and what is not known to be public is withheld.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.api import convert, read, validate

__all__ = ["__version__", "convert", "read", "validate"]

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> Any:
    # Resolved when first used, so that `import gateway.errors` does not import numpy and lxml.
    if name in ("convert", "read", "validate"):
        from gateway import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
