"""The laboratory is what it says: each server is real, lets in whom it should and nobody else, keeps what it has."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from certificates import certificate
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from sqlalchemy import create_engine, text

from gateway.schema.registry import get, keys
from kafka.broker import KafkaBroker
from kafka.mock import MockKafka
from kafka.postgresql import PostgreSQL
from kafka.registry import SchemaRegistry
from kafka.settings import READER, STRANGER, WRITER
from kafka.tokens import TokenEndpoint

WAIT = 60.0
"""Seconds until what must come has come."""
SOON = 0.1
"""Seconds between two looks."""
SASL = ("SASL_PLAINTEXT", "SASL_SSL")
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


def produce(settings: dict[str, Any], topic: str, *values: bytes) -> list[KafkaError | None]:
    """What became of each message."""
    became: list[KafkaError | None] = []
    producer = Producer({"message.timeout.ms": WAIT * 1000, "log_level": 0, **settings})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: became.append(error))
    assert producer.flush(WAIT) == 0
    return became


def consume(settings: dict[str, Any], topic: str, count: int = 1) -> list[bytes | None]:
    """The first messages of a topic, for a group."""
    consumer = Consumer({"auto.offset.reset": "earliest", "log_level": 0, **settings})
    consumer.subscribe([topic])
    try:
        found: list[Message] = []
        while len(found) < count:
            messages = consumer.consume(count - len(found), WAIT)
            assert messages, f"{len(found)} of {count} messages came"
            for message in messages:
                if message.error():
                    raise KafkaException(message.error())
                found.append(message)
        return [message.value() for message in found]
    finally:
        consumer.close()


def first_error(settings: dict[str, Any]) -> KafkaError:
    """Why a client that does nothing but connect cannot."""
    errors: list[KafkaError] = []
    client = Consumer({"group.id": READER, "error_cb": errors.append, "log_level": 0, **settings})
    client.subscribe(["alerts-nothing"])
    for _ in range(int(WAIT / SOON)):
        client.poll(SOON)
        if errors:
            break
    client.close()
    assert errors, "nothing was refused"
    return errors[0]


def test_a_cluster_keeps_the_order_of_what_it_is_given(kafka: KafkaBroker | MockKafka) -> None:
    topic = kafka.new_topic()
    values = [b"%d" % number for number in range(10)]
    assert produce(kafka.client(linger_ms=0), topic, b"first") == [None]
    assert consume(kafka.client(group_id="anyone"), topic) == [b"first"]
    producer = Producer(kafka.client())
    other = kafka.new_topic()
    for value in values:
        producer.produce(other, value, partition=0)
    assert producer.flush(WAIT) == 0
    assert consume(kafka.client(group_id="anyone-else"), other, 10) == values


@pytest.mark.parametrize("listener", SASL)
@pytest.mark.parametrize("mechanism", SCRAM)
def test_a_password_opens(kafka_broker: KafkaBroker, listener: str, mechanism: str) -> None:
    topic = kafka_broker.new_topic()
    produce(kafka_broker.client(), topic, b"alert")
    settings = kafka_broker.client_as(READER, listener, mechanism, group_id=f"{READER}-1")
    assert consume(settings, topic) == [b"alert"]


@pytest.mark.parametrize("listener", SASL)
@pytest.mark.parametrize("mechanism", SCRAM)
@pytest.mark.parametrize("wrong", [{"sasl_password": "wrong"}, {"sasl_username": "nobody"}])
def test_a_wrong_password_does_not(
    kafka_broker: KafkaBroker, listener: str, mechanism: str, wrong: dict[str, str]
) -> None:
    settings = kafka_broker.client_as(READER, listener, mechanism, **wrong)
    assert first_error(settings).code() == KafkaError._AUTHENTICATION


@pytest.mark.parametrize("listener", SASL)
def test_a_token_opens(kafka_broker: KafkaBroker, tokens: TokenEndpoint, listener: str) -> None:
    topic = kafka_broker.new_topic()
    produce(kafka_broker.client(), topic, b"alert")
    settings = kafka_broker.client_as(READER, listener, "OAUTHBEARER", group_id=f"{READER}-1")
    assert consume(settings | tokens.client(), topic) == [b"alert"]
    assert tokens.given >= 1


@pytest.mark.parametrize(
    "wrong", [{"exp": 1}, {"aud": "another"}, {"iss": "https://other.example.org"}, {"sub": ""}], ids=str
)
def test_the_broker_looks_at_tokens(
    kafka_broker: KafkaBroker, tokens: TokenEndpoint, wrong: dict[str, Any]
) -> None:
    tokens.claims = wrong
    settings = kafka_broker.client_as(READER, "SASL_SSL", "OAUTHBEARER") | tokens.client()
    assert first_error(settings).code() == KafkaError._AUTHENTICATION


def test_a_wrong_secret_gets_no_token(kafka_broker: KafkaBroker, tokens: TokenEndpoint) -> None:
    settings = kafka_broker.client_as(READER, "SASL_SSL", "OAUTHBEARER") | tokens.client(secret="wrong")
    assert first_error(settings).code() == KafkaError._AUTHENTICATION
    assert tokens.given == 0


def test_another_authority_is_not_believed(kafka_broker: KafkaBroker, tmp_path: Any) -> None:
    settings = kafka_broker.client_as(ssl_ca_location=str(certificate(tmp_path)))
    assert "certificate verify failed" in first_error(settings).str()


def test_who_may_read_may_not_write(kafka_broker: KafkaBroker) -> None:
    (error,) = produce(kafka_broker.client_as(READER), kafka_broker.new_topic(), b"forged")
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    ("user", "group", "prefix", "code"),
    [
        (READER, "other-group", "alerts", KafkaError.GROUP_AUTHORIZATION_FAILED),
        (READER, READER, "private", KafkaError.TOPIC_AUTHORIZATION_FAILED),
        (STRANGER, STRANGER, "alerts", KafkaError.GROUP_AUTHORIZATION_FAILED),
    ],
    ids=["foreign group", "foreign topic", "no rights"],
)
def test_rights_end_where_rubin_ends_them(
    kafka_broker: KafkaBroker, user: str, group: str, prefix: str, code: int
) -> None:
    topic = kafka_broker.new_topic(prefix)
    with pytest.raises(KafkaException) as caught:
        consume(kafka_broker.client_as(user, group_id=group), topic)
    assert caught.value.args[0].code() == code


def test_a_writer_has_transactions(kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.new_topic(WRITER)
    producer = Producer(kafka_broker.client_as(WRITER, transactional_id=f"{WRITER}-{topic}"))
    producer.init_transactions(WAIT)
    for value, end in ((b"given up", producer.abort_transaction), (b"kept", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(WAIT)
        end(WAIT)
    settings = kafka_broker.client_as(WRITER, group_id=WRITER, isolation_level="read_committed")
    assert consume(settings, topic) == [b"kept"]


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill])
def test_a_restart_keeps_what_was_acknowledged(
    kafka_to_break: KafkaBroker, end: Callable[[KafkaBroker], None]
) -> None:
    topic = kafka_to_break.new_topic(partitions=2)
    assert produce(kafka_to_break.client(acks="all"), topic, b"alert") == [None]
    ports = dict(kafka_to_break.ports)
    end(kafka_to_break)
    with pytest.raises(KafkaException) as caught:
        kafka_to_break.admin().list_topics(timeout=SOON)
    assert caught.value.args[0].code() == KafkaError._TRANSPORT
    kafka_to_break.start()
    assert kafka_to_break.ports == ports
    assert consume(kafka_to_break.client_as(group_id=READER), topic) == [b"alert"]


def test_the_registry_gives_our_schemas_under_their_ids(schema_registry: SchemaRegistry) -> None:
    newest = [key for key in keys() if key.family == "lsst"][-2:]
    texts = {key.wire_id: json.dumps(get(key).json) for key in newest}
    schema_registry.keep({number: ("alert-packet", text) for number, text in texts.items()})
    with SchemaRegistryClient({"url": schema_registry.url}) as client:
        assert {number: client.get_schema(number).schema_str for number in texts} == texts
        assert client.get_versions("alert-packet") == [1, 2]
        assert client.get_latest_version("alert-packet").schema_id == max(texts)
        assert client.register_schema("another", Schema('"string"', "AVRO")) not in texts
        with pytest.raises(SchemaRegistryError) as caught:
            client.get_schema(1)
    assert caught.value.http_status_code == 404


def test_postgresql_gives_each_test_a_database(postgresql: str, postgresql_server: PostgreSQL) -> None:
    for url in (postgresql, postgresql_server.new_database()):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE events (ivorn text PRIMARY KEY)"))
            assert "PostgreSQL" in connection.execute(text("SELECT version()")).scalar_one()
        engine.dispose()


def test_many_partitions(kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.new_topic(partitions=45)
    watcher = Consumer(kafka_broker.client(group_id="watcher"))
    assert len(watcher.list_topics(topic, timeout=WAIT).topics[topic].partitions) == 45
    assert watcher.get_watermark_offsets(TopicPartition(topic, 44), WAIT) == (0, 0)
    watcher.close()
