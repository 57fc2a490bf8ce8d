"""One line of the proof log: what it says, how it is sealed, and how the seal is read.

Rules
1. A record is one line of JSON (ASCII) that begins with `seq`, `time`, `kind` and ends with `prev` and `hash`. `seq`
   counts the records of a log from 0, through all of its files; `prev` is the `hash` of the record before.
2. `hash` is the SHA-256 of the bytes of the line before ``,"hash":``, or their HMAC-SHA-256 when the log has a key.
   So a record can be checked as it stands; nothing is parsed or written anew for it.
3. Kinds: ``open`` is the first line of a file, ``release`` says that something was released, ``repair`` that the end of
   the log was found damaged when it was opened.
4. A record has no value of the payload, no name of a withheld field, nobody's name: `Proof` has no place for them
   (clause P28, attack L17).
5. When something was withheld and the log has a key, a record also has the HMAC-SHA-256 of the original, with a key
   derived from the log's. A bare hash would tell a reader of the log what was withheld: who knows all but one number
   could try which number gives it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import LimitError, SettingsError
from gateway.model.audience import Audience
from gateway.policy.release import Release

__all__ = [
    "FORMAT",
    "MAX_RECORD",
    "START",
    "Head",
    "Proof",
    "Record",
    "chain_name",
    "key_from",
    "original_digest",
    "seal",
    "unseal",
]

FORMAT = "gateway-proof-log/1"

MAX_RECORD = 16 * 2**10
"""A record of bytes; one has about 500, and this is room for more than two hundred rules."""

_MIN_KEY, _MAX_KEY = 32, 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,63}")
_ID = re.compile(r"[!-~]{1,512}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGINAL = re.compile(r"hmac-sha256:[0-9a-f]{64}")
_SEALED = re.compile(rb'(\{"seq":.*),"hash":"([0-9a-f]{64})"\}', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes: the number of its records and the hash of the last. Its text is ``count:hash``.

    Who knows it can tell whether any of these records is gone.
    """

    count: int
    hash: str

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """A head from its text ``count:hash``. Raises SettingsError (settings-value)."""
        count, _, digest = text.strip().partition(":")
        if not re.fullmatch(r"[0-9]{1,15}", count) or not _SHA256.fullmatch(digest):
            raise SettingsError(
                "settings-value", "The head of a proof log is a count, a colon and 64 hexadecimal digits."
            )
        return cls(int(count), digest)


START = Head(0, "0" * 64)
"""Of a log without records; the first record's `prev`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is recorded of one release.

    id : the IVOID or diaSourceId of what was released
    profile, profile_sha256 : the policy profile in force
    rules : id of each rule that applied -> to how many leaves
    effect : what became of it, such as ``pass`` or ``redact``
    withheld : how many leaves, rows and parts of images were not shown
    format : of the output, such as ``voevent-2.1``
    sha256 : of the output's bytes, in hexadecimal digits
    original : `original_digest` of the item, when something of it was withheld and the log has a key (rule 5)

    Raises ValueError for a name that could hold something else than a name.
    """

    id: str
    audience: Audience
    profile: str
    profile_sha256: str
    effect: str
    format: str
    sha256: str
    rules: Mapping[str, int] = field(default_factory=dict)
    withheld: int = 0
    original: str | None = None

    def __post_init__(self) -> None:
        for name in (self.profile, self.effect, self.format, *self.rules):
            if not _NAME.fullmatch(name):
                raise ValueError("a profile, effect, format or rule has a name that cannot be one")
        if not _SHA256.fullmatch(self.sha256) or not _SHA256.fullmatch(self.profile_sha256):
            raise ValueError("a SHA-256 has 64 lower-case hexadecimal digits")
        if self.original is not None and not _ORIGINAL.fullmatch(self.original):
            raise ValueError("an original is told by `original_digest`")

    @classmethod
    def of(
        cls,
        release: Release[Any],
        *,
        id: str,
        format: str,
        data: bytes,
        original: bytes = b"",
        key: bytes | None = None,
    ) -> Proof:
        """The proof of an output that was made of a release of `original`, for a log with this key."""
        passed = Counter(decision.rule for _, decision in release.decisions if decision.passes)
        return cls(
            id,
            release.audience,
            release.profile,
            release.profile_sha256,
            "pass" if release.whole else "redact",
            format,
            hashlib.sha256(data).hexdigest(),
            passed | Counter(release.rules),
            len(release.withheld) + release.rows + release.remade + len(release.beyond),
            None if release.whole or key is None else original_digest(original, key),
        )

    def fields(self) -> dict[str, Any]:
        """What of the record is this proof's. An id that is no identifier is replaced by its hash."""
        fit = _ID.fullmatch(self.id)
        return {
            "id": self.id
            if fit
            else "sha256:" + hashlib.sha256(self.id.encode(errors="replace")).hexdigest(),
            "audience": str(self.audience),
            "profile": self.profile,
            "profile_sha256": self.profile_sha256,
            "effect": self.effect,
            "rules": self.rules,
            "withheld": self.withheld,
            "format": self.format,
            "sha256": self.sha256,
            **({"original": self.original} if self.original is not None else {}),
        }


@dataclass(frozen=True, slots=True)
class Record:
    """A line that was read: the fields of the chain, and all of them."""

    seq: int
    kind: str
    prev: str
    hash: str
    fields: dict[str, Any]
    body: bytes = field(repr=False)

    def holds(self, key: bytes | None) -> bool:
        """Whether the hash is that of the line."""
        return hmac.compare_digest(self.hash, _digest(self.body, key))


def seal(fields: Mapping[str, Any], prev: str, key: bytes | None) -> tuple[bytes, str]:
    """The line with its newline, and its hash. Raises LimitError (limit-size) for more than `MAX_RECORD` bytes."""
    body = orjson.dumps({**fields, "prev": prev}, option=orjson.OPT_UTC_Z)[:-1]
    digest = _digest(body, key)
    line = b'%b,"hash":"%b"}\n' % (body, digest.encode())
    if len(line) > MAX_RECORD:
        raise LimitError("limit-size", f"A record of the proof log may have {MAX_RECORD} bytes.")
    return line, digest


def unseal(line: bytes) -> Record | None:
    """The record in a line without its newline, or None when it has not the form of one."""
    match = _SEALED.fullmatch(line)
    if match is None:
        return None
    try:
        fields = orjson.loads(match[1] + b"}")
    except orjson.JSONDecodeError:
        return None
    seq, kind, prev = fields.get("seq"), fields.get("kind"), fields.get("prev")
    if type(seq) is not int or kind not in ("open", "release", "repair") or not isinstance(prev, str):
        return None
    return Record(seq, kind, prev, match[2].decode(), fields, match[1])


def chain_name(key: bytes | None) -> dict[str, str]:
    """How a log is chained, as its ``open`` records say: the function, and which key without saying what it is."""
    if key is None:
        return {"chain": "sha256"}
    return {"chain": "hmac-sha256", "key": _digest(b"id of the key of a proof log", key)[:16]}


def key_from(path: Path) -> bytes:
    """The key in a file, all of its bytes. Raises SettingsError (settings-value) for one that protects nothing."""
    try:
        with path.open("rb") as file:
            mode, key = path.stat().st_mode, file.read(_MAX_KEY + 1)
    except OSError as error:
        raise SettingsError("settings-value", f"The key {path} cannot be read: {error.strerror}.") from None
    if not _MIN_KEY <= len(key) <= _MAX_KEY:
        raise SettingsError(
            "settings-value", f"The key {path} must have {_MIN_KEY} to {_MAX_KEY} random bytes."
        )
    if mode & 0o007:
        raise SettingsError("settings-value", f"Everybody may use the key {path}; chmod o-rwx it.")
    return key


def original_digest(data: bytes, key: bytes) -> str:
    """What a record says of an original of these bytes, in a log with this key (rule 5)."""
    return f"hmac-sha256:{hmac.digest(hmac.digest(key, b'original of a release', 'sha256'), data, 'sha256').hex()}"


def _digest(body: bytes, key: bytes | None) -> str:
    return hashlib.sha256(body).hexdigest() if key is None else hmac.digest(key, body, "sha256").hex()
