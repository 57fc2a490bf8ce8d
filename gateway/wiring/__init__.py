"""A configuration becomes a service that runs: the only package that knows every source and every sink.

What this package is not: a place for decisions. What is read, released, filtered and sent is decided where it is done;
here it is put together, and taken apart again in order when something cannot be had.

    decoding   what is in a message
    making     what an output makes of an item
    sources    sources by their kind
    sinks      sinks by their kind
    replaying  files in the place of a source, once
    sharing    what of it one of several workers does
    service    all of it: wire, serve
"""

from gateway.wiring.replaying import replayed, route_of, without_letters
from gateway.wiring.service import Service, serve, wire
from gateway.wiring.sharing import share_of, shared

__all__ = [
    "Service",
    "replayed",
    "route_of",
    "serve",
    "share_of",
    "shared",
    "wire",
    "without_letters",
]
