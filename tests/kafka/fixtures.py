"""What tests ask the laboratory for. Where a server is not here they are skipped, and the reason says what to install.

`kafka` : a cluster for the contract that both the mock and the real broker keep: each test runs with both
`kafka_broker` : the real broker, for what only it has: users, rights, TLS. All tests share it and none stops it, so a
    topic has a name of its own: `kafka_broker.new_topic()`
`kafka_to_break` : a real broker for this test alone, to be stopped, killed and started again
`tokens` : an endpoint that gives tokens for `kafka_broker`
`schema_registry` : a real registry with Confluent's API, which all tests share
`postgresql` : the URL of an empty database, for SQLAlchemy, on a real server which all tests share
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# All tests know these fixtures and few need them: what they need is imported when it is.
if TYPE_CHECKING:
    from kafka.broker import KafkaBroker
    from kafka.mock import MockKafka
    from kafka.postgresql import PostgreSQL
    from kafka.registry import SchemaRegistry
    from kafka.tokens import TokenEndpoint


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run know."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _need(program: str) -> None:
    from kafka.programs import missing

    if reason := missing(program):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka_broker(laboratory: Path) -> Iterator[KafkaBroker]:
    from kafka.broker import KafkaBroker
    from kafka.sharing import shared

    _need("kafka")
    with shared(KafkaBroker, laboratory / "kafka-broker") as broker:
        yield broker


@pytest.fixture
def kafka_to_break(tmp_path: Path) -> Iterator[KafkaBroker]:
    from kafka.broker import KafkaBroker

    _need("kafka")
    folder = tmp_path / "kafka-to-break"
    folder.mkdir()
    broker = KafkaBroker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def mock_cluster() -> MockKafka:
    from kafka.mock import MockKafka

    return MockKafka()


@pytest.fixture(params=["mock", "real"])
def kafka(request: pytest.FixtureRequest) -> KafkaBroker | MockKafka:
    cluster: KafkaBroker | MockKafka = request.getfixturevalue(
        "kafka_broker" if request.param == "real" else "mock_cluster"
    )
    return cluster


@pytest.fixture
def tokens(kafka_broker: KafkaBroker) -> Iterator[TokenEndpoint]:
    from kafka.tokens import token_endpoint

    with token_endpoint(kafka_broker.key) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def schema_registry(laboratory: Path) -> Iterator[SchemaRegistry]:
    _need("registry")
    from kafka.registry import SchemaRegistry
    from kafka.sharing import shared

    with shared(SchemaRegistry, laboratory / "schema-registry") as registry:
        yield registry


@pytest.fixture(scope="session")
def postgresql_server(laboratory: Path) -> Iterator[PostgreSQL]:
    _need("postgresql")
    from kafka.postgresql import PostgreSQL
    from kafka.sharing import shared

    with shared(PostgreSQL, laboratory / "postgresql") as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> str:
    return postgresql_server.new_database()
