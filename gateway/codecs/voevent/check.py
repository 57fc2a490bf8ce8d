"""Checks a VOEvent: what is wrong with it, where, how bad, and which section of the standard says so.

Rules
1. All mistakes are reported at once, except that XML which cannot be parsed is an error, not a finding.
2. The rules of the text run first, on the document as it is; then contradictions are settled; then the XSD
   runs. What two of them say about the same place under the same code is one finding.
3. For 1.1, which has no XSD of its own here, only the rules of the text are checked, and a note says so.
4. A document has at most `MAX_ELEMENTS` elements and an element at most `MAX_CHILDREN` children: checking takes
   time in proportion to their product (see `xsd`).
5. At most `MAX_FINDINGS` findings a code are listed; the last one says that there are more.
6. No message repeats a value of the document.
7. `errors` is for who only asks whether there is an error: it looks for nothing else and leaves the tree as it
   is. It has the same opinion as `check`, and tells what the XSD says from what only the text does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, cast

from gateway.codecs.voevent.rules import DEFAULTS, RULES, Rule, Switches, packet, xsd
from gateway.codecs.voevent.rules.contradictions import MENDERS
from gateway.codecs.voevent.rules.document import Document, Problem, path_of
from gateway.errors import LimitError, Where
from gateway.model.finding import Finding, Severity
from gateway.model.voevent import NAMESPACES
from gateway.safexml import Element, parse

__all__ = ["MAX_CHILDREN", "MAX_ELEMENTS", "MAX_FINDINGS", "Errors", "check", "errors"]

MAX_ELEMENTS = 200_000
"""The longest history of an LSST alert so far makes 50 000."""

MAX_CHILDREN = 5_000
"""The longest history of an LSST alert so far makes 800 rows."""

MAX_FINDINGS = 100
"""A generated table may repeat one mistake in every row; nobody reads more than this."""

_RULES = {rule.code: rule for rule in RULES}
_IMPLIED = ("VE-01", "VE-04", "VE-05", "VE-10", "VE-30", "VE-40", "VE-52", "VE-61")
"""Errors by these rules are errors by the XSD, too; for 1.1, which has none here, they stand for it."""
_ERRORS = [
    rule for rule in RULES if rule.severity is Severity.ERROR and rule.check and rule.code not in _IMPLIED
]


class Errors(NamedTuple):
    """What is wrong with a document, by line. Without errors it is empty, and so false.

    xsd : what its XSD says
    text : what it does not say, and the standard's text does
    """

    xsd: tuple[Finding, ...] = ()
    text: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.xsd or self.text)


def check(data: bytes, *, switches: Switches = DEFAULTS) -> list[Finding]:
    """The findings about one document, by line.

    Raises `XMLError` and `LimitError` when the bytes are not XML that we parse (see `gateway.safexml`), and
    `LimitError` for a document too large to check (rule 4).
    """
    root = _measured(parse(data))
    return _findings(chain(_by_text(root, switches), _by_xsd(root, switches)))


def errors(data: bytes, root: Element) -> Errors:
    """The errors in a document (rule 7). `root` is the document, parsed.

    Raises `LimitError` for a document too large to check (rule 4).
    """
    version = packet.version_of(root)
    if data.count(b"<") > MAX_CHILDREN:  # or it has not so many elements
        _measured(root)
    if version in ("2.0", "2.1") and xsd.schema(version).validate(root):
        document = Document(root, version)
        rules = (rule.check for rule in _ERRORS if rule.check and version in rule.versions)
        problems = (problem for rule in rules for problem in rule(document))
        if all(problem.severity not in (None, Severity.ERROR) for problem in problems):
            return Errors()
    root = parse(data)
    found = [one for one in _findings(_by_text(root, DEFAULTS)) if one.severity is Severity.ERROR]
    by_xsd = [one for one in _findings(_by_xsd(root, DEFAULTS)) if one.severity is Severity.ERROR]
    return Errors(
        (*by_xsd, *(one for one in found if one.code in _IMPLIED)),
        tuple(one for one in found if one.code not in _IMPLIED),
    )


def _findings(problems: Iterable[tuple[str, Problem]]) -> list[Finding]:
    """Rules 2 and 5."""
    found: dict[tuple[str, str], Finding] = {}
    counts: dict[str, int] = {}
    for code, problem in problems:
        counts[code] = count = counts.get(code, 0) + 1
        if count > MAX_FINDINGS:
            continue
        finding = _finding(_RULES[code], problem)
        found.setdefault((code, finding.path), finding)
    findings = sorted(found.values(), key=lambda finding: (finding.line or 0, finding.code, finding.path))
    return findings + [_more(code, count) for code, count in counts.items() if count > MAX_FINDINGS]


def _by_text(root: Element, switches: Switches) -> Iterator[tuple[str, Problem]]:
    """What the rules of the text say."""
    version = packet.version_of(root)
    if version is None:
        yield "VE-01", Problem(root, "The root element is not a VOEvent of version 1.1, 2.0 or 2.1.")
        return
    document = Document(root, version)
    for rule in RULES:
        believed = rule.switch is None or getattr(switches, rule.switch) == "text"
        if rule.check and version in rule.versions and believed:
            yield from ((rule.code, problem) for problem in rule.check(document))
    if version == "2.1" and switches.separator == "text":
        yield from (("VE-03", problem) for problem in packet.fragment(document))


def _by_xsd(root: Element, switches: Switches) -> Iterator[tuple[str, Problem]]:
    """What the XSD says, once contradictions are settled. The tree is ours alone, so that it may be mended for that."""
    version = packet.version_of(root)
    if version is None:
        return
    if version == "1.1":
        note = "There is no XSD for version 1.1: only the rules of the text were checked."
        yield "XSD", Problem(root, note, severity=Severity.NOTE)
        return
    document = Document(root, version)
    root.tag = f"{{{NAMESPACES[version]}}}VOEvent"
    root.set("version", version)
    for switch, (code, versions, mend) in MENDERS.items():
        if version in versions and getattr(switches, switch) == "text":
            for problem in mend(document):
                yield code, problem._replace(severity=Severity.WARNING)
    for code, problem in xsd.problems(document):
        yield code, problem._replace(severity=Severity.ERROR)


def _measured(root: Element) -> Element:
    """Rule 4."""
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise LimitError("limit-size", f"The document has more than {MAX_ELEMENTS} elements.")
    for element in root.iter("*"):
        if len(element) > MAX_CHILDREN:
            line = cast("int | None", element.sourceline)
            message = f"An element has more than {MAX_CHILDREN} children."
            raise LimitError("limit-size", message, where=Where(line=line, path=path_of(element)))
    return root


def _finding(rule: Rule, problem: Problem) -> Finding:
    return Finding(
        code=rule.code,
        severity=problem.severity or rule.severity,
        message=problem.message,
        path=path_of(problem.element, problem.attribute),
        line=cast("int | None", problem.element.sourceline),
        clause=rule.clause,
    )


def _more(code: str, count: int) -> Finding:
    message = f"{count - MAX_FINDINGS} more findings of this rule are not listed."
    return Finding(code, Severity.NOTE, message, clause=_RULES[code].clause)
