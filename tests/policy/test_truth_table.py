"""The truth tables of policy/README.md, row by row."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import cast

import pytest

from gateway.model.audience import Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.moment import Moment
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.profile import Profile
from gateway.policy.rule import Decision, Effect, Resource, Rule
from gateway.schema import registry

README = Path(__file__).parents[2] / "policy/README.md"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
RELEASES = {"dp0.2": date(2022, 6, 30), "dp2": date(2026, 7, 27)}


def table(head: str) -> list[tuple[str, ...]]:
    """The rows of the table whose header begins so."""
    lines = README.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |")) + 2
    rows: list[tuple[str, ...]] = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return rows


PRECEDENCE = table("In words | Rules")
DEFAULT = table("In words | Kind")


def about(words: str) -> tuple[Provenance, Audience, int | None]:
    """`data-release dp2 rights dp2 observed 60000 objects 10 issued`."""
    known = dict(re.findall(r"\b(rights|observed|objects) (\S+)", words))
    plain = [
        w for w in re.sub(r"\b(rights|observed|objects) \S+", "", words).split() if w not in ("no", "origin")
    ]
    issued = "issued" in plain
    origin, release = [*[w for w in plain if w != "issued"], None, None][:2]
    provenance = Provenance(
        Origin(origin) if origin else None,
        release,
        issued=issued,
        observed=float(known["observed"]) if "observed" in known else None,
    )
    rights = frozenset({known["rights"]} if "rights" in known else ())
    return provenance, Audience(rights), int(known["objects"]) if "objects" in known else None


def rules(words: str, origin: Origin | None) -> Iterator[Rule]:
    """`pass a to rights-holders; refuse b until observed + 80 h`."""
    # A rule is about where the value comes from, but the one about another origin.
    origins = (origin if origin and origin is not Origin.EXTERNAL else Origin.ALERT,)
    for text in filter(None, words.split("; ")):
        found = re.fullmatch(
            r"(\w+) (\w)( to rights-holders)?( when handled)?(?: of (\S+))?(?: from (.+?))?(?: until (.+))?",
            text,
        )
        assert found, text
        effect, name, rights, handled, release, start, end = found.groups()
        yield Rule(
            name,
            cast(Effect, effect),
            origins,
            (KindRange("voevent"),),
            (PathPattern((), True),),
            "P25",
            "README.md",
            "inferred",
            "For a test.",
            (release,) if release else (),
            rights=bool(rights),
            handled=bool(handled),
            start=Moment.parse(start) if start else None,
            end=Moment.parse(end) if end else None,
        )


def ask(profile: Profile | str, resource: Resource, words: str) -> Decision:
    provenance, audience, _ = about(words)
    return Policy(profile, lambda: NOW).decide(resource, provenance, audience)


@pytest.mark.parametrize("row", PRECEDENCE, ids=lambda row: row[0])
def test_precedence(row: tuple[str, ...]) -> None:
    _, words, subject, verdict, named = row
    found = list(rules(words, about(subject)[0].origin))
    for order in permutations(found):
        profile = Profile("x", "X", date(2026, 1, 1), "", order, releases=RELEASES)
        decision = ask(profile, Resource("voevent"), subject)
        assert (decision.effect, decision.rule) == (verdict, named)


@pytest.mark.parametrize("row", DEFAULT, ids=lambda row: row[0])
def test_the_default_profile(row: tuple[str, ...]) -> None:
    _, kind, path, subject, verdict, named = row
    family, slash, _ = kind.partition("/")
    version = None
    if slash:
        key = registry.get(kind).key
        assert key is not None
        version = key.major, key.minor
    resource = Resource(family, FieldPath(tuple(path.split(".")) if path else ()), version, about(subject)[2])
    decision = ask("rdo013-2025", resource, subject)
    assert (decision.effect, decision.rule) == (verdict, named)


def test_the_tables_are_there() -> None:
    assert len(PRECEDENCE) >= 20
    assert len(DEFAULT) >= 30
    assert {row[3] for row in PRECEDENCE} == {"pass", "redact", "refuse", "quarantine"}
    assert all(row[0] for row in (*PRECEDENCE, *DEFAULT))
