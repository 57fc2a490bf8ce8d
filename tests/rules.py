"""Rules and profiles for tests.

rule(id, effect, *paths)    a rule about alerts; what else it says by the names of `Rule`
profile(*rules)             a profile of these
"""

from datetime import date

from gateway.model.provenance import Origin
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.profile import Profile
from gateway.policy.rule import Rule

ALERTS = (KindRange("lsst"), KindRange("ztf"))


def rule(name, effect="pass", *paths, **more):
    known = {
        "origins": (Origin.ALERT,),
        "kinds": ALERTS,
        "paths": tuple(map(PathPattern.parse, paths or ("**",))),
        "clause": "P01",
        "source": "test",
        "certainty": "measured",
        "reason": "For a test.",
    }
    return Rule(name, effect, **(known | more))


def profile(*rules, **more):
    return Profile("test", "T", date(2026, 1, 1), "0", tuple(rules), **more)
