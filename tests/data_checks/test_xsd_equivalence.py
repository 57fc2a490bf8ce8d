"""schemas/voevent: our schemas give the verdict of IVOA's on every document that anyone here could think of.

1. What both declare is the same (`xsd_facts`), defaults included.
2. Real packets get the same verdict.
3. So do tens of thousands of mutants (`xml_mutations`) of documents that use everything there is.
4. The verdicts of IVOA's schemas are recorded in tests/data/voevent/xsd-verdicts.txt, for those who do not
   have them. A mutant on which libxml2 and Xerces disagree is recorded as open, and nothing is asked of it.
   `pytest --update-golden` writes the record anew; that takes both IVOA's schemas and Xerces.
5. Xerces is asked as well, or we would only know that libxml2 is of one mind with itself.

Each schema judges its own parse of a document: libxml2 notes in the tree which xs:ID it has seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from pathlib import Path

import pytest
from judges import XERCES_MISSING, xerces_validate
from lxml import etree
from xml_mutations import OPERATORS, PARSER, Mutant, Seed, mutants
from xsd_facts import Declarations

from . import SCHEMAS

SEEDS = Path(__file__).parents[1] / "data" / "voevent"
RECORD = SEEDS / "xsd-verdicts.txt"
NAMESPACE = "http://www.ivoa.net/xml/VOEvent/v"


@dataclass(frozen=True)
class Standard:
    """One of our schemas, the one it must agree with, and the documents to bend."""

    ours: str
    reference: str
    seeds: tuple[str, ...]
    pairs: int
    parts_optional: bool

    def __str__(self) -> str:
        return self.ours

    @property
    def xsd(self) -> Path:
        return SCHEMAS / "voevent" / f"{self.ours}.xsd"

    def documents(self) -> Iterator[Mutant]:
        """The seeds and all their mutants."""
        for name in self.seeds:
            yield from mutants(Seed((SEEDS / f"{name}.xml").read_bytes(), self.parts_optional), self.pairs)


TRANSPORT = ("transport-iamalive", "transport-authenticate", "transport-ack", "transport-nak")
STANDARDS = [
    Standard("VOEvent-v2.0", "VOEvent-v2.0.xsd", ("everything-2.0",), 2000, parts_optional=True),
    Standard("VOEvent-v2.1", "VOEvent-v2.1.xsd", ("everything-2.1",), 2000, parts_optional=True),
    Standard("Transport-v1.1", "transport-1.1.xsd", TRANSPORT, 500, parts_optional=False),
]
each_standard = pytest.mark.parametrize("standard", STANDARDS, ids=str)
needs_xerces = pytest.mark.skipif(XERCES_MISSING is not None, reason=XERCES_MISSING or "")


@cache
def compiled(xsd: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(xsd, PARSER))


def valid(xsd: Path, document: bytes) -> bool:
    """The verdict of libxml2."""
    return bool(compiled(xsd).validate(etree.fromstring(document, PARSER)))


@pytest.fixture
def reference(standard: Standard, request: pytest.FixtureRequest) -> Path | None:
    """IVOA's schema, when ../shared is here."""
    try:
        return request.getfixturevalue("shared") / "data" / "standards" / standard.reference
    except pytest.skip.Exception:
        return None


# --- The ways to know IVOA's verdict: its schema, the record, real packets ---------------------------------
@each_standard
def test_declares_what_the_reference_declares(standard: Standard, shared: Path) -> None:
    reference = Declarations(shared / "data" / "standards" / standard.reference)
    assert Declarations(standard.xsd).facts == reference.facts


@each_standard
def test_mutants_get_the_verdict_of_the_reference(
    standard: Standard, reference: Path | None, update_golden: bool, tmp_path: Path
) -> None:
    """By the record, which is what IVOA's schema said of each; on one in ten it is asked again, when it is here."""
    if update_golden:
        assert reference is not None, "To write the record, have ../shared"
        update_record(standard, reference, tmp_path)
    wrong = []
    for number, (mutant, letter) in enumerate(asked(standard)):
        document = mutant.document
        verdict = valid(standard.xsd, document)
        if letter in (INVALID if verdict else VALID):
            wrong.append(f"{mutant}: {'valid' if verdict else 'invalid'}, and recorded otherwise")
        if reference and number % 10 == 0 and valid(reference, document) is not verdict:
            wrong.append(f"{mutant}: {'valid' if verdict else 'invalid'}, and IVOA's schema says otherwise")
    assert not wrong, f"{len(wrong)} verdicts differ; the first: {wrong[:10]}"


@pytest.mark.parametrize("standard", STANDARDS[:2], ids=str)
def test_real_packets_get_the_verdict_of_the_reference(
    standard: Standard, shared: Path, real_voevents: list[tuple[str, bytes]]
) -> None:
    """The archive of 2014 to 2018 and the single packets; for 2.1 also those of 2.0, upgraded."""
    reference = shared / "data" / "standards" / standard.reference
    single = [(file.name, file.read_bytes()) for file in sorted((shared / "data" / "voevent").glob("*.xml"))]
    tally = Counter[bool]()
    for name, packet in [*single, *real_voevents]:
        document = upgraded(packet) if standard.ours == "VOEvent-v2.1" else packet
        verdict = valid(reference, document)
        assert valid(standard.xsd, document) is verdict, name
        tally[verdict] += 1
    assert tally[True] > 968, "968 packets of the archive are valid VOEvent 2.0"
    assert tally[False] > 9, "9 packets of the archive are not"


def upgraded(packet: bytes) -> bytes:
    """A packet of 2.0 with the namespace and the version of 2.1; another packet as it is."""
    root = etree.fromstring(packet, PARSER)
    if root.tag != f"{{{NAMESPACE}2.0}}VOEvent":
        return packet
    root.set("version", "2.1")
    return etree.tostring(root).replace(f"{NAMESPACE}2.0".encode(), f"{NAMESPACE}2.1".encode())


# --- Is this a hard question? ------------------------------------------------------------------------------
@each_standard
def test_mutants_are_a_fair_sample(standard: Standard) -> None:
    """Thousands, many valid and many not, by every operator; and they use all that is declared."""
    by_kind = {kind: Counter[str]() for kind in ("seed", "pair", *OPERATORS)}
    declared, used = Declarations(standard.xsd), set[str]()
    for mutant, letter in asked(standard):
        by_kind[mutant.kind][letter] += 1
        if letter == VALID and mutant.kind in ("seed", "attribute"):
            used |= declared.used_by(etree.fromstring(mutant.document, PARSER))
    assert declared.unused(used) == set()

    assert by_kind.pop("seed") == {VALID: len(standard.seeds)}
    assert [kind for kind, tally in by_kind.items() if not tally[INVALID]] == [], (
        "Operators that break nothing"
    )
    assert sum(1 for tally in by_kind.values() if tally[VALID]) > len(by_kind) / 2
    total = sum(by_kind.values(), Counter[str]())
    assert total.total() > 9000
    assert 0.25 < total[VALID] / total.total() < 0.75
    assert total[OPEN] / total.total() < 0.01


# --- A second engine ---------------------------------------------------------------------------------------
@needs_xerces
@each_standard
def test_xerces_agrees(standard: Standard, reference: Path | None, tmp_path: Path) -> None:
    """On one document in sixty: by IVOA's schema when it is here, and by the record in any case."""
    ours = by_xerces(standard.xsd, standard, tmp_path, every=60)
    letters = recorded(standard)[::60]
    assert len(ours) == len(letters)
    assert [verdict for verdict, letter in zip(ours, letters, strict=True) if letter != OPEN] == [
        letter == VALID for letter in letters if letter != OPEN
    ]
    assert set(letters) >= {VALID, INVALID}
    if reference:
        assert ours == by_xerces(reference, standard, tmp_path, every=60)


def by_xerces(xsd: Path, standard: Standard, folder: Path, every: int = 1) -> list[bool]:
    """The verdict of Xerces under a schema on every n-th document of the standard."""
    files = []
    for number, mutant in enumerate(islice(standard.documents(), 0, None, every)):
        files.append(folder / f"{number}.xml")
        files[-1].write_bytes(mutant.document)
    return [not complaints for complaints in xerces_validate(xsd, files).values()]


# --- The record: a line for each seed and operator, such as `VOEvent-v2.0 drop 3v1x1?` --------------------
VALID, INVALID, OPEN = "vx?"


def asked(standard: Standard) -> list[tuple[Mutant, str]]:
    """Each document with its recorded letter."""
    documents, letters = list(standard.documents()), recorded(standard)
    stale = (
        f"{RECORD.name} is of other documents of {standard}: run pytest --update-golden, then read the diff"
    )
    assert len(documents) == len(letters), stale
    return list(zip(documents, letters, strict=True))


def recorded(standard: Standard) -> list[str]:
    """For each document: valid, invalid by IVOA's schema, or open because the two engines disagree."""
    rows = (line.split() for line in RECORD.read_text().splitlines())
    runs = "".join(runs for name, _, runs in rows if name == standard.ours)
    return [letter for count, letter in re.findall(r"(\d*)(\D)", runs) for _ in range(int(count or 1))]


def update_record(standard: Standard, reference: Path, folder: Path) -> None:
    """Ask both engines under IVOA's schema about each document, and write down what they say."""
    by_libxml2 = [valid(reference, mutant.document) for mutant in standard.documents()]
    verdicts = zip(by_libxml2, by_xerces(reference, standard, folder), strict=True)
    letters = iter([OPEN if one is not other else VALID if one else INVALID for one, other in verdicts])

    old = RECORD.read_text().splitlines() if RECORD.exists() else []
    lines = [line for line in old if line.split()[0] != standard.ours]
    for kind, mutants_of_kind in groupby(standard.documents(), key=lambda mutant: mutant.kind):
        runs = [(letter, len(list(run))) for letter, run in groupby(next(letters) for _ in mutants_of_kind)]
        lines.append(f"{standard.ours} {kind} " + "".join(f"{n if n > 1 else ''}{mark}" for mark, n in runs))
    RECORD.write_text("\n".join(lines) + "\n")
