"""Headers of Kafka messages: which of a source's go through, and what others read in ours.

Rules
1. A header is written by whoever sent the message, and no policy has looked at it: none goes through but those that
   the operator names, and of those none whose name begins with ``_``, which is hop's, or that we write ourselves.
2. ``_format`` tells hop-client, SCiMMA's library, what a message is; ``_test`` that it is only a test, which
   hop-client hides from those who do not ask for tests. A test stays one: who marked it does not matter.
3. ``_id`` tells hop's archive which message it is. It follows from the bytes: the same event, the same id. A blob, a
   survey's packet say, has none: to take the hash of 83 kB costs three times as much as to send them.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from gateway.relay.message import Headers, Product

__all__ = ["FORMS", "OURS", "TEST", "Form", "headers_of", "hop_format", "is_test"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a product is called by hop, and by everybody else."""

    hop: str
    content_type: str


FORMS = {
    ".xml": Form("voevent", "application/xml"),
    ".json": Form("json", "application/json"),
    ".avro": Form("avro", "avro/binary"),
}
"""By the suffix of a product. hop-client's ``avro`` is a container file; other Avro is a ``blob`` to it."""

OTHER = Form("blob", "application/octet-stream")
CONTAINER = b"Obj\x01"
OURS = frozenset({"content-type"})
TEST = "_test"
"""The header of a test."""


def headers_of(product: Product, allowed: Collection[str] = ()) -> list[tuple[str, str | bytes | None]]:
    """The headers that a product is sent with (all rules). `allowed` are names that the operator lets through."""
    form = FORMS.get(product.suffix, OTHER)
    hop = form.hop if form.hop != "avro" or product.data.startswith(CONTAINER) else OTHER.hop
    made: list[tuple[str, str | bytes | None]] = [
        ("_format", hop.encode()),
        ("content-type", form.content_type.encode()),
    ]
    if hop != OTHER.hop:
        made.append(("_id", uuid.UUID(bytes=hashlib.sha256(product.data).digest()[:16], version=5).bytes))
    if product.role == "test" or is_test(product.headers):
        made.append((TEST, b"true"))
    passed = [(name, value) for name, value in product.headers if name in allowed and _passes(name)]
    return made + passed


def _passes(name: str) -> bool:
    return not name.startswith("_") and name.lower() not in OURS


def hop_format(headers: Headers) -> str | None:
    """What a message says it is, in hop's words (``voevent``, ``json``, ``avro``, ``circular``, ``blob`` ...), in lower
    case as hop reads it; None when it does not say."""
    for name, value in headers:
        if name == "_format":
            return value.decode("ascii", "replace").lower()
    return None


def is_test(headers: Headers) -> bool:
    """Whether a message is marked as a test, as hop-client does and understands it: by the header alone."""
    return any(name == TEST for name, _ in headers)
