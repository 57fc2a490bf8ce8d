"""What tests of interoperability send: a few events, real ones where `../shared` is."""

from pathlib import Path

import pytest
from lxml import etree
from voevents import EVERYTHING, real_packets

SHARED = Path(__file__).resolve().parents[3] / "shared"
COUNT = 4
"""Events a test: each costs a peer a process."""


@pytest.fixture(scope="session")
def packets() -> list[tuple[str, bytes]]:
    """(ivorn, document) of events of VOEvent 2.0: from all over the real archive, or else made here of our sample."""
    if SHARED.is_dir():
        found = [_named(document) for _, document in real_packets(SHARED)]
        archive = [(ivorn, document) for ivorn, document in found if b"/xml/VOEvent/v2.0" in document]
        return archive[:: len(archive) // COUNT][:COUNT]
    sample = EVERYTHING["2.0"]
    ivorn, _ = _named(sample)
    return [(f"{ivorn}-{n}", sample.replace(ivorn.encode(), f"{ivorn}-{n}".encode())) for n in range(COUNT)]


def _named(document: bytes) -> tuple[str, bytes]:
    return etree.fromstring(document).get("ivorn"), document


@pytest.fixture
def files(packets: list[tuple[str, bytes]], tmp_path: Path) -> list[Path]:
    """The events as files."""
    folder = tmp_path / "packets"
    folder.mkdir()
    files = [folder / f"{number}.xml" for number in range(len(packets))]
    for file, (_, document) in zip(files, packets, strict=True):
        file.write_bytes(document)
    return files
