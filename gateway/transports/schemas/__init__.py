"""Writer schemas by their id on the wire, for a stream that goes on when its schema changes or its registry is away.

What this package is not: the released schemas themselves (`gateway.schema.registry`).

    schemas     Schemas: memory, disk, registry, released ones, in this order
    cache       those that a registry gave, on the disk
    registry    a registry with Confluent's interface
"""

from gateway.transports.schemas.cache import Cache
from gateway.transports.schemas.registry import Registry
from gateway.transports.schemas.schemas import Schemas

__all__ = ["Cache", "Registry", "Schemas"]
