"""Key sets: which keys are used, how long, and how often the issuer is asked."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from issuer import EC, NOW, RSA, public
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.errors import PolicyError
from gateway.policy.people.signingkeys import MAX_KEY_SET, SigningKeys, key_file, read_key_set

HOUR, MINUTE, INSTANT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
ROW = RSA.as_dict(private=False)
NEW = ECKey.generate_key("P-256", {"kid": "new"})


def key_set(*rows: Any) -> bytes:
    return json.dumps({"keys": rows}).encode()


class Source:
    """What an issuer publishes, and how often it was asked."""

    def __init__(self, data: bytes | None) -> None:
        self.data, self.asked = data, 0

    def __call__(self) -> bytes:
        self.asked += 1
        if self.data is None:
            raise PolicyError("policy-keys", "It cannot be reached.")
        return self.data


def code_of(keys: SigningKeys, kid: str, when: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        keys.find(kid, when)
    return caught.value.code


class TestReading:
    def test_keys_by_their_ids(self) -> None:
        found = read_key_set(public(RSA, EC))
        assert list(found) == ["rsa-1", "ec-1"]
        assert found["rsa-1"].as_dict(private=False) == ROW

    @pytest.mark.parametrize(
        "row",  # the keys differ from run to run, so no text of theirs may name a test
        [
            {name: value for name, value in ROW.items() if name != "kid"},
            {**ROW, "kid": 1},
            {**ROW, "use": "enc"},
            {**ROW, "use": ["sig"]},
            {**ROW, "alg": "RS512"},
            {**ROW, "alg": "none"},
            {**ROW, "key_ops": ["sign"]},
            {**ROW, "key_ops": 5},
            {**ROW, "kty": "AKP"},
            {**ROW, "kty": ["RSA"]},
            {},
            OctKey.generate_key(256, {"kid": "hmac"}).as_dict(),
            OKPKey.generate_key("Ed25519", {"kid": "ed"}).as_dict(private=False),
            ECKey.generate_key("P-384", {"kid": "p384"}).as_dict(private=False),
        ],
        ids=lambda _: "row",
    )
    def test_keys_for_something_else_are_passed_over(self, row: dict[str, Any]) -> None:
        assert list(read_key_set(key_set(row, EC.as_dict(private=False)))) == ["ec-1"]

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"[]",
            b"{}",
            b'{"keys": {}}',
            b'{"keys": null}',
            b'{"keys": [1]}',
            b'{"keys": [], "keys": []}',
            b"\xff\xfe{}",
            b"[" * 10**5,
            key_set(RSA.as_dict(private=True)),
            key_set(EC.as_dict(private=True)),
            key_set(ROW, {**ROW}),
            key_set({**ROW, "n": "!"}),
            key_set({**ROW, "n": ""}),
            key_set({**ROW, "n": 5}),
            key_set({**ROW, "e": "AA"}),
            key_set({name: value for name, value in ROW.items() if name != "n"}),
            key_set({**EC.as_dict(private=False), "x": "AAAA"}),
        ],
        ids=lambda _: "set",
    )
    def test_a_set_that_is_not_right_is_refused(self, data: bytes) -> None:
        with pytest.raises(PolicyError) as caught:
            read_key_set(data)
        assert caught.value.code == "policy-keys"
        assert caught.value.__context__ is None

    @pytest.mark.parametrize("padding", ["", "AAAA"])
    def test_a_weak_key_is_refused(self, padding: str) -> None:
        numbers = generate_private_key(65537, 1024).public_key()
        with pytest.warns(SecurityWarning):
            row = RSAKey.import_key(numbers).as_dict(private=False, kid="weak")
        with pytest.warns(SecurityWarning), pytest.raises(PolicyError, match="fewer than 2048 bits"):
            read_key_set(key_set({**row, "n": padding + str(row["n"])}))


class TestFile:
    def test_a_file_is_read_whenever_it_is_asked_for(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        path.write_bytes(public(RSA))
        keys = SigningKeys(key_file(path))
        assert keys.find("rsa-1", NOW).kid == "rsa-1"
        path.write_bytes(public(EC))
        assert keys.find("ec-1", NOW + MINUTE).kid == "ec-1"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        assert code_of(SigningKeys(key_file(tmp_path / "keys.json")), "rsa-1", NOW) == "policy-keys"

    def test_the_largest_file(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        path.write_bytes(public(RSA).ljust(MAX_KEY_SET))
        assert SigningKeys(key_file(path)).find("rsa-1", NOW)
        path.write_bytes(public(RSA).ljust(MAX_KEY_SET + 1))
        assert code_of(SigningKeys(key_file(path)), "rsa-1", NOW) == "policy-keys"


class TestKeeping:
    def test_the_issuer_is_asked_once_in_a_lifetime(self) -> None:
        source = Source(public(RSA, EC))
        keys = SigningKeys(source, lifetime=HOUR)
        for when in (NOW, NOW + MINUTE, NOW + HOUR - INSTANT):
            assert keys.find("rsa-1", when).kid == "rsa-1"
            assert keys.find("ec-1", when).kid == "ec-1"
        assert source.asked == 1
        keys.find("rsa-1", NOW + HOUR)
        assert source.asked == 2

    def test_a_new_key_is_found_when_a_token_names_it(self) -> None:
        source = Source(public(RSA))
        keys = SigningKeys(source)
        keys.find("rsa-1", NOW)
        source.data = public(NEW)
        assert keys.find("new", NOW + MINUTE).kid == "new"
        assert code_of(keys, "rsa-1", NOW + MINUTE) == "policy-token-key"

    def test_invented_ids_are_not_requests(self) -> None:
        source = Source(public(RSA))
        keys = SigningKeys(source, patience=MINUTE)
        for number in range(100):
            assert code_of(keys, f"invented-{number}", NOW + number * INSTANT) == "policy-token-key"
        assert source.asked == 1
        assert keys.find("rsa-1", NOW).kid == "rsa-1"
        assert code_of(keys, "invented", NOW + MINUTE) == "policy-token-key"
        assert source.asked == 2

    def test_a_failure_is_not_repeated_at_once(self) -> None:
        source = Source(None)
        keys = SigningKeys(source, patience=MINUTE)
        for _ in range(5):
            assert code_of(keys, "rsa-1", NOW) == "policy-keys"
        assert source.asked == 1
        source.data = public(RSA)
        assert code_of(keys, "rsa-1", NOW + MINUTE - INSTANT) == "policy-keys"
        assert keys.find("rsa-1", NOW + MINUTE).kid == "rsa-1"

    def test_keys_do_not_outlive_their_issuer(self) -> None:
        source = Source(public(RSA))
        keys = SigningKeys(source, lifetime=HOUR)
        keys.find("rsa-1", NOW)
        source.data = None
        assert code_of(keys, "unknown", NOW + 2 * MINUTE) == "policy-keys"
        assert keys.find("rsa-1", NOW + HOUR - INSTANT).kid == "rsa-1"
        assert code_of(keys, "rsa-1", NOW + HOUR) == "policy-keys"

    def test_a_set_without_a_usable_key_is_no_set(self) -> None:
        assert code_of(SigningKeys(Source(key_set())), "rsa-1", NOW) == "policy-keys"

    def test_a_clock_that_is_set_back_makes_no_key_live_longer(self) -> None:
        source = Source(public(RSA))
        keys = SigningKeys(source, lifetime=HOUR)
        keys.find("rsa-1", NOW)
        keys.find("rsa-1", NOW - HOUR)
        assert source.asked == 2

    def test_threads_ask_once(self) -> None:
        source = Source(public(RSA))
        keys = SigningKeys(source)
        start = threading.Barrier(8)

        def run() -> None:
            start.wait()
            keys.find("rsa-1", NOW)

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert source.asked == 1

    def test_who_comes_while_the_set_is_read_waits(self) -> None:
        found: list[str | None] = []

        def source() -> bytes:
            other.start()
            other.join(0.2)  # it waits for this one, so it is not done
            return public(RSA)

        keys = SigningKeys(source)
        other = threading.Thread(target=lambda: found.append(keys.find("rsa-1", NOW).kid))
        keys.find("rsa-1", NOW)
        other.join()
        assert found == ["rsa-1"]
