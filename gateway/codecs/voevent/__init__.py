"""VOEvent XML: reads 1.1, 2.0 and 2.1, writes 2.0 and 2.1 in one canonical form, converts between them.

What this package is not: a validator of what it reads (`check` is: `decode` takes whatever the model can
hold), and not a way to keep a document's bytes (`VOEvent.original` does; `encode` writes the canonical
form instead).

    elements   what each element is made of: the one table that reader, writer, JSON and Avro follow
    read       decode(bytes) -> VOEvent
    write      encode(VOEvent) -> bytes
    versions   to_version(VOEvent, version) -> VOEvent and what was lost
    check      rules of the standard, each a finding
"""

from gateway.codecs.voevent.read import decode
from gateway.codecs.voevent.versions import to_version
from gateway.codecs.voevent.write import encode

__all__ = ["decode", "encode", "to_version"]
