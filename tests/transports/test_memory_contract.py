"""The test doubles keep the contract, or what is tested with them says nothing."""

from collections.abc import Sequence

import pytest
from transports.contract import SinkContract, SourceContract

from gateway.errors import DeliveryError
from gateway.relay.message import Product
from gateway.transports.memory import MemorySink, MemorySource


class MemoryStage:
    """Data in a list; a second source goes on where the first one ended. And a list that products go to."""

    limit = 100

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.last: MemorySource | None = None
        self.products: list[Product] = []

    def put(self, data: Sequence[bytes]) -> None:
        self.data += data

    def source(self) -> MemorySource:
        since = self.last.acknowledged if self.last else 0
        self.last = MemorySource(self.data, since=since, endless=True)
        return self.last

    def sink(self) -> MemorySink:
        def never(product: Product) -> DeliveryError | None:
            return DeliveryError("delivery-refused", "Too long.") if len(product.data) > self.limit else None

        sink = MemorySink(never=never)
        sink.products = self.products
        return sink

    def read(self, count: int) -> list[bytes]:
        return [product.data for product in self.products[:count]]


@pytest.fixture
def stage() -> MemoryStage:
    return MemoryStage()


class TestMemorySource(SourceContract):
    pass


class TestMemorySink(SinkContract):
    pass
