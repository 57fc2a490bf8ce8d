"""voevent-gateway: LSST and ZTF alerts to VOEvent and back, exactly.

Three names do the main job; everything else is reached through the subpackages.

    read(path)       alerts and VOEvents from a file or bytes, one at a time
    convert(item)    a VOEvent for an alert (or the alert back from a VOEvent)
    validate(data)   findings about a VOEvent document

What this package is not: it is not a broker and not an archive. It never guesses where data
came from: provenance is declared by whoever calls it, and what is not known to be public is withheld.
"""

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
