"""Which schema an id on the wire stands for.

Rules
1. It is looked for in memory, in the cache on the disk, in the registry, and among the released schemas by their own
   numbers, in this order: a registry may number as it likes, and what it says of its stream holds.
2. `prepare` looks, in a thread, before messages are decoded; `find` only remembers. So a registry that is away stops
   nothing but messages whose schema nobody knows.
3. What the registry could not say is asked again `AGAIN` seconds later at the earliest, so an unknown id or a registry
   that is away costs no wait for each message. A released schema stands in for it meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from gateway.codecs import confluent
from gateway.errors import AvroError, GatewayError, OutputError
from gateway.model.alert import AlertSchema
from gateway.schema import registry as released
from gateway.schema.parse import parse_schema_text
from gateway.transports.schemas.cache import Cache
from gateway.transports.schemas.registry import Registry

__all__ = ["AGAIN", "MAX_KNOWN", "Schemas"]

AGAIN = 60
"""Seconds after which a registry that did not know or answer is asked again."""

MAX_KNOWN = 1000
"""Ids that are remembered. A stream has a handful; a stream of noise has four thousand million."""

log = logging.getLogger("gateway.schemas")


class Schemas:
    """The schemas of one source.

    registry, cache : None when there is none
    clock : seconds, for rule 3
    told : hears where a schema was found: ``cache``, ``registry`` or ``nowhere``
    """

    def __init__(
        self,
        registry: Registry | None = None,
        cache: Cache | None = None,
        clock: Callable[[], float] = time.monotonic,
        told: Callable[[str], None] = lambda found: None,
    ) -> None:
        self._registry, self._cache, self._clock, self._told = registry, cache, clock, told
        self._known: dict[int, AlertSchema] = {}
        self._asked: dict[int, float] = {}

    def find(self, number: int) -> AlertSchema:
        """The schema of an id. Raises SchemaError (schema-unknown, schema-endian), which names the nearest version."""
        known = self._known.get(number)
        return known if known is not None else released.by_wire_id(number)

    async def prepare(self, messages: Iterable[bytes]) -> None:
        """Look for the schemas of some messages (rule 2); what is not in Confluent's framing has none."""
        if self._registry is None:
            return
        for number in {
            number for number in map(_number, messages) if number is not None
        } - self._known.keys():
            if self._clock() >= self._asked.get(number, float("-inf")):
                await self._look(number, self._registry)

    async def _look(self, number: int, registry: Registry) -> None:
        if len(self._asked) >= MAX_KNOWN:
            self._asked.clear()
        self._asked[number] = self._clock() + AGAIN
        if self._remember(number, self._cached(number)):
            self._told("cache")
            return
        text = await asyncio.to_thread(registry.get, number)
        found = self._remember(number, text)
        self._told("registry" if found else "nowhere")
        if found and text is not None and self._cache is not None:
            try:
                self._cache.put(number, text)
            except OutputError as error:
                log.error("%s", error)  # the stream goes on without it

    def _cached(self, number: int) -> str | None:
        try:
            return self._cache.get(number) if self._cache is not None else None
        except OutputError as error:
            log.error("%s", error)
            return None

    def _remember(self, number: int, text: str | None) -> bool:
        """Whether this text is a schema that can be used."""
        if text is None or len(self._known) >= MAX_KNOWN:
            return False
        try:
            schema = released.released(parse_schema_text(text))
        except GatewayError as error:
            log.warning("schema %d cannot be used: %s", number, error)
            return False
        self._known[number] = schema
        log.info("schema %d is %s", number, schema.key or schema.name)
        return True


def _number(message: bytes) -> int | None:
    try:
        return confluent.wire_id(message)
    except AvroError:
        return None
