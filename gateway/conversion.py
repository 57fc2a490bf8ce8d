"""One item in, one output: what `gateway convert`, the demo and the Python API have in common.

Every item passes `Policy.release` before anything is made of it (architecture: policy comes first).

    item                 to voevent, voevent-2.0, voevent-2.1   to avro                        to json
    alert                minted                                 its datum, in its framing      the alert's JSON form
    VOEvent made by us   itself, or its other version           the alert it was made from     the event's JSON form
    other VOEvent        itself, or its other version           the schema `voevent`           the event's JSON form
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, cast

from gateway.codecs import alert_json, confluent, single_object, voevent_avro, voevent_json
from gateway.codecs.datum import Datum
from gateway.codecs.voevent import decode, encode, to_version
from gateway.errors import ConversionError, PolicyError, SettingsError
from gateway.mapping.fast import Minter
from gateway.mapping.minted import WITHHELD
from gateway.mapping.restore import alert_of
from gateway.mapping.settings import Settings
from gateway.mapping.trigger import local_of
from gateway.model.alert import Alert, AlertSchema
from gateway.model.audience import Audience
from gateway.model.document import Document
from gateway.model.fieldpath import FieldPath
from gateway.model.loss import Loss
from gateway.model.voevent import Version, VOEvent
from gateway.policy.engine import Policy
from gateway.policy.events.notice import Issuer
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.policy.proof.record import Proof
from gateway.policy.release import Release
from gateway.schema.datum import check_datum
from gateway.schema.parse import schema_of
from gateway.schema.project import project
from gateway.schema.registry import get, stored_event
from gateway.schema.splice import Splicer, drops, only_nulls, without

__all__ = ["TARGETS", "Converter", "Output", "Target", "stem_of"]

Target = Literal["voevent", "voevent-2.0", "voevent-2.1", "avro", "json"]
TARGETS: tuple[Target, ...] = ("voevent", "voevent-2.0", "voevent-2.1", "avro", "json")


@dataclass(frozen=True)  # without slots, with which unpickling is slow
class Output:
    """What became of one item.

    data : the document, message or, for a container, the datum
    stem : a name for its file, without suffix
    datum : the Avro datum without framing, and its schema, when the output is Avro
    exact : for a VOEvent made from an alert, whether it gives the alert back
    role : of a VOEvent
    whole : nothing was withheld
    proof : what a proof log keeps of the release, when that was asked for
    """

    data: bytes = field(repr=False)
    stem: str
    suffix: str
    ivorn: str | None = None
    datum: Datum | None = None
    exact: bool | None = None
    losses: tuple[Loss, ...] = ()
    proof: Proof | None = None
    role: str | None = None
    whole: bool = False


class Converter:
    """Converts items to one target for one principal. Keep one: it compiles once a schema.

    principal : who asks; asked for its audience at each item, so that rights end when they end
    project_to : a released schema onto which alerts of other schemas are projected, by structure
    prove : give each output the record that a proof log keeps of it
    proof_key : of that log
    """

    def __init__(
        self,
        to: Target = "voevent",
        settings: Settings | None = None,
        policy: Policy | None = None,
        project_to: str | None = None,
        *,
        principal: Principal = ANONYMOUS,
        prove: bool = False,
        proof_key: bytes | None = None,
    ) -> None:
        self.principal, self.prove, self._proof_key = principal, prove, proof_key
        if to not in TARGETS:
            raise SettingsError("settings-value", f"The target is one of {', '.join(TARGETS)}.")
        settings = settings or Settings()
        self.to = to
        self.version: Literal["2.0", "2.1"] | None = None
        if to in ("voevent-2.0", "voevent-2.1"):
            self.version = cast(Literal["2.0", "2.1"], to[-3:])
            settings = replace(settings, version=self.version)
        self.settings = settings
        self.policy = policy or Policy()
        self.target_schema = get(project_to) if project_to else None
        self._minter = Minter(settings)

    @property
    def audience(self) -> Audience:
        """For whom an item is converted now."""
        return self.principal.audience_at(self.policy.clock())

    def convert(self, item: Alert | Document) -> Output:
        """The output for an item. Raises GatewayError."""
        release, output = self._document(item) if isinstance(item, Document) else self._packet(item)
        if release.whole:
            output = replace(output, whole=True)
        if not self.prove:
            return output
        kind = self.to if self.to != "voevent" else f"voevent-{self.settings.version}"
        proof = Proof.of(
            release,
            id=output.ivorn or output.stem,
            format=kind,
            data=output.data,
            original=item.data if isinstance(item, Document) else item.payload,
            key=self._proof_key,
        )
        return replace(output, proof=proof)

    def _packet(self, item: Alert) -> tuple[Release[Alert], Output]:
        left: tuple[str, ...] = ()
        if self.target_schema is not None and item.schema.key is None:
            item, left = project(item, self.target_schema)
        release = self.policy.release(item, self.audience)
        output = self._alert(release)
        losses = [Loss(path, "not in the released schema; left behind") for path in (*left, *release.beyond)]
        if release.rows:
            losses.append(Loss(f"{release.rows} rows", WITHHELD))
        if release.remade:
            losses.append(
                Loss(f"{release.remade} images", "made again without what had been put beside them")
            )
        if release.withheld and self.to in ("avro", "json"):
            losses.append(Loss(f"{len(release.withheld)} fields", WITHHELD))
        return release, replace(output, losses=(*losses, *output.losses)) if losses else output

    def _alert(self, release: Release[Alert]) -> Output:
        if self.to == "avro":
            return self._avro(release)
        if self.to == "json":
            data = alert_json.encode(release.item, release.withheld)
            return Output(data, self._stem(release), ".json")
        minted = self._minter.mint(release)
        return Output(
            minted.data,
            stem_of(minted.ivorn),
            ".xml",
            minted.ivorn,
            exact=minted.exact,
            losses=minted.losses,
            role=minted.role,
        )

    def _stem(self, release: Release[Alert]) -> str:
        """A file name: that of the alert's event, without making one."""
        local = local_of(release, Settings(reprocessed=self.settings.reprocessed))
        return "alert" if local is None else stem_of(local)

    def _avro(self, release: Release[Alert]) -> Output:
        check_datum(release.item.schema, release.item.payload)
        alert, stem = _written(release), self._stem(release)
        payload = alert.payload
        frame = {"confluent": confluent.frame, "single-object": single_object.frame}.get(alert.framing.kind)
        if frame is None:
            codec = (alert.framing.codec or "null") if alert.framing.kind == "container" else None
            return Output(payload, stem, ".avro", datum=Datum(alert.schema, payload, codec))
        return Output(frame(alert.schema, payload), stem, ".avro", datum=Datum(alert.schema, payload))

    def _document(self, item: Document) -> tuple[Release[Any], Output]:
        if self.to == "avro":
            try:
                return self._packet(alert_of(item.data, item.as_alert))
            except ConversionError as error:
                if error.code != "convert-foreign":
                    raise
        issuer = Issuer(self.settings.authority, self.settings.stream, self.settings.separator)
        release = self.policy.release(
            decode(item.data), self.audience, provenance=item.provenance, issuer=issuer
        )
        event, stem = release.item, stem_of(release.item.ivorn)
        losses: tuple[Loss, ...] = (
            (Loss(f"{_count(release)} elements", WITHHELD),) if release.withheld else ()
        )
        if self.to == "json":
            data = voevent_json.encode(event)
            return release, Output(data, stem, ".json", event.ivorn, losses=losses, role=event.role)
        # Nobody writes 1.1 any more, and a redacted event has no document of its own yet.
        oldest: Version = "2.0" if release.withheld and event.version == "1.1" else event.version
        event, lost = to_version(event, self.version or oldest)
        losses += lost
        if self.to == "avro":
            datum = Datum(stored_event(), voevent_avro.encode(event), "null")
            return release, Output(
                datum.payload, stem, ".avro", event.ivorn, datum, losses=losses, role=event.role
            )
        data = release.original() if event.original is not None else encode(event)
        return release, Output(data, stem, ".xml", event.ivorn, losses=losses, role=event.role)


def _count(release: Release[VOEvent]) -> int:
    """How many elements of an event are withheld: several may have one path."""
    return sum(1 for _, decision in release.decisions if not decision.passes)


def _written(release: Release[Alert]) -> Alert:
    """The released alert as Avro: what is withheld is null where its schema allows that, or not in its schema.

    Raises PolicyError (policy-withheld) for a message, whose schema cannot be another one.
    """
    alert = release.item
    if _only_nulls(alert.schema, release.withheld):
        return alert
    if alert.framing.kind != "container":
        raise PolicyError(
            "policy-withheld",
            "A field that is withheld cannot be null, and a message cannot have a schema without it: "
            "convert it to another format.",
        )
    schema, drop = _reduced(alert.schema, release.withheld)
    return replace(alert, schema=schema, payload=drop(alert.payload))


@lru_cache(maxsize=64)
def _only_nulls(schema: AlertSchema, withheld: frozenset[FieldPath]) -> bool:
    return only_nulls(schema.root, withheld)


@lru_cache(maxsize=64)
def _reduced(schema: AlertSchema, withheld: frozenset[FieldPath]) -> tuple[AlertSchema, Splicer]:
    """The schema without what is withheld."""
    return schema_of(without(schema.root, withheld)), drops(schema.root, withheld)


def stem_of(ivorn: str) -> str:
    """A file name for an event: its local part, or else the whole IVOID, with what is unsafe in names replaced."""
    local = re.split("[?#]", ivorn, maxsplit=1)[-1] or ivorn
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", local.removeprefix("ivo://")).strip("._")[:120] or "event"
