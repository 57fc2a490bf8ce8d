"""Whether a proof log is what was written: any edit, deletion, insertion, reordering and truncation is found.

Rules
1. Records are checked one by one: the form, the hash of the line, the number, the link to the record before. After a
   fault the check goes on from the record as it stands, so that one change is one or two findings.
2. What is missing at the end is seen only by who knows how long the log was: the head beside the log, which who
   cuts the log may also rewrite, or one that was kept elsewhere.
3. Without a key, somebody who rewrites all from some record on, and every head, is not found. See docs/audit.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import InputError, SettingsError, Where
from gateway.model.finding import Finding, Severity
from gateway.policy.proof.record import FORMAT, MAX_RECORD, START, Head, Record, chain_name, unseal

__all__ = ["HEAD_FILE", "MAX_FINDINGS", "RULES", "LogRule", "Verdict", "log_files", "verify"]

HEAD_FILE = "head"
_FILE = re.compile(r"proof-[0-9]{8}\.jsonl")
_MAX_HEAD = 128

MAX_FINDINGS = 100
"""Findings of one code that are told, so that a file of garbage makes no report of its size."""


@dataclass(frozen=True, slots=True)
class LogRule:
    """One thing that can be wrong with a log, in the shape that reports describe rules in."""

    code: str
    title: str
    severity: Severity = Severity.ERROR
    clause: str = "docs/audit.md"


RULES = tuple(
    LogRule(*row)
    for row in (
        ("PL-01", "Every line is a record."),
        ("PL-02", "The hash of a record is that of its line: nothing in it was changed."),
        ("PL-03", "A record names the hash of the one before: nothing was inserted, removed or moved."),
        ("PL-04", "Records are numbered without gaps."),
        ("PL-05", "A file begins with one opening record, and no other record is one."),
        ("PL-06", "A file ends with a whole line."),
        ("PL-07", "The log is as long as its head says: its end was not cut off."),
        ("PL-08", "The record that the head names has the hash that the head says."),
        ("PL-09", "The head beside the log can be read."),
        ("PL-10", "The log is here from its first record on."),
        ("PL-11", "The log is chained as it is checked: with this key, or without one."),
        ("PL-12", "The log was not repaired.", Severity.WARNING),
        ("PL-13", "A head is known, so a missing end would be found.", Severity.WARNING),
    )
)
_RULE = {rule.code: rule for rule in RULES}


@dataclass(slots=True)
class Verdict:
    """What the check of a log found, by file, and how far the log goes."""

    findings: dict[str, list[Finding]] = field(default_factory=dict)
    head: Head = START
    _count: Counter[str] = field(default_factory=Counter, repr=False)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong; warnings are allowed."""
        return not self.errors()

    def codes(self) -> set[str]:
        """The codes of all findings."""
        return set(self._count)

    def errors(self) -> set[str]:
        """The codes of what is wrong."""
        return {code for code in self.codes() if _RULE[code].severity is Severity.ERROR}

    def add(self, code: str, file: Path, message: str, line: int | None = None) -> None:
        """Note a finding."""
        self._count[code] += 1
        if self._count[code] <= MAX_FINDINGS:
            rule = _RULE[code]
            finding = Finding(code, rule.severity, message, line=line, clause=rule.clause)
            self.findings.setdefault(str(file), []).append(finding)


def log_files(folder: Path) -> list[Path]:
    """The files of a log, in order."""
    return sorted(path for path in folder.glob("proof-*.jsonl") if _FILE.fullmatch(path.name))


def verify(
    paths: Path | Sequence[Path],
    *,
    head: Head | None = None,
    key: bytes | None = None,
    since: Head | None = START,
) -> Verdict:
    """Check a log: a folder, or files in order.

    head : one that was kept elsewhere; the one beside the last file is looked at anyway
    key : of a log that is chained with one
    since : how far the log went before the first file, when earlier files are elsewhere; None to take its word
    Raises SettingsError (settings-value) when there is no log, InputError (input-unreadable) for a file that cannot be
    read.
    """
    files = log_files(paths) if isinstance(paths, Path) else list(paths)
    if not files:
        raise SettingsError("settings-value", "There is no file of a proof log here.")
    verdict = Verdict()
    beside = files[-1].parent / HEAD_FILE
    known = ((files[-1], head), (beside, _read_head(beside, verdict)))
    heads = [(file, found) for file, found in known if found is not None]
    if not heads:
        verdict.add("PL-13", files[-1], "No head is known, so a missing end would not be found.")
    walk = _Walk(verdict, key, since, heads)
    for file in files:
        walk.through(file)
    walk.finish(files[-1])
    return verdict


class _Walk:
    """Goes through the lines of a log and compares each with what the lines before promise."""

    def __init__(
        self, verdict: Verdict, key: bytes | None, since: Head | None, heads: Sequence[tuple[Path, Head]]
    ) -> None:
        self.verdict, self.key, self.heads = verdict, key, heads
        self.at = since  # the head so far; None until the first record has told
        self.first = True
        self.sealed = True  # as we were told to check it; without that the hashes mean nothing to us
        if since is not None:
            self._compare(since)

    def through(self, file: Path) -> None:
        """Check the lines of one file."""
        number = 0
        for number, line in enumerate(_lines(file), 1):
            if not line.endswith(b"\n"):
                self.verdict.add("PL-06", file, "The file ends within a line.", number)
                continue
            record = unseal(line[:-1])
            if record is None:
                self.verdict.add("PL-01", file, "The line is not a record.", number)
                if self.at is not None:
                    self.at = Head(self.at.count + 1, "")
            else:
                self._record(record, file, number)
        if not number:
            self.verdict.add("PL-05", file, "The file is empty.")

    def _record(self, record: Record, file: Path, number: int) -> None:
        if (record.kind == "open") is not (number == 1):
            self.verdict.add("PL-05", file, "Only the first record of a file opens it.", number)
        if record.kind == "open":
            self._opening(record, file, number)
        if self.at is None:
            self.at = Head(record.seq, record.prev)
            self._compare(self.at)
        if record.seq != self.at.count:
            if self.first:
                message = f"The log begins with record {record.seq}, and {self.at.count} was expected."
                self.verdict.add("PL-10", file, message, number)
            else:
                self.verdict.add("PL-04", file, f"Record {self.at.count} was expected here.", number)
        # After a line that is no record nobody knows the hash that comes here.
        if self.at.hash and record.prev != self.at.hash:
            self.verdict.add("PL-03", file, "The record does not follow the one before it.", number)
        if self.sealed and not record.holds(self.key):
            self.verdict.add("PL-02", file, "The record was changed: its hash is another.", number)
        if record.kind == "repair":
            self.verdict.add("PL-12", file, "The end of the log was damaged here, and repaired.", number)
        self.first = False
        self.at = Head(record.seq + 1, record.hash)
        self._compare(self.at)

    def _opening(self, record: Record, file: Path, number: int) -> None:
        expected = {"format": FORMAT, **chain_name(self.key)}
        self.sealed = all(record.fields.get(name) == value for name, value in expected.items())
        if not self.sealed:
            self.verdict.add(
                "PL-11",
                file,
                "The log has another key, none, or another format: its hashes were not checked.",
                1,
            )

    def _compare(self, at: Head) -> None:
        for file, head in self.heads:
            if head.count == at.count and head.hash != at.hash:
                self.verdict.add("PL-08", file, f"The head is not that of the first {at.count} records.")

    def finish(self, last: Path) -> None:
        """Compare the length with the heads."""
        end = self.verdict.head = self.at or START
        for file, head in self.heads:
            if head.count > end.count:
                message = f"{head.count - end.count} of {head.count} records are missing at the end."
                self.verdict.add("PL-07", file, message)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines, with their newline. Of one that is too long for a record only the last byte is given."""
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_RECORD + 1):
                rest = line
                while len(rest) > MAX_RECORD and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_RECORD + 1)
                yield line if rest is line else rest[-1:]
    except OSError as error:
        raise _unreadable(path, error) from None


def _read_head(path: Path, verdict: Verdict) -> Head | None:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_HEAD).decode("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        return Head.parse(text)
    except SettingsError:
        verdict.add("PL-09", path, "The head cannot be read.")
        return None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        "input-unreadable", f"The proof log cannot be read: {error.strerror}.", where=Where(str(path))
    )
