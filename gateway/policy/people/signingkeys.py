"""The public keys that an issuer signs with: a JSON Web Key Set (RFC 7517), asked for when it is needed.

Rules
1. Keys come from the source that the operator named, never from a token.
2. Used are RSA keys of 2048 bits or more and P-256 keys that have a `kid` and are not kept for another purpose. Others
   are passed over, as the RFC says. A set that has a private or a damaged key, or a `kid` twice, is refused.
3. A set is used for `lifetime` and then read again. When that fails there are no keys: a key that the issuer
   took back must not live on because the issuer cannot be reached.
4. An unknown `kid` may be a new key, so the set is read again, but not within `patience` of the last attempt:
   invented ids must not become requests to the issuer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import PolicyError
from gateway.policy.people.jsonobject import json_object

__all__ = ["ALGORITHMS", "MAX_KEY_SET", "KeySource", "SigningKeys", "key_file", "read_key_set"]

KeySource = Callable[[], bytes]
"""Gets the document. Raises PolicyError (policy-keys) when it cannot, and for more than `MAX_KEY_SET` bytes."""

SigningKey = RSAKey | ECKey

MAX_KEY_SET = 256 * 2**10
"""A key set of bytes; an issuer has a few keys of under 2 KiB, with certificates perhaps 10 KiB."""

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
"""Key type -> the algorithm it is used with. There is no other: no HMAC, and not `none`."""

_MIN_RSA_BITS = 2048


def key_file(path: Path) -> KeySource:
    """A key set in a file, read anew whenever it is asked for."""

    def read() -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_KEY_SET + 1)
        except OSError as error:
            raise _no_keys(f"The file {path} cannot be read: {error.strerror or 'unknown reason'}.") from None
        if len(data) > MAX_KEY_SET:
            raise _no_keys(f"The file {path} is larger than a key set can be.")
        return data

    return read


def read_key_set(data: bytes) -> Mapping[str, SigningKey]:
    """The usable keys of a set, by `kid` (rule 2). Raises PolicyError (policy-keys)."""
    table = json_object(data)
    rows = table.get("keys") if table else None
    if not isinstance(rows, list):
        raise _no_keys("The key set is not a JSON object with a list `keys`.")
    found: dict[str, SigningKey] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise _no_keys("The key set has a key that is not a JSON object.")
        if not _for_us(row):
            continue
        if row["kid"] in found:
            raise _no_keys("The key set has two keys with the same `kid`.")
        found[row["kid"]] = _key(row)
    return MappingProxyType(found)


def _for_us(row: Mapping[str, Any]) -> bool:
    kind, kid, operations = row.get("kty"), row.get("kid"), row.get("key_ops", ["verify"])
    return (
        isinstance(kind, str)
        and kind in ALGORITHMS
        and isinstance(kid, str)
        and row.get("alg", ALGORITHMS[kind]) == ALGORITHMS[kind]
        and row.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and row.get("crv", "P-256") == "P-256"
    )


def _key(row: dict[str, Any]) -> SigningKey:
    try:
        key: SigningKey | None = RSAKey.import_key(row) if row["kty"] == "RSA" else ECKey.import_key(row)
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None:
        raise _no_keys("The key set has a damaged key.")
    if key.is_private:
        raise _no_keys("The key set has a private key. Give the gateway the public half alone.")
    if isinstance(key, RSAKey) and key.public_key.key_size < _MIN_RSA_BITS:
        raise _no_keys(f"The key set has an RSA key of fewer than {_MIN_RSA_BITS} bits.")
    return key


class SigningKeys:
    """The keys of one issuer, kept as rules 3 and 4 say. Threads may share it."""

    def __init__(
        self,
        source: KeySource,
        *,
        lifetime: timedelta = timedelta(hours=1),
        patience: timedelta = timedelta(minutes=1),
    ) -> None:
        self._source, self._lifetime, self._patience = source, lifetime, patience
        self._lock = threading.Lock()
        self._kept: tuple[datetime | None, Mapping[str, SigningKey]] = None, {}
        self._tried: datetime | None = None

    def find(self, kid: str, now: datetime) -> SigningKey:
        """The key of this id at `now`, an aware time. Raises PolicyError (policy-keys, policy-token-key)."""
        key = self._fresh(now).get(kid)
        if key is None:
            with self._lock:  # who waits for another thread's attempt makes none of its own: patience
                key = self._again(now).get(kid)
        if key is None:
            raise PolicyError("policy-token-key", "The issuer has no key of the id that the token names.")
        return key

    def _fresh(self, now: datetime) -> Mapping[str, SigningKey]:
        read, keys = self._kept
        # abs: a clock that was set back must not make a set live longer.
        return keys if read is not None and abs(now - read) < self._lifetime else {}

    def _again(self, now: datetime) -> Mapping[str, SigningKey]:
        if self._tried is None or abs(now - self._tried) >= self._patience:
            self._tried = now
            self._kept = now, read_key_set(self._source())
        keys = self._fresh(now)
        if not keys:
            raise _no_keys("There were no usable keys at the last attempt to read the key set.")
        return keys


def _no_keys(message: str) -> PolicyError:
    return PolicyError("policy-keys", message)
