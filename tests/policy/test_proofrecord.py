"""Records of the proof log: sealed as documented, and with no place for what must not be in them."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import LimitError, SettingsError
from gateway.model.audience import PUBLIC, Audience
from gateway.policy.proof.record import MAX_RECORD, START, Head, Proof, key_from, seal, unseal

NOW = datetime(2026, 12, 1, 12, 0, 0, 5, tzinfo=UTC)
KEY = bytes(range(32))


def proof(**more: Any) -> Proof:
    fields: dict[str, Any] = {
        "id": "ivo://example.org/alerts?1",
        "audience": PUBLIC,
        "profile": "rdo013-2025",
        "profile_sha256": "a" * 64,
        "effect": "redact",
        "format": "voevent-2.1",
        "sha256": "b" * 64,
        "rules": {"alert-packet": 286, "default-deny": 4},
        "withheld": 4,
    }
    return Proof(**(fields | more))


def sealed(key: bytes | None = None) -> tuple[bytes, str]:
    return seal({"seq": 0, "time": NOW, "kind": "release", **proof().fields()}, START.hash, key)


def test_a_record_to_the_letter() -> None:
    line, digest = sealed()
    body = (
        b'{"seq":0,"time":"2026-12-01T12:00:00.000005Z","kind":"release","id":"ivo://example.org/alerts?1",'
        b'"audience":"public","profile":"rdo013-2025","profile_sha256":"%b","effect":"redact",'
        b'"rules":{"alert-packet":286,"default-deny":4},"withheld":4,"format":"voevent-2.1","sha256":"%b",'
        b'"prev":"%b"' % (b"a" * 64, b"b" * 64, b"0" * 64)
    )
    assert digest == hashlib.sha256(body).hexdigest()
    assert line == body + b',"hash":"' + digest.encode() + b'"}\n'
    assert json.loads(line)["hash"] == digest


def test_a_record_with_a_key() -> None:
    line, digest = sealed(KEY)
    assert digest == hmac.new(KEY, line.rpartition(b',"hash":')[0], hashlib.sha256).hexdigest()
    record = unseal(line[:-1])
    assert record is not None
    assert record.holds(KEY)
    assert not record.holds(None)
    assert not record.holds(KEY[::-1])


def test_a_record_is_read_as_it_was_written() -> None:
    line, digest = sealed()
    record = unseal(line[:-1])
    assert record is not None
    assert (record.seq, record.kind, record.prev, record.hash) == (0, "release", START.hash, digest)
    assert record.fields["rules"] == {"alert-packet": 286, "default-deny": 4}
    assert record.holds(None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"\0" * 100,
        sealed()[0],
        sealed()[0][:-2],
        b" " + sealed()[0][:-1],
        sealed()[0][:-1].replace(b'"seq":0', b'"seq":true'),
        sealed()[0][:-1].replace(b'"seq":0', b'"seq":"0"'),
        sealed()[0][:-1].replace(b'"release"', b'"secret"'),
        sealed()[0][:-1].replace(b'"release"', b"5"),
        sealed()[0][:-1].replace(b'"prev":"', b'"prev":5,"x":"'),
        sealed()[0][:-1].replace(b'"withheld":4', b'"withheld":,'),
        sealed()[0][:-1].upper(),
    ],
    ids=lambda _: "line",
)
def test_what_is_no_record(line: bytes) -> None:
    assert unseal(line) is None


def test_the_largest_record() -> None:
    rules = {f"rule-{number}": 1 for number in range(200)}
    assert unseal(seal({"seq": 0, "kind": "release", **proof(rules=rules).fields()}, "0", None)[0][:-1])
    room = MAX_RECORD - len(seal({"seq": 0, "kind": "release", "x": ""}, START.hash, None)[0])
    assert len(seal({"seq": 0, "kind": "release", "x": "y" * room}, START.hash, None)[0]) == MAX_RECORD
    with pytest.raises(LimitError) as caught:
        seal({"seq": 0, "kind": "release", "x": "y" * (room + 1)}, START.hash, None)
    assert "yy" not in str(caught.value)


@pytest.mark.parametrize("name", ["profile", "effect", "format"])
@pytest.mark.parametrize("text", ["", "s3ntinel value", 'a"b', "a\n", "é", "x" * 65, "-a", "diaSource.ra=1"])
def test_names_are_names(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="cannot be one") as caught:
        proof(**{name: text})
    assert "s3ntinel" not in str(caught.value)


def test_rules_and_hashes_are_what_they_say() -> None:
    with pytest.raises(ValueError, match="cannot be one"):
        proof(rules={"a rule": 1})
    for name in ("sha256", "profile_sha256"):
        for text in ("", "b" * 63, "B" * 64, "b" * 64 + "\n"):
            with pytest.raises(ValueError, match="64 lower-case"):
                proof(**{name: text})


@pytest.mark.parametrize("text", ["", "two words", "é", "a\nb", "x" * 513, "\udc80"])
def test_an_id_that_is_none_is_hashed(text: str) -> None:
    found = proof(id=text).fields()["id"]
    assert found == "sha256:" + hashlib.sha256(text.encode(errors="replace")).hexdigest()


def test_the_audience_is_one() -> None:
    assert proof(audience=Audience(frozenset({"dp1", "dp0.2"}))).fields()["audience"] == "rights:dp0.2+dp1"


def test_the_text_of_a_head() -> None:
    head = Head(12, "c" * 64)
    assert str(head) == "12:" + "c" * 64
    assert Head.parse(str(head) + "\n") == head
    for text in (
        "",
        "12",
        "12:",
        ":" + "c" * 64,
        "-1:" + "c" * 64,
        "12:" + "C" * 64,
        "12:" + "c" * 65,
        "9" * 16,
    ):
        with pytest.raises(SettingsError):
            Head.parse(text)


class TestKeyFiles:
    def test_a_key_is_the_bytes_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_bytes(KEY)
        path.chmod(0o640)
        assert key_from(path) == KEY

    @pytest.mark.parametrize(
        ("data", "mode"),
        [(None, 0), (b"", 0o600), (KEY[1:], 0o600), (KEY * 200, 0o600), (KEY, 0o604), (KEY, 0o602)],
    )
    def test_a_key_that_protects_nothing(self, tmp_path: Path, data: bytes | None, mode: int) -> None:
        path = tmp_path / "key"
        if data is not None:
            path.write_bytes(data)
            path.chmod(mode)
        with pytest.raises(SettingsError) as caught:
            key_from(path)
        assert caught.value.code == "settings-value"
