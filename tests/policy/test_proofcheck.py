"""A log that was touched is found out: every edit, deletion, insertion, reordering and truncation."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_prooflog import written
from test_proofrecord import KEY, NOW, proof

from gateway.errors import InputError, SettingsError
from gateway.model.finding import Severity
from gateway.policy.proof import check as proofcheck
from gateway.policy.proof.check import HEAD_FILE, RULES, log_files, verify
from gateway.policy.proof.log import ProofLog
from gateway.policy.proof.record import FORMAT, MAX_RECORD, START, Head, seal

Lines = list[bytes]


class Log:
    """A log of three files with eleven records, and what it was like."""

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        self.folder, self.key = folder, key
        with ProofLog(folder, key=key, sync="batch", clock=lambda: NOW) as log:
            for number in range(8):
                if number in (3, 6):
                    log.rotate()
                log.append(proof(id=str(number)))
            self.head = log.head
        self.files = log_files(folder)
        self.text = {file: file.read_bytes() for file in [*self.files, folder / HEAD_FILE]}

    def restore(self) -> None:
        for file, text in self.text.items():
            file.write_bytes(text)

    def lines(self, file: int = 0) -> Lines:
        return self.text[self.files[file]].splitlines(keepends=True)

    def pick(self, *numbers: int) -> Lines:
        return [self.lines()[number] for number in numbers]

    def write(self, lines: Lines, file: int = 0) -> None:
        self.files[file].write_bytes(b"".join(lines))

    def codes(self, **more: Any) -> set[str]:
        return verify(self.folder, **({"key": self.key} | more)).codes()


@pytest.fixture(scope="module", params=[None, KEY], ids=["plain", "keyed"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log"), request.param)


@pytest.fixture
def log(made: Log) -> Log:
    made.restore()
    return made


def test_what_was_written_holds(log: Log) -> None:
    verdict = verify(log.folder, head=log.head, key=log.key)
    assert verdict.holds
    assert verdict.findings == {}
    assert verdict.head == log.head == Head(11, log.head.hash)


@given(data=st.data())
def test_any_changed_byte_is_found(made: Log, data: st.DataObject) -> None:
    made.restore()
    file = data.draw(st.sampled_from(made.files))
    text = bytearray(made.text[file])
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(text)
    assert not verify(made.folder, key=made.key).holds


@given(data=st.data())
def test_any_piece_that_is_cut_out_is_found(made: Log, data: st.DataObject) -> None:
    made.restore()
    file = data.draw(st.sampled_from(made.files))
    text = made.text[file]
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    file.write_bytes(text[:start] + text[end:])
    assert not verify(made.folder, key=made.key).holds


@given(data=st.data())
def test_any_piece_that_is_put_in_is_found(made: Log, data: st.DataObject) -> None:
    made.restore()
    file = data.draw(st.sampled_from(made.files))
    text = made.text[file]
    place = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from([b"\n", b" ", b"\0", b"{}\n", *made.lines(0), *made.lines(1)]))
    file.write_bytes(text[:place] + piece + text[place:])
    assert not verify(made.folder, key=made.key).holds


@given(data=st.data())
def test_any_other_order_is_found(made: Log, data: st.DataObject) -> None:
    made.restore()
    lines = [line for file in range(3) for line in made.lines(file)]
    other = data.draw(st.permutations(lines))
    for number, size in enumerate((4, 4, 3)):
        made.write(other[4 * number : 4 * number + size], number)
    assert verify(made.folder, key=made.key).holds is (other == lines)


@given(data=st.data())
def test_any_end_that_is_cut_off_is_found_by_whoever_knows_the_head(made: Log, data: st.DataObject) -> None:
    made.restore()
    (made.folder / HEAD_FILE).unlink()
    text = made.text[made.files[-1]]
    made.files[-1].write_bytes(text[: data.draw(st.integers(0, len(text) - 1))])
    assert not verify(made.folder, key=made.key, head=made.head).holds


def forget(log: Log, *files: int) -> None:
    for file in files:
        log.files[file].unlink()


def head_says(log: Log, text: str) -> None:
    (log.folder / HEAD_FILE).write_text(text)


def merge(log: Log) -> None:
    log.write(log.lines(0) + log.lines(1), 0)
    log.write(log.lines(2), 1)
    forget(log, 2)


def swap(log: Log) -> None:
    log.write(log.lines(1), 0)
    log.write(log.lines(0), 1)


LONG = b"x" * MAX_RECORD + b"\n"

CASES: dict[str, tuple[Callable[[Log], object], set[str]]] = {
    "no record": (lambda log: log.write([*log.pick(0, 1), b"x\n", *log.pick(3)]), {"PL-01"}),
    "a record is changed": (
        lambda log: log.write([x.replace(b":286", b":285") for x in log.lines()]),
        {"PL-02"},
    ),
    "two change places": (lambda log: log.write(log.pick(0, 2, 1, 3)), {"PL-03", "PL-04"}),
    "one is gone": (lambda log: log.write(log.pick(0, 1, 3)), {"PL-03", "PL-04"}),
    "one comes twice": (lambda log: log.write(log.pick(0, 1, 1, 2, 3)), {"PL-03", "PL-04"}),
    "no opening": (lambda log: log.write(log.lines(1)[1:], 1), {"PL-03", "PL-04", "PL-05"}),
    "two files in one": (merge, {"PL-05"}),
    "an empty file": (lambda log: log.write([], 1), {"PL-03", "PL-04", "PL-05"}),
    "a torn end": (lambda log: log.write([*log.lines(2), b'{"se'], 2), {"PL-06"}),
    "a torn end within": (lambda log: log.write([*log.lines(1), b'{"se'], 1), {"PL-06"}),
    "the last is gone": (lambda log: log.write(log.lines(2)[:-1], 2), {"PL-07"}),
    "the last file is gone": (lambda log: forget(log, 2), {"PL-07"}),
    "another head": (lambda log: head_says(log, f"11:{'0' * 64}"), {"PL-08"}),
    "another earlier head": (lambda log: head_says(log, f"5:{'0' * 64}"), {"PL-08"}),
    "no readable head": (lambda log: head_says(log, "12"), {"PL-09", "PL-13"}),
    "the first file is gone": (lambda log: forget(log, 0), {"PL-03", "PL-10"}),
    "a file within is gone": (lambda log: forget(log, 1), {"PL-03", "PL-04"}),
    "files change places": (swap, {"PL-03", "PL-04", "PL-10"}),
    "no head": (lambda log: (log.folder / HEAD_FILE).unlink(), {"PL-13"}),
    "a long line": (lambda log: log.write([*log.lines(), LONG]), {"PL-01", "PL-04"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_has_its_code(log: Log, case: str) -> None:
    change, codes = CASES[case]
    change(log)
    assert log.codes() == codes
    assert verify(log.folder, key=log.key).holds is (codes == {"PL-13"})


def test_every_code_is_a_case() -> None:
    # PL-11 and PL-12 have tests of their own, here and in test_prooflog.
    cases = {code for _, codes in CASES.values() for code in codes} | {"PL-11", "PL-12"}
    assert cases == {rule.code for rule in RULES}


def test_a_finding_has_file_and_line(log: Log) -> None:
    log.write([line.replace(b'"id":"4"', b'"id":"5"') for line in log.lines(1)], 1)
    verdict = verify(log.folder, key=log.key)
    ((file, (finding,)),) = verdict.findings.items()
    assert file == str(log.files[1])
    assert (finding.code, finding.line, finding.severity) == ("PL-02", 3, Severity.ERROR)
    assert finding.clause == "docs/audit.md"


def test_garbage_before_a_record_is_no_line_of_its_own(log: Log) -> None:
    """Whoever reads a line in pieces must not take the last piece for a line."""
    lines = log.lines()
    for length in (MAX_RECORD, MAX_RECORD + 1, 2 * (MAX_RECORD + 1)):
        log.write([*lines[:2], b"x" * length + lines[2], lines[3]])
        assert log.codes() == {"PL-01"}
        log.write([*lines, b"x" * length])
        assert log.codes() == {"PL-06"}


def test_a_short_log_is_found_however_its_end_looks(log: Log) -> None:
    """Who cuts the log and its head hides it from the folder, and not from who kept a head."""
    log.write(log.lines(2)[:-1], 2)
    (log.folder / HEAD_FILE).unlink()
    assert log.codes() == {"PL-13"}
    assert log.codes(head=log.head) == {"PL-07"}


def test_a_log_goes_on_after_its_head(log: Log) -> None:
    known = verify(log.files[:1], key=log.key, head=log.head).head
    assert known.count == 4
    assert log.codes(head=known) == set()
    assert log.codes(head=START) == set()
    assert log.codes(head=Head(4, "0" * 64)) == {"PL-08"}
    assert log.codes(head=Head(0, "1" * 64)) == {"PL-08"}


def test_later_files_alone(log: Log) -> None:
    known = verify(log.files[:1], key=log.key).head
    assert verify(log.files[1:], key=log.key, since=known).codes() == set()
    assert verify(log.files[1:], key=log.key, since=None).codes() == set()
    assert verify(log.files[1:], key=log.key).codes() == {"PL-03", "PL-10"}
    assert verify(log.files[1:], key=log.key, since=Head(4, "0" * 64)).codes() == {"PL-03"}
    assert verify(log.files[1:], key=log.key, since=None, head=known).codes() == set()
    assert verify(log.files[1:], key=log.key, since=None, head=Head(4, "0" * 64)).codes() == {"PL-08"}
    # Another copy of the files, elsewhere and without its head.
    copies = [Path(shutil.copy(file, log.folder.parent)) for file in log.files]
    assert verify(copies, key=log.key).codes() == {"PL-13"}


class TestKeys:
    def test_without_the_key_the_hashes_are_not_checked(self, tmp_path: Path) -> None:
        log = Log(tmp_path, KEY)
        assert log.codes(key=None) == log.codes(key=KEY[::-1]) == {"PL-11"}
        assert Log(tmp_path / "plain").codes(key=KEY) == {"PL-11"}

    def test_who_has_not_the_key_forges_nothing(self, tmp_path: Path) -> None:
        """Written anew from some record on, head included, as one would who owns the disk."""
        for key, found in ((None, set()), (KEY, {"PL-02"})):
            log = Log(tmp_path / str(bool(key)), key)
            lines, previous = log.lines(2), verify(log.files[:2], key=key).head.hash
            forged = []
            for line in lines:
                fields = proofcheck.unseal(line[:-1]).fields  # type: ignore[union-attr]
                fields.pop("prev")
                if "audience" in fields:
                    fields["audience"] = "rights:dp1"
                made, previous = seal(fields, previous, None)
                forged.append(made)
            log.write(forged, 2)
            (log.folder / HEAD_FILE).write_text(str(Head(log.head.count, previous)))
            assert log.codes() == found
            assert log.codes(head=log.head) == found | {"PL-08"}


def test_a_log_of_another_format_is_not_judged(tmp_path: Path) -> None:
    opening = {"seq": 0, "time": NOW, "kind": "open", "format": "gateway-proof-log/2", "chain": "sha256"}
    file = tmp_path / "proof-00000001.jsonl"
    file.write_bytes(seal(opening, START.hash, None)[0])
    assert verify(tmp_path).codes() == {"PL-11", "PL-13"}
    file.write_bytes(seal(opening | {"format": FORMAT}, START.hash, None)[0])
    assert verify(tmp_path).codes() == {"PL-13"}


def test_findings_are_bounded(tmp_path: Path) -> None:
    written(tmp_path)
    (file,) = log_files(tmp_path)
    file.write_bytes(b"x\n" * 1000 + file.read_bytes())
    verdict = verify(tmp_path)
    assert sum(map(len, verdict.findings.values())) < 110
    assert {"PL-01", "PL-05"} <= verdict.codes()


def test_nothing_to_check(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere", []):
        with pytest.raises(SettingsError):
            verify(place)
    (tmp_path / "proof-1.jsonl").touch()
    with pytest.raises(SettingsError):
        verify(tmp_path)
    for unreadable in (tmp_path / "proof-00000001.jsonl", tmp_path):
        with pytest.raises(InputError) as caught:
            verify([unreadable])
        assert caught.value.code == "input-unreadable"
    (tmp_path / HEAD_FILE).mkdir()
    with pytest.raises(InputError):
        verify([tmp_path / "proof-1.jsonl"])


def test_rules_can_be_told() -> None:
    assert [rule.code for rule in RULES] == [f"PL-{number:02}" for number in range(1, len(RULES) + 1)]
    assert all(rule.title.endswith(".") for rule in RULES)
