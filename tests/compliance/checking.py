"""How the tests of compliance run a check: in memory, with a profile of their own and a clock that stands."""

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gateway.compliance.check import check
from gateway.compliance.manifest import NOTHING_DECLARED, parse
from gateway.compliance.sources import Source, Unreadable, sources
from gateway.model.audience import PUBLIC, Audience
from gateway.policy.engine import Policy
from gateway.policy.profile import load

PROFILE = str(Path(__file__).parents[1] / "data/policy/compliance.toml")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALERTS = 'origin = "alert"\n'
DP1 = 'origin = "data-release"\nrelease = "dp1"\n'
HOLDERS = Audience(frozenset({"dp1"}))
loaded = cache(load)


def run(files, manifest=ALERTS, audience=PUBLIC, profile=PROFILE, at=NOON):
    """The report about files in memory: name -> bytes."""
    declared = parse("provenance.toml", manifest.encode()) if manifest else NOTHING_DECLARED
    opened = (opened_(name, data) for name, data in files.items())
    return check(opened, Policy(loaded(profile), lambda: at), audience, declared)


def opened_(name, data) -> Source | Unreadable:
    (source,) = sources(["-"], io.BytesIO(data))
    if isinstance(source, Unreadable):
        return Unreadable(name, source.error)
    # The file that was standard input is closed behind it; one that was unpacked is not.
    stream = io.BytesIO(data) if source.stream.closed else source.stream
    return Source(name, stream, source.start, source.size)


def one(name, data, *arguments, **options):
    """The same about one file."""
    (target,) = run({name: data}, *arguments, **options).targets
    return target


def verdicts(target):
    """name -> (effect, clause)."""
    return {v.name: (v.decision.effect, v.decision.clause) for v in target.verdicts}
