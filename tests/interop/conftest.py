"""What tests of interoperability send: a few events, real ones where `../shared` is."""

from pathlib import Path

import pytest
from lxml import etree
from voevents import EVERYTHING, real_packets

from gateway.codecs.voevent.check import check
from gateway.model.finding import Severity

SHARED = Path(__file__).resolve().parents[3] / "shared"
COUNT = 4
"""Events a test: each costs a peer a process."""


@pytest.fixture(scope="session")
def packets() -> list[tuple[str, bytes]]:
    """(ivorn, document) of events of VOEvent 2.0 that are valid and no tests: from all over the real archive where it
    is, and otherwise made of our sample."""
    if SHARED.is_dir():
        found = [document for _, document in real_packets(SHARED) if _fits(document)]
        return [(_ivorn(document), document) for document in found[:: len(found) // COUNT][:COUNT]]
    sample = EVERYTHING["2.0"].replace(b'role="test"', b'role="observation"')
    ivorn = _ivorn(sample)
    return [(f"{ivorn}-{n}", sample.replace(ivorn.encode(), f"{ivorn}-{n}".encode())) for n in range(COUNT)]


def _fits(document: bytes) -> bool:
    """Whether a broker that validates takes it, and who does not want tests."""
    event = etree.fromstring(document)
    valid = not any(finding.severity is Severity.ERROR for finding in check(document))
    return valid and event.get("version") == "2.0" and event.get("role") != "test"


def _ivorn(document: bytes) -> str:
    return str(etree.fromstring(document).get("ivorn"))


@pytest.fixture
def files(packets: list[tuple[str, bytes]], tmp_path: Path) -> list[Path]:
    """The events as files."""
    folder = tmp_path / "packets"
    folder.mkdir()
    files = [folder / f"{number}.xml" for number in range(len(packets))]
    for file, (_, document) in zip(files, packets, strict=True):
        file.write_bytes(document)
    return files
