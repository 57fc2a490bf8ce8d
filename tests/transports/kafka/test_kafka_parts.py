"""The parts of the Kafka client that need no broker: what is held, who is there, headers, settings."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from gateway.errors import SettingsError
from gateway.relay.message import Product
from gateway.transports.kafka.client import AGAIN, Cluster, Lines, OAuth, Scram, Tls, settings
from gateway.transports.kafka.faults import not_let_in, source_error
from gateway.transports.kafka.headers import headers_of, hop_format, is_test
from gateway.transports.kafka.ledger import Ledger, Place
from gateway.transports.kafka.watchdog import Watchdog

ONE, TWO = ("topic", 0), ("topic", 1)


def place(ledger: Ledger, key: tuple[str, int], offset: int) -> Place:
    term = ledger.term(key)
    assert term is not None
    return Place(*key, offset, term)


def test_what_is_acknowledged_is_due_once_and_again_when_its_commit_failed() -> None:
    ledger = Ledger()
    ledger.assign([ONE, TWO])
    places = [place(ledger, ONE, 5), place(ledger, TWO, 9), place(ledger, ONE, 7)]
    for one in places:
        ledger.give(one)
    assert (ledger.due(), ledger.under_way([ONE]), ledger.resume(ONE)) == ([], True, 5)
    ledger.acknowledge(places[:2])
    assert (ledger.under_way([ONE]), ledger.under_way([TWO])) == (True, False)
    assert ledger.due([ONE]) == [("topic", 0, 6)]
    assert ledger.due() == [("topic", 1, 10)]
    assert ledger.due() == []
    ledger.failed([ONE])
    assert ledger.due() == [("topic", 0, 6)]
    ledger.acknowledge(places[2:])
    assert (ledger.due(), ledger.under_way([ONE]), ledger.resume(ONE)) == ([("topic", 0, 8)], False, 8)


def test_what_belongs_to_an_earlier_term_counts_for_nothing() -> None:
    ledger = Ledger()
    ledger.assign([ONE])
    before = place(ledger, ONE, 5)
    ledger.give(before)
    ledger.release([ONE])
    assert (ledger.under_way([ONE]), ledger.holds([before]), ledger.keys) == (False, False, [])
    ledger.acknowledge([before])
    ledger.assign([ONE])
    ledger.acknowledge([before])
    ledger.give(before)
    assert (ledger.due(), ledger.under_way([ONE]), ledger.holds([before]), ledger.resume(ONE)) == (
        [],
        False,
        False,
        -1,
    )
    assert ledger.holds([place(ledger, ONE, 5)])


def told(group: str | None = "up", state: str = "UP", idle: int = 0) -> dict[str, Any]:
    statistics: dict[str, Any] = {"brokers": {"b": {"state": state, "rxidle": idle}}}
    return statistics if group is None else statistics | {"cgrp": {"state": group}}


@pytest.mark.parametrize(
    ("statistics", "heard"),
    [
        (told(), True),
        (told(group=None), True),
        (told(group="wait-coord"), False),
        (told(state="AUTH_REQ"), False),
        (told(idle=-1), False),
        (told(idle=9_999_999), True),
        (told(idle=10_000_000), False),
        ({"brokers": {}}, False),
    ],
)
def test_who_is_there_is_past_the_handshakes_and_was_heard(statistics: dict[str, Any], heard: bool) -> None:
    dog = Watchdog(now=100, limit=10)
    dog.look(statistics, 105)
    assert (dog.heard, dog.silent(110.1)) == (heard, not heard)


def test_silence_is_as_long_as_it_was_said_to_be() -> None:
    dog = Watchdog(now=100, limit=10)
    assert [dog.silent(now) for now in (100, 110, 110.1)] == [False, False, True]


def test_headers_say_what_it_is_and_nothing_of_where_it_came_from() -> None:
    came = (("_sender", b"somebody"), ("_id", b"x"), ("secret", b"s"), ("good", b"g"), ("Content-Type", b"c"))
    product = Product(b"<x/>", headers=came)
    allowed = ("good", "_sender", "_id", "Content-Type")
    made = headers_of(product, allowed)
    assert [name for name, _ in made] == ["_format", "content-type", "_id", "good"]
    assert dict(made) | {"_id": b""} == {
        "_format": b"voevent",
        "_id": b"",
        "content-type": b"application/xml",
        "good": b"g",
    }
    assert headers_of(product) == made[:-1]


@pytest.mark.parametrize(
    ("data", "suffix", "form"),
    [
        (b"{}", ".json", b"json"),
        (b"Obj\x01...", ".avro", b"avro"),
        (b"\0\0\0\0\1...", ".avro", b"blob"),
        (b"?", ".bin", b"blob"),
    ],
)
def test_each_form_has_the_name_that_hop_has_for_it(data: bytes, suffix: str, form: bytes) -> None:
    made = dict(headers_of(Product(data, suffix=suffix)))
    assert made["_format"] == form
    assert ("_id" in made) is (form != b"blob")


def test_the_same_bytes_have_the_same_id_and_others_another() -> None:
    one, same, other = (dict(headers_of(Product(data)))["_id"] for data in (b"1", b"1", b"2"))
    assert one == same != other
    assert isinstance(one, bytes)
    assert len(one) == 16


def test_a_test_is_marked_whoever_said_so() -> None:
    for product in (Product(b"", role="test"), Product(b"", headers=(("_test", b"true"),))):
        assert dict(headers_of(product))["_test"] == b"true"
    assert "_test" not in dict(headers_of(Product(b"", role="observation")))
    assert is_test((("_test", b""),))
    assert not is_test((("test", b"true"),))


def test_what_a_message_says_that_it_is_is_read() -> None:
    assert hop_format((("_id", b"x"), ("_format", b"VOEvent"))) == "voevent"
    assert hop_format((("_format", b"\xff"),)) == "\ufffd"
    assert hop_format(()) is None


CLUSTER = Cluster(("kafka.example.org:9092", "b:1"))


def test_settings_say_where_and_as_whom() -> None:
    plain = settings(CLUSTER, "rubin")
    assert plain["bootstrap.servers"] == "kafka.example.org:9092,b:1"
    assert (plain["security.protocol"], plain["client.id"]) == ("PLAINTEXT", "voevent-gateway.rubin")
    scram = settings(
        Cluster(("a:1",), Scram("u", "p", "SCRAM-SHA-256"), Tls(Path("ca"), Path("c"), Path("k"), "q")), "s"
    )
    assert (scram["security.protocol"], scram["sasl.mechanism"], scram["sasl.username"]) == (
        "SASL_SSL",
        "SCRAM-SHA-256",
        "u",
    )
    assert [
        scram[f"ssl.{name}"]
        for name in ("ca.location", "certificate.location", "key.location", "key.password")
    ] == [
        "ca",
        "c",
        "k",
        "q",
    ]
    oauth = settings(
        Cluster(("a:1",), OAuth("https://a/token", "id", "s", "scope", Path("ca")), Tls()), "gcn"
    )
    assert oauth["sasl.mechanism"] == "OAUTHBEARER"
    assert {key.rpartition("oauthbearer.")[2]: oauth[key] for key in oauth if "oauthbearer" in key} == {
        "method": "oidc",
        "token.endpoint.url": "https://a/token",
        "client.id": "id",
        "client.secret": "s",
        "scope": "scope",
    }
    assert (oauth["https.ca.location"], "ssl.ca.location" in oauth) == ("ca", False)


def test_a_token_is_neither_fetched_nor_shown_without_tls() -> None:
    for bootstrap, url, tls in (
        ("kafka.example.org:9092", "https://a/token", None),
        ("kafka.example.org:9092", "http://a/token", Tls()),
        ("127.0.0.1:9092", "http://a/token", None),
    ):
        with pytest.raises(SettingsError):
            Cluster((bootstrap,), OAuth(url, "id", "secret"), tls)
    Cluster(("127.0.0.1:1", "[::1]:1", "localhost:1"), OAuth("http://localhost/token", "id", "secret"))


def test_secrets_are_in_no_repr_and_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clusters = (
        Cluster(("a:1",), Scram("u", "hunter2"), Tls(key_password="hunter3")),
        Cluster(("a:1",), OAuth("https://a/t", "id", "hunter2"), Tls()),
    )
    for cluster in clusters:
        with caplog.at_level(logging.DEBUG):
            Lines("name", cluster.secrets).log(
                logging.ERROR, "%s [%s] %s", "FAIL", "rdkafka", "it is hunter2 or hunter3"
            )
        assert "hunter2" not in repr(cluster) + caplog.text
    assert "name: FAIL [rdkafka] it is *** or ***" in caplog.text


def test_the_same_line_is_not_said_again_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    lines = Lines("name", (), clock=lambda: now)
    with caplog.at_level(logging.INFO):
        for number in range(3):
            lines.log(logging.ERROR, f"Connection refused (after {number}ms in state CONNECT)")
        lines.log(logging.ERROR, "Another")
        now = AGAIN + 1
        lines.log(logging.ERROR, "Connection refused (after 5ms in state CONNECT)")
    assert [re.sub(r"[^0-9]", "", record.getMessage()) for record in caplog.records] == ["0", "", "5"]


def test_what_ends_a_source_and_what_does_not() -> None:
    def codes(error: KafkaError) -> tuple[str | None, str | None]:
        return tuple(
            made.code if (made := ask("name", error)) else None for ask in (source_error, not_let_in)
        )

    assert codes(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)) == ("source-refused", None)
    assert codes(KafkaError(KafkaError._FENCED, "x", fatal=True)) == ("source-unreachable", None)
    assert codes(KafkaError(KafkaError._AUTHENTICATION)) == (None, "source-refused")
    assert codes(KafkaError(KafkaError._SSL)) == (None, "source-unreachable")
    assert codes(KafkaError(KafkaError._ALL_BROKERS_DOWN)) == (None, None)
