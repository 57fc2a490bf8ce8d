"""What a redacted event says about itself, and the event that it is (redact and reissue).

Rules
1. A redacted event is a new event of ours: only the owner of an authority may mint identifiers in it, so it is one
   of `Issuer`, who is its author too. Its role is the original's, and so is the Date, when that may be seen.
2. It cites the original as ``followup``. ``supersedes`` would claim to replace all that the original says (VE-53),
   which a part of it cannot. For the same reason what the original superseded is followed up by its copy.
3. The Group `policy` says under which profile, for whom, by which clauses and how much was withheld; never what. No
   hash of the original is there, nor in the identifier: who knows all but one number could try every value of that
   number and see which gives the hash. Operators find it in their log.
4. The identifier is made of the original's local part and a digest of the profile, the audience and what is left.
   Redelivery gives the same event, and other values of what is withheld give the same event too.
5. The Groups in which an event says how its alert can be had back (`avro`) are not kept: they have a hash of all of it,
   or all of it. A Group `policy` of an earlier gateway gives way to ours.
6. Comments and processing instructions are gone, for the model has none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from gateway.errors import SettingsError
from gateway.model import ivoid
from gateway.model.audience import Audience
from gateway.model.voevent import (
    Author,
    AuthorField,
    Citations,
    EventIVORN,
    Group,
    Param,
    Table,
    VOEvent,
    What,
    Who,
)
from gateway.policy.profile import Profile
from gateway.policy.release import Release
from gateway.policy.rule import Decision

__all__ = ["GROUP", "Issuer", "policy_group", "reissued"]

GROUP = "policy"
_ABOUT_THE_WHOLE = (GROUP, "avro", "avro.payload")
"""Rule 5; the names are those of `gateway.mapping.exact`."""
_TITLE = "Copy of an event of another author, without what a policy withholds"
_CITED = "A copy of the first event cited, without what the policy withholds."
_NAME = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*\Z")


@dataclass(frozen=True, slots=True)
class Issuer:
    """In whose name redacted events are issued: their IVOIDs are ``ivo://<authority>/<stream>?<id>``."""

    authority: str = "org.example"
    stream: str = "alerts"
    separator: Literal["?", "#"] = "?"

    def __post_init__(self) -> None:
        if not (len(self.authority) > 2 and _NAME.match(self.authority) and _NAME.match(self.stream)):
            raise SettingsError("settings-value", "Authority and stream must be those of an IVOA identifier.")

    @property
    def ivorn(self) -> str:
        """The stream, which stands for the author."""
        return f"ivo://{self.authority}/{self.stream}"


def policy_group(release: Release[Any]) -> Group:
    """The Group `policy` of an event that is made from a release; of a whole one, too, if somebody wants that."""
    withheld = [decision for _, decision in release.decisions if not decision.passes]
    return _group(
        (release.profile, release.profile_sha256, release.audience),
        withheld,
        ("rows.withheld", release.rows),
        ("fields.unknown", len(release.beyond)),
    )


def _group(under: tuple[str, str, Audience], withheld: Iterable[Decision], *more: tuple[str, int]) -> Group:
    profile, sha256, audience = under
    decisions = list(withheld)
    params = [
        Param("profile", profile, data_type="string"),
        Param("profile.sha256", sha256, data_type="string"),
        Param("audience", str(audience), data_type="string"),
        Param("withheld", str(len(decisions)), data_type="int"),
    ]
    params += [Param(name, str(count), data_type="int") for name, count in more if count]
    clauses = " ".join(sorted({decision.clause for decision in decisions}))
    if clauses:
        params.append(Param("clauses", clauses, data_type="string"))
    return Group(GROUP, None, tuple(params))


def reissued(
    left: VOEvent, withheld: list[Decision], profile: Profile, audience: Audience, issuer: Issuer
) -> VOEvent:
    """The event that goes on in place of one of which this is left."""
    group = _group((profile.id, profile.sha256, audience), withheld)
    kept = tuple(item for item in (left.what.items if left.what else ()) if not _is_about_the_whole(item))
    event = replace(
        left,
        who=Who(
            author_ivorn=issuer.ivorn,
            date=left.who.date if left.who else None,
            author=Author((AuthorField("title", _TITLE),)),
        ),
        what=What((*kept, group)),
        citations=_citations(left),
        original=None,
    )
    return replace(event, ivorn=_identifier(event, left.ivorn, issuer))


def _is_about_the_whole(item: object) -> bool:
    return isinstance(item, Group | Table) and item.name in _ABOUT_THE_WHOLE


def _citations(left: VOEvent) -> Citations:
    """Rule 2."""
    earlier = left.citations or Citations()
    events = tuple(
        replace(event, cite="followup") if event.cite == "supersedes" else event for event in earlier.events
    )
    text = f"{_CITED} {earlier.description}" if earlier.description else _CITED
    return Citations((EventIVORN(left.ivorn, "followup"), *events), text)


def _identifier(event: VOEvent, original: str, issuer: Issuer) -> str:
    """Rule 4. The event still has the original's identifier, so the digest is of that too."""
    digest = hashlib.sha256(orjson.dumps(event)).hexdigest()[:16]
    try:
        local = ivoid.IVOID.parse(original).local
    except ValueError:
        local = ""
    return f"{issuer.ivorn}{issuer.separator}{local}{'/' if local else ''}{digest}"
