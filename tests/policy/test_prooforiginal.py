"""The original of a redacted item is in the log as an HMAC, for who has the key, and as nothing that others can try."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from alerts import NEWEST, simulated, withholding
from test_proofrecord import KEY, proof

from gateway.conversion import Converter
from gateway.model.document import Document
from gateway.model.provenance import Origin, Provenance
from gateway.policy.proof.check import log_files, verify
from gateway.policy.proof.log import ProofLog
from gateway.policy.proof.record import original_digest

ALERT = simulated(NEWEST, 1, "none")[0]


def original(key: bytes | None, *paths: str) -> str | None:
    made = Converter("voevent", policy=withholding(paths), prove=True, proof_key=key).convert(ALERT).proof
    assert made is not None
    return made.original


def test_what_was_redacted_can_be_found_by_who_has_the_key_and_the_original() -> None:
    derived = hmac.new(KEY, b"original of a release", hashlib.sha256).digest()
    expected = hmac.new(derived, ALERT.payload, hashlib.sha256).hexdigest()
    assert original(KEY, "diaSource.ra") == f"hmac-sha256:{expected}" == original_digest(ALERT.payload, KEY)
    assert original(bytes(32), "diaSource.ra") != original(KEY, "diaSource.ra")


def test_without_a_key_or_a_redaction_there_is_none() -> None:
    assert original(None, "diaSource.ra") is None
    assert original(KEY) is None


def test_of_a_document_it_is_the_document() -> None:
    event = Converter("voevent").convert(ALERT).data
    unknown = Provenance(
        Origin.EXTERNAL, fields=(("What.diaSource.**", Provenance(Origin.DATA_RELEASE, "dp2")),)
    )
    found = Converter("voevent", prove=True, proof_key=KEY).convert(Document(event, unknown, unknown)).proof
    assert found is not None
    assert found.original == original_digest(event, KEY)


def test_a_log_with_and_without_it_can_be_verified(tmp_path: Path) -> None:
    with ProofLog(tmp_path / "log", key=KEY) as log:
        log.append(proof())
        log.append(proof(original=original_digest(b"x", KEY)))
    assert verify(tmp_path / "log", key=KEY).codes() == set()
    lines = log_files(tmp_path / "log")[0].read_bytes().splitlines()
    assert ["original" in json.loads(line) for line in lines] == [False, False, True]


@pytest.mark.parametrize("text", ["secret", hashlib.sha256(b"x").hexdigest(), "hmac-sha256:x", ""])
def test_nothing_else_can_stand_in_its_place(text: str) -> None:
    with pytest.raises(ValueError, match="original_digest"):
        proof(original=text)
