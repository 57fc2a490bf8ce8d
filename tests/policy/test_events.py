"""VOEvents through the policy: nothing that is withheld leaves, whatever it is and wherever it stands (L09 to L17, L25
to L28, L33), and nothing that is public is held back.

A canary is put into every slot of an event that has everything, one after the other, with its element declared to come
from a data release, and looked for in all that leaves.
"""

import logging
import pickle
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alerts import NEWEST, alert, released, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from voevents import EVERYTHING, complaints, events, real_packets

from gateway.codecs.voevent import decode, encode
from gateway.codecs.voevent.check import check
from gateway.conversion import TARGETS, Converter, Output
from gateway.errors import GatewayError, PolicyError, SettingsError
from gateway.mapping import exact
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.model import voevent as model
from gateway.model.audience import PUBLIC, Audience
from gateway.model.document import Document
from gateway.model.fieldpath import FieldPath
from gateway.model.finding import Severity
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.engine import Policy
from gateway.policy.events import elements, enclosed, notice
from gateway.policy.events.judge import EventJudge
from gateway.policy.events.markup import markup
from gateway.policy.events.notice import Issuer, policy_group
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.profile import load
from gateway.policy.rule import Rule

CANARY = "c4n4ry77"
DP2 = Provenance(Origin.DATA_RELEASE, "dp2")
HOLDER = Audience(frozenset({"dp2"}))
EXTERNAL = Provenance(Origin.EXTERNAL)
POLICY = Policy("rdo013-2025", lambda: datetime(2026, 11, 24, tzinfo=UTC))
EVENT = decode(EVERYTHING["2.1"])


def declared(*paths: str, other: Provenance = DP2, whole: Provenance = EXTERNAL) -> Provenance:
    """An event that is external but for these paths."""
    return replace(whole, fields=tuple((path, other) for path in paths))


def errors(data: bytes) -> list[str]:
    return [f"{one.code} {one.path}" for one in check(data) if one.severity is Severity.ERROR]


# Canaries


def planted(value: object, make=lambda changed: changed) -> Iterator[tuple[str, object]]:
    """(slot, the value with the canary in it) for every text in a value of the model."""
    if isinstance(value, str):
        yield "", CANARY
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            for slot, changed in planted(item):
                yield f"[{place}]{slot}", (*value[:place], changed, *value[place + 1 :])
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in ("version", "original", "kind"):
                for slot, changed in planted(getattr(value, field.name)):
                    yield f".{field.name}{slot}", replace(value, **{field.name: changed})


PLANTED = dict(planted(EVENT))


def paths_with_canary(event: VOEvent) -> set[FieldPath]:
    """The elements that have the canary in them."""
    found = set()
    judge = EventJudge(POLICY.profile, EXTERNAL, PUBLIC, datetime(2026, 11, 24, tzinfo=UTC))

    def look(element: elements.Element):
        if any(CANARY in slot.text for slot in element.slots):
            found.add(element.path)
        return judge(element)

    elements.Selection(look)(event)
    return found


def test_every_slot_of_the_model_is_tried() -> None:
    assert len(PLANTED) > 150
    kinds = {kind for kind in vars(model).values() if isinstance(kind, type) and is_dataclass(kind)}
    tried: set[type] = set()

    def walk(value: object) -> None:
        if isinstance(value, tuple):
            for item in value:
                walk(item)
        elif is_dataclass(value):
            tried.add(type(value))
            for field in fields(value):
                walk(getattr(value, field.name))

    walk(EVENT)
    assert tried == kinds


def attempt(converter: Converter, document: Document) -> Output | GatewayError:
    try:
        return converter.convert(document)
    except GatewayError as error:
        return error


@pytest.mark.parametrize("slot", PLANTED)
def test_a_canary_is_in_nothing_that_leaves(slot: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    event = PLANTED[slot]
    data = encode(event)
    (path,) = paths_with_canary(event)
    pattern = ".".join("*" if CANARY in step else step for step in path.steps)
    provenance = declared(pattern)
    seen: list[bytes] = []
    policy = Policy(POLICY.profile, POLICY.clock)
    for to in TARGETS:
        output = attempt(Converter(to, policy=policy), Document(data, provenance))
        if isinstance(output, GatewayError):
            # 2.0 cannot name the coordinate system of the event.
            assert path == elements.IDENTITY or (to, output.code) == ("voevent-2.0", "convert-version")
            seen += [f"{output!r} {output} {output.where} {output.advice}".encode(), pickle.dumps(output)]
            continue
        assert path != elements.IDENTITY
        assert output.ivorn is not None
        assert not errors(output.data) if output.suffix == ".xml" else True
        assert any(loss.reason == "withheld by the policy" for loss in output.losses)
        seen += [output.data, output.stem.encode(), output.ivorn.encode(), repr(output).encode()]
        if output.datum:
            seen.append(output.datum.contained())
    if path != elements.IDENTITY:
        release = policy.release(decode(data), provenance=provenance)
        assert path in release.withheld
        with pytest.raises(PolicyError) as refused:
            release.original()
        seen += [f"{release!r} {release} {refused.value!r}".encode(), encode(release.item)]
        seen.append(repr(policy_group(release)).encode())
    seen.append(repr([vars(judge)["_known"] for judge in policy._events.values()]).encode())
    seen.append(caplog.text.encode())
    assert not [text for text in seen if CANARY.encode() in text]
    # And who has the right sees it, in the original bytes.
    whole = policy.release(decode(data), HOLDER, provenance=provenance)
    assert whole.original() == data


MARKUP = {
    "comment": ("<What>", f"<What><!-- {CANARY} -->"),
    "comment-before": ("<voe:VOEvent", f"<!-- {CANARY} --><voe:VOEvent"),
    "comment-after": ("</voe:VOEvent>", f"</voe:VOEvent><!-- {CANARY} -->"),
    "comment-in-text": ("second line", f"second <!--{CANARY}-->line"),
    "instruction": ("<What>", f"<What><?note {CANARY}?>"),
    "instruction-name": ("<What>", f"<What><?{CANARY} x?>"),
    "attribute": ("<What>", f'<What note="{CANARY}">'),
    "attribute-name": ("<What>", f'<What {CANARY}="x">'),
    "attribute-of-a-namespace": ("<What>", f'<What xmlns:x="http://x/" x:{CANARY}="x">'),
    "element": ("<What>", f"<What><note>{CANARY}</note>"),
    "element-name": ("<What>", f"<What><{CANARY}/>"),
    "namespace": ("<What>", f'<What xmlns:x="http://{CANARY}/">'),
    "prefix": ("<What>", f'<What xmlns:{CANARY}="http://x/">'),
    "text": ("<What>", f"<What>{CANARY}"),
    "text-behind": ("</Why>", f"</Why>{CANARY}"),
    "text-behind-a-comment": ("<What>", f"<What><!-- x -->{CANARY}"),
    "text-behind-an-element": ("<What>", f"<What><note/>{CANARY}"),
    "text-beside-an-element": ("<What>", f"<What>{CANARY}<note a='b'/>"),
    "schema": ('xsi:schemaLocation="', f'xsi:schemaLocation="http://x/{CANARY} http://y/ '),
}


def said_besides(data: bytes) -> set[str]:
    """What a document says and its event does not."""
    event = decode(data)
    return {slot.text.strip() for slot in markup(event, [slot.text for slot in elements.texts(event)])}


@pytest.mark.parametrize("place", MARKUP)
def test_every_text_that_is_no_voevent_is_seen(place: str) -> None:
    comment = "Every element and every attribute of VOEvent 2.1, in one packet that a broker could have sent."
    assert said_besides(EVERYTHING["2.1"]) == {comment}
    old, new = MARKUP[place]
    found = said_besides(EVERYTHING["2.1"].decode().replace(old, new, 1).encode()) - {comment}
    assert any(CANARY in text for text in found)


@pytest.mark.parametrize("place", MARKUP)
def test_what_is_no_voevent_is_an_element_too(place: str) -> None:
    old, new = MARKUP[place]
    data = EVERYTHING["2.1"].decode().replace(old, new, 1).encode()
    assert CANARY.encode() in data
    # An external author's event goes on as it is, with its comments.
    assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data
    provenance = declared("Markup")
    release = POLICY.release(decode(data), provenance=provenance)
    assert release.withheld == {elements.MARKUP}
    for to in ("voevent", "voevent-2.1", "avro", "json"):
        output = Converter(to, policy=POLICY).convert(Document(data, provenance))
        assert CANARY.encode() not in output.data
    assert POLICY.release(decode(data), HOLDER, provenance=provenance).original() == data


def test_without_markup_there_is_no_such_element() -> None:
    data = EVERYTHING["2.1"].replace(
        b"<!-- Every element and every attribute of VOEvent 2.1, in one packet that a broker could have sent. -->",
        b"",
    )
    assert POLICY.release(decode(data), provenance=declared("Markup")).whole


@pytest.mark.parametrize(
    "secret",
    ["https://example.org/x?token=abcdef", "https://data.lsst.cloud/x", "LSST-DP2-DO-609788942606140416"],
)
def test_a_comment_is_judged_like_a_text(secret: str) -> None:
    data = EVERYTHING["2.1"].replace(b"<What>", f"<What><!-- {secret} -->".encode(), 1)
    if "token" in secret:
        with pytest.raises(PolicyError) as error:
            POLICY.release(decode(data), provenance=EXTERNAL)
        assert error.value.clause == "P16"
        return
    release = POLICY.release(decode(data), provenance=EXTERNAL)
    assert release.withheld == {elements.MARKUP}
    assert secret.encode() not in encode(release.item)


# Links and texts


@pytest.mark.parametrize("slot", PLANTED)
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("https://example.org/x?access_token=c4n4ry77", "credential"),
        ("https://data.lsst.cloud/c4n4ry77", "link-into-the-science-platform"),
    ],
)
def test_a_link_is_found_in_every_slot(slot: str, text: str, rule: str) -> None:
    event = decode(encode(PLANTED[slot]).replace(CANARY.encode(), text.encode()))
    identity = slot in (".ivorn", ".role")
    if "credential" in rule or identity:
        for audience in (PUBLIC, HOLDER) if "credential" in rule else (PUBLIC,):
            with pytest.raises(PolicyError) as error:
                POLICY.release(event, audience, provenance=EXTERNAL)
            assert rule in error.value.message
            assert CANARY not in f"{error.value!r}{error.value}"
        return
    release = POLICY.release(event, provenance=EXTERNAL)
    assert not release.whole
    assert CANARY.encode() not in encode(release.item)
    assert set(release.rules) == {rule}


@pytest.mark.parametrize("origin", Origin)
def test_a_credential_goes_to_nobody(origin: Origin) -> None:
    event = VOEvent("2.0", "ivo://example.org/x#1", reference=model.Reference("https://a.org/?sig=abc"))
    with pytest.raises(PolicyError):
        POLICY.release(event, HOLDER, provenance=Provenance(origin, "dp2"))


def test_an_address_that_needs_rights_is_for_those_who_have_them() -> None:
    event = replace(EVENT, reference=model.Reference("https://data.lsst.cloud/api/tap"), original=None)
    release = POLICY.release(event, provenance=EXTERNAL)
    assert (release.withheld, release.item.reference) == ({FieldPath(("Reference",))}, None)
    assert dict(release.decisions)[FieldPath(("Reference",))].clause == "P16"
    # The release that it leads to is declared, not guessed.
    declared = replace(EXTERNAL, fields=(("Reference", Provenance(Origin.DATA_RELEASE, "dp2")),))
    assert POLICY.release(event, HOLDER, provenance=declared).whole
    for audience in (Audience(), Audience(frozenset({"dp1"}))):
        assert not POLICY.release(event, audience, provenance=declared).whole


def test_a_designator_is_for_those_with_rights_to_its_release() -> None:
    event = replace(EVENT, description="The host is LSST-DP2-O-609788942606140416", original=None)
    release = POLICY.release(event, provenance=EXTERNAL)
    assert release.withheld == {FieldPath(("Description",))}
    assert release.item.description is None
    assert POLICY.release(event, HOLDER, provenance=EXTERNAL).whole
    assert not POLICY.release(event, Audience(frozenset({"dp1"})), provenance=EXTERNAL).whole


def test_an_image_in_numbers_is_quarantined() -> None:
    numbers = " ".join(str(n / 7) for n in range(1000))
    grid = model.Table("pixels", None, tuple(model.Field(f"c{n}") for n in range(30)), (("1.5",) * 30,) * 30)
    for item in (model.Param("contour", numbers), grid):
        with pytest.raises(PolicyError) as error:
            POLICY.release(replace(EVENT, what=model.What((item,))), provenance=EXTERNAL)
        assert error.value.code == "policy-quarantine"
    curve = model.Table(
        "curve", None, (model.Field("t", unit="d"), model.Field("f", unit="nJy")), (("1.5", "2"),) * 2000
    )
    assert POLICY.release(replace(EVENT, what=model.What((curve,))), provenance=EXTERNAL).whole


def test_data_in_place_of_an_address_only_in_events_of_ours() -> None:
    (found,) = simulated(NEWEST, 1, "image")
    for chosen in (Settings(detail="full"), Settings(detail="full", version="2.1")):
        data = Minter(chosen).mint(released(alert(NEWEST, found.payload))).data
        assert b"data:image/fits" in data
        assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data
        foreign = decode(data.replace(b'<Group name="avro">', b'<Group name="other">'))
        with pytest.raises(PolicyError) as error:
            POLICY.release(foreign, provenance=EXTERNAL)
        assert error.value.code in ("policy-withheld", "policy-quarantine")
        assert error.value.clause in ("P13", "P16")


def test_the_names_are_those_of_the_mapping() -> None:
    assert enclosed.OURS == (exact.GROUP, notice.GROUP)
    assert {exact.GROUP, exact.PAYLOAD_GROUP, notice.GROUP} == set(notice._ABOUT_THE_WHOLE)


def test_a_part_of_an_event_of_ours_takes_the_hash_and_the_packet_with_it() -> None:
    (found,) = simulated(NEWEST, 1, "image")
    data = Minter(Settings(detail="full")).mint(released(alert(NEWEST, found.payload))).data
    release = POLICY.release(decode(data), provenance=declared("What.diaObject.**"))
    left = encode(release.item)
    assert b'name="diaObject"' not in left
    assert b"payload.sha256" not in left
    assert release.item.what is not None
    assert release.item.what.group("avro") is None
    assert b"data:image/fits" in left
    assert POLICY.release(decode(left), provenance=EXTERNAL).original() == left


# Provenance


INSIDE_TRAIL = ("Description", "Reference", "trailNdata", "trailLength")


def test_an_annotation_is_withheld_and_the_rest_goes_on() -> None:
    match = model.Group(
        "xmatch", "dp2", (model.Param("r_kronMag", "18.5312"), model.Description("from the catalogue"))
    )
    assert EVENT.what is not None
    event = replace(EVENT, what=model.What((*EVENT.what.items, match)), original=None)
    provenance = declared("What.xmatch.**")
    release = POLICY.release(event, provenance=provenance)
    assert {str(path) for path in release.withheld} == {
        "What.xmatch",
        "What.xmatch.r_kronMag",
        "What.xmatch.Description",
    }
    assert release.item.what is not None
    assert release.item.what.items[:-1] == EVENT.what.items
    assert b"xmatch" not in encode(release.item)
    whole = POLICY.release(event, HOLDER, provenance=provenance)
    assert whole.whole
    assert whole.item is event


@pytest.mark.parametrize(
    ("path", "withheld"),
    [
        ("What.trail", {"What.trail", *(f"What.trail.{name}" for name in INSIDE_TRAIL)}),
        ("What.trail.trailLength", {"What.trail.trailLength"}),
        ("What.trail.trailLength.Description", {"What.trail.trailLength"}),
        ("What.*.trailLength", {"What.trail.trailLength"}),
        ("What.trail.Description", {"What.trail.Description"}),
        ("What.prvDiaSources[].band", {"What.prvDiaSources[].band"}),
        ("What.prvDiaSources.Description", {"What.prvDiaSources.Description"}),
        ("What.prvDiaSources.band", {"What.prvDiaSources[].band"}),
        ("WhereWhen", {"WhereWhen"}),
        ("WhereWhen.ObservationLocation.**", {"WhereWhen"}),
        ("How.**", {"How.Description", "How.Reference"}),
        ("Why", {"Why", "Why.Concept", "Why.Description", "Why.Inference", "Why.Name", "Why.Reference"}),
        ("Why.Inference", {"Why.Inference"}),
        ("Why.Inference.Name", {"Why.Inference"}),
        ("Citations", {"Citations"}),
        ("Who.Author.contactEmail", {"Who"}),
        ("How.*", {"How.Description", "How.Reference"}),
        ("What.psfFlux.value", {"What.psfFlux"}),
        ("What.psfFlux.*", {"What.psfFlux"}),
        ("What.psfFlux.other", set()),
    ],
)  # fmt: skip
def test_what_is_declared_for_a_path(path: str, withheld: set[str]) -> None:
    release = POLICY.release(EVENT, provenance=declared(path))
    assert set(map(str, release.withheld)) == withheld
    for name in ("WhereWhen", "How", "Why", "Description", "Reference"):
        if not any(one.startswith(name) for one in withheld):
            assert getattr(release.item, name.lower()) == getattr(EVENT, name.lower())
    assert errors(encode(release.item)) == []


@pytest.mark.parametrize(
    ("path", "inside"),
    [("What.trail", INSIDE_TRAIL), ("What.prvDiaSources", ("Description", "Reference", "length"))],
)
def test_a_rule_about_a_group_or_table_takes_all_that_is_in_it(path: str, inside: tuple[str, ...]) -> None:
    rule = Rule(
        "no-group", "redact", (Origin.EXTERNAL,), (KindRange("voevent"),), (PathPattern.parse(path),),
        "P25", "test", "inferred", "A test.",
    )  # fmt: skip
    policy = Policy(replace(POLICY.profile, rules=(*POLICY.profile.rules, rule)), POLICY.clock)
    release = policy.release(EVENT, provenance=EXTERNAL)
    withheld = set(map(str, release.withheld))
    assert {path, *(f"{path}.{name}" for name in inside)} <= withheld
    assert all(one.startswith(path) for one in withheld)
    assert any("[]" in one for one in withheld) is (path == "What.prvDiaSources")
    assert path.partition(".")[2].encode() + b'"' not in encode(release.item)
    assert errors(encode(release.item)) == []


def test_a_table_with_uneven_rows_stays_whole_or_goes() -> None:
    fields = (model.Field("a"), model.Field("b"))
    for rows in ((("1", "2"), (CANARY,)), (("1", "2", CANARY),), ((CANARY, "2"), ("1", "2", "3"))):
        table = model.Table("t", None, (model.Param("p", "1"), *fields), rows)
        event = replace(EVENT, what=model.What((table, model.Param("q", "1"))), original=None)
        assert POLICY.release(event, provenance=EXTERNAL).whole
        left = POLICY.release(event, provenance=declared("What.t.a")).item
        assert left.what is not None
        assert [getattr(item, "name", None) for item in left.what.items] == ["q", "policy"]
    loose = model.Table("t", None, (), ((CANARY,),))
    event = replace(EVENT, what=model.What((loose, model.Param("q", "1"))), original=None)
    assert POLICY.release(event, provenance=EXTERNAL).whole
    assert CANARY.encode() not in encode(POLICY.release(event, provenance=declared("What.t")).item)


def test_a_link_in_a_cell_is_one_in_its_column() -> None:
    rows = (("1", "x"), ("2", "https://data.lsst.cloud/x"))
    table = model.Table("t", None, (model.Field("a"), model.Field("b")), rows)
    left = POLICY.release(replace(EVENT, what=model.What((table,)), original=None), provenance=EXTERNAL)
    assert set(map(str, left.withheld)) == {"What.t[].b"}
    assert left.item.what is not None
    assert left.item.what.items[0] == model.Table("t", None, (model.Field("a"),), (("1",), ("2",)))


@pytest.mark.parametrize("other", [EXTERNAL, DP2])
def test_of_several_declarations_all_hold(other: Provenance) -> None:
    fields = (("What.**", EXTERNAL), ("What.psfFlux", other))
    for several in (fields, fields[::-1]):
        release = POLICY.release(EVENT, provenance=replace(EXTERNAL, fields=several))
        assert set(map(str, release.withheld)) == ({"What.psfFlux"} if other is DP2 else set())


@pytest.mark.parametrize("path", ["xmatch.**", "what.x", "How.Band", "Why.Reason", "ivorn2"])
def test_a_declaration_that_can_be_about_nothing_is_refused(path: str) -> None:
    with pytest.raises(SettingsError) as error:
        POLICY.release(EVENT, provenance=declared(path))
    assert error.value.code == "settings-value"
    assert error.value.message == (
        "A path whose provenance is declared names no element of a VOEvent. It begins with What, Who, "
        "WhereWhen, How, Why, Citations, Description or Reference."
    )


def test_what_has_no_name_has_an_empty_step_and_what_is_emptied_goes() -> None:
    param = model.Param("p", CANARY)
    items = (
        model.Group(None, None, (param,)),
        model.Table(None, None, (model.Field("c"),), ((CANARY,),)),
        model.Group("emptied", None, (param,)),
        model.Group("nameless", None, (model.Param(None, CANARY),)),
        model.Group("empty"),
    )
    event = replace(EVENT, what=model.What(items), original=None)
    paths = ("What..p", "What.[].c", "What.emptied.p", "What.nameless..value")
    for path in paths:
        left = POLICY.release(event, provenance=declared(path))
        assert path.removesuffix(".value") in set(map(str, left.withheld))
    left = POLICY.release(event, provenance=declared(*paths))
    assert CANARY.encode() not in encode(left.item)
    assert left.item.what is not None
    assert [getattr(item, "name", None) for item in left.item.what.items] == ["empty", "policy"]


def test_what_a_text_is_for() -> None:
    assert [*elements.texts("word")] == [("word", "word")]
    assert [*elements.texts(("two words", None))] == [("two words", "prose")]
    reference = model.Reference("https://a.org/", "url")
    assert [*elements.texts((model.Description("word"), reference))] == [
        ("word", "prose"),
        ("https://a.org/", "address"),
        ("url", "word"),
    ]


def test_names_decide_nothing() -> None:
    """L09: a Param of the name of a public alert field passes nothing; L33: nor does one of the name of a profile."""
    params = (
        model.Param("profile", "seed-2018"),
        model.Param("psfFlux", "1.5"),
        model.Param("audience", "dp2"),
    )
    event = VOEvent("2.0", "ivo://example.org/x#1", what=model.What(params))
    for origin in Origin:
        if origin not in (Origin.EXTERNAL, Origin.DDP):
            with pytest.raises(PolicyError):
                POLICY.release(event, provenance=Provenance(origin))
    release = POLICY.release(event, provenance=declared("What.psfFlux"))
    assert release.profile == "rdo013-2025"
    assert len(release.withheld) == 1


def test_a_profile_may_pass_elements_of_a_broker() -> None:
    """Default deny an element: only what a rule names goes on, and prose needs a rule of its own."""
    rule = Rule(
        "broker", "pass", (Origin.BROKER_ANNOTATION,), (KindRange("voevent"),),
        tuple(map(PathPattern.parse, ("ivorn", "Who", "WhereWhen", "What.*"))), "P15", "test", "inferred", "A test.",
    )  # fmt: skip
    policy = Policy(replace(POLICY.profile, rules=(*POLICY.profile.rules, rule)), POLICY.clock)
    what = model.What((model.Param("score", "0.93"), model.Param("remark", "18.5 mag, says the catalogue")))
    event = VOEvent("2.0", "ivo://example.org/x#1", what=what, description="c4n4ry77")
    release = policy.release(event, provenance=Provenance(Origin.BROKER_ANNOTATION))
    assert set(map(str, release.withheld)) == {"What.remark", "Description"}
    assert release.item.what is not None
    assert [getattr(item, "name", None) for item in release.item.what.items] == ["score", "policy"]


def test_a_comment_is_prose() -> None:
    """A profile that passes every element of a broker does not pass what people wrote between them."""
    rule = Rule(
        "broker", "pass", (Origin.BROKER_ANNOTATION,), (KindRange("voevent"),), (PathPattern.parse("**"),),
        "P15", "test", "inferred", "A test.",
    )  # fmt: skip
    policy = Policy(replace(POLICY.profile, rules=(*POLICY.profile.rules, rule)), POLICY.clock)
    data = encode(VOEvent("2.0", "ivo://example.org/x#1", what=model.What((model.Param("score", "0.93"),))))
    broker = Provenance(Origin.BROKER_ANNOTATION)
    assert policy.release(decode(data), provenance=broker).whole
    for place in (b"<voe:VOEvent", b"<What", b"</What>"):
        commented = data.replace(place, b"<!--word-->" + place)
        assert commented != data
        assert policy.release(decode(commented), provenance=broker).withheld == {elements.MARKUP}


DDP = Provenance(Origin.DDP)
DDP_RULE = Rule(
    "ddp", "pass", (Origin.DDP,), (KindRange("voevent"), KindRange("text")), (PathPattern.parse("**"),),
    "P15", "test", "inferred", "A test.",
)  # fmt: skip
WITH_DDP = Policy(replace(POLICY.profile, rules=(*POLICY.profile.rules, DDP_RULE)), POLICY.clock)


def annotated(score: str, withheld: str) -> VOEvent:
    groups = (
        model.Group("clf", None, (model.Param("score", score),)),
        model.Group("xmatch", None, (model.Param("value", withheld),)),
    )
    return VOEvent("2.0", "ivo://example.org/x#1", what=model.What(groups))


@pytest.mark.parametrize(
    ("score", "withheld"),
    [
        ("22.8734", "22.8734"),
        ("22.873", "22.87341"),
        ("-22.8734", "22.8734"),
        ('{"p": 0.5, "x": 22.8734}', "22.8734"),
        ("A class of 22.8734 mag", "22.8734"),
        ("2287.34", "22.8734"),
        ("0.0228734e-3", "22.8734"),
        ("22.8734", "2574.18"),
        ("2574.2", "22.8734"),
        ("0.39922", "22.8734"),
        ("82344.24", "22.8734"),
        ("1.524893", "22.8734"),
        ("61082.201540", "2461082.70154"),
        ("2461082.70154", "61082.20154"),
        ("22.8734", "-0.399216"),
        ("22.8734", "-1310.549"),
        ("2.2873e1", "22.8734"),
        ("2.2873E1", "22.8734"),
        ("0.35909", "32.512"),
        ("2582.3", "22.87"),  # four digits of what is withheld are enough
    ],
)
def test_an_annotation_does_not_repeat_what_is_withheld(score: str, withheld: str) -> None:
    provenance = replace(EXTERNAL, fields=(("What.clf.**", DDP), ("What.xmatch.**", DP2)))
    with pytest.raises(PolicyError) as error:
        WITH_DDP.release(annotated(score, withheld), provenance=provenance)
    assert error.value.clause == "P15"
    assert score not in f"{error.value!r}"
    # The author's own number is the author's, and who has rights may have both.
    external = replace(EXTERNAL, fields=(("What.xmatch.**", DP2),))
    assert WITH_DDP.release(annotated(score, withheld), provenance=external).withheld
    assert WITH_DDP.release(annotated(score, withheld), HOLDER, provenance=provenance).whole


@pytest.mark.parametrize(
    ("score", "withheld"),
    [
        ("0.93127", "22.8734"),
        ("22.875", "22.8734"),
        ("0.5", "0.5"),
        ("1.0000", "1.0000"),
        ("SN Ia", "SN Ia"),
        ("609788942606140416", "609788942606140416"),
        ("", ""),
        ("nan", "nan"),
        ("0.00000", "0.00000"),
        ("22.874", "22.8734"),
        ("2511.9", "22.9"),
        ("-1.2345e300", "22.8734"),
        ("1.2345e999", "22.8734"),
    ],
)
def test_an_annotation_of_its_own_passes(score: str, withheld: str) -> None:
    provenance = replace(EXTERNAL, fields=(("What.clf.**", DDP), ("What.xmatch.**", DP2)))
    release = WITH_DDP.release(annotated(score, withheld), provenance=provenance)
    assert set(map(str, release.withheld)) == {"What.xmatch", "What.xmatch.value"}


def test_nothing_left_is_no_event() -> None:
    event = VOEvent("2.0", "ivo://example.org/x#1", description="x")
    for path in ("**", "*"):
        with pytest.raises(PolicyError):
            POLICY.release(event, provenance=declared(path))
    with pytest.raises(PolicyError):
        POLICY.release(event, provenance=declared("Description"))
    with pytest.raises(PolicyError) as error:
        POLICY.release(EVENT, provenance=declared("ivorn"))
    assert error.value.code == "policy-withheld"


# Redact and reissue


REDACTED = declared("What.psfFlux")


def test_a_redacted_event_says_so() -> None:
    release = POLICY.release(EVENT, provenance=REDACTED, issuer=Issuer("edu.example", "safe", "#"))
    event = release.item
    assert re.fullmatch("ivo://edu.example/safe#313888617405645/[0-9a-f]{16}", event.ivorn)
    assert event.role == EVENT.role
    assert event.who is not None
    assert (event.who.author_ivorn, event.who.date) == ("ivo://edu.example/safe", "2026-02-14T05:14:31Z")
    title = "Copy of an event of another author, without what a policy withholds"
    assert event.who.author == model.Author((model.AuthorField("title", title),))
    assert event.citations is not None
    assert event.citations.events[0] == model.EventIVORN(EVENT.ivorn, "followup")
    assert [one.cite for one in event.citations.events] == ["followup", "followup", "followup", "retraction"]
    assert event.what is not None
    group = event.what.group("policy")
    assert group == policy_group(release)
    said = [
        ("profile", "rdo013-2025", "string"),
        ("profile.sha256", load("rdo013-2025").sha256, "string"),
        ("audience", "public", "string"),
        ("withheld", "1", "int"),
        ("clauses", "P25", "string"),
    ]
    assert group == model.Group(
        "policy", None, tuple(model.Param(name, text, data_type=kind) for name, text, kind in said)
    )


def test_a_redacted_event_says_what_it_cites_and_by_which_clauses() -> None:
    copy = "A copy of the first event cited, without what the policy withholds."
    assert EVENT.citations is not None
    for citations in (EVENT.citations, replace(EVENT.citations, description=None), None):
        event = replace(EVENT, citations=citations, description="https://data.lsst.cloud/x", original=None)
        left = POLICY.release(event, provenance=REDACTED).item
        before = citations.description if citations else None
        assert left.citations is not None
        assert left.citations.description == (f"{copy} {before}" if before else copy)
        assert left.what is not None
        assert "P16 P25" in {param.text for param in left.what.group("policy").params}


def test_of_an_event_without_a_what_or_a_known_identifier_one_is_made() -> None:
    event = VOEvent("2.0", "no identifier", description="x", reference=model.Reference("https://a.org/"))
    left = POLICY.release(event, provenance=declared("Description")).item
    assert re.fullmatch(r"ivo://org\.example/alerts\?[0-9a-f]{16}", left.ivorn)
    assert left.what is not None
    assert [getattr(item, "name", None) for item in left.what.items] == ["policy"]


def test_a_redacted_event_never_tells_the_value() -> None:
    """L25, L26: no hash, identifier, length or count of it depends on what is withheld."""
    assert EVENT.what is not None

    def with_flux(text: str) -> bytes:
        items = tuple(
            replace(item, value=text) if isinstance(item, model.Param) and item.name == "psfFlux" else item
            for item in EVENT.what.items
        )
        event = replace(EVENT, what=model.What(items), original=None)
        return encode(POLICY.release(event, provenance=REDACTED).item)

    assert with_flux("1832.4071") == with_flux("1") == with_flux("9" * 500)


def test_redelivery_gives_the_same_bytes_and_another_profile_or_audience_another_event() -> None:
    one = POLICY.release(decode(EVERYTHING["2.1"]), provenance=REDACTED).item
    again = Policy("rdo013-2025", POLICY.clock).release(decode(EVERYTHING["2.1"]), provenance=REDACTED).item
    assert encode(one) == encode(again)
    other = POLICY.release(EVENT, Audience(frozenset({"dp1"})), provenance=REDACTED).item
    stricter = Policy("packet-only", POLICY.clock).release(EVENT, provenance=REDACTED).item
    assert len({one.ivorn, other.ivorn, stricter.ivorn}) == 3


def test_a_group_of_that_name_gives_way() -> None:
    """L33: an event cannot say under which profile it was redacted."""
    assert EVENT.what is not None
    forged = model.Group("policy", None, (model.Param("profile", "none"),))
    event = replace(EVENT, what=model.What((forged, *EVENT.what.items)), original=None)
    left = POLICY.release(event, provenance=REDACTED).item
    assert left.what is not None
    assert sum(1 for item in left.what.items if isinstance(item, model.Group) and item.name == "policy") == 1
    assert b"none" not in encode(left)
    assert errors(encode(left)) == []


def test_an_event_of_1_1_is_redacted_into_2_0() -> None:
    old = (
        EVERYTHING["2.0"]
        .replace(b"VOEvent/v2.0", b"VOEvent/v1.1")
        .replace(b'version="2.0"', b'version="1.1"')
    )
    for to, version in (("voevent", "2.0"), ("voevent-2.1", "2.1"), ("avro", "2.0")):
        output = Converter(to, policy=POLICY).convert(Document(old, declared("What.psfFlux")))
        assert f'version="{version}"'.encode() in output.data
    assert Converter("voevent", policy=POLICY).convert(Document(old, EXTERNAL)).data == old


def test_the_issuer_is_that_of_the_settings() -> None:
    converter = Converter("voevent", Settings(authority="edu.example", stream="s"), POLICY)
    output = converter.convert(Document(EVERYTHING["2.1"], REDACTED))
    assert output.ivorn is not None
    assert output.ivorn.startswith("ivo://edu.example/s?313888617405645/")
    assert [str(loss) for loss in output.losses] == ["1 elements: withheld by the policy"]
    assert Issuer("abc").ivorn == "ivo://abc/alerts"
    for wrong in ("a", "ab", "a b", "", "a/../b?"):
        with pytest.raises(SettingsError) as error:
            Issuer(wrong)
        assert error.value.message == "Authority and stream must be those of an IVOA identifier."
    with pytest.raises(SettingsError):
        Issuer("org.example", "a b")


def test_a_minted_event_has_the_same_group() -> None:
    release = released(simulated(NEWEST, 1)[0], ["diaSource.ra", "diaSource.dec"])
    params = {param.name: param.text for param in policy_group(release).params}
    # The position, and the three images whose headers repeat it.
    assert (params["withheld"], params["audience"], params["clauses"]) == ("5", "public", "P25")
    assert "rows.withheld" not in params
    assert "ra" not in repr(policy_group(release)).replace("rows", "").split("'")


# Properties


PATHS = st.sampled_from(
    [
        "Who", "WhereWhen", "How", "How.Description", "Why", "Why.Inference", "Why.Concept", "Citations", "Description",
        "Reference", "What.Description", "What.*", "What.*.*", "What.*.Reference", "Markup", "*.Description",
    ]
)  # fmt: skip
DECLARATIONS = st.lists(PATHS, max_size=4, unique=True)
ANY = st.one_of(events("2.0"), events("2.1")).map(lambda event: decode(encode(event)))


def try_release(event: VOEvent, provenance: Provenance, policy: Policy = POLICY):
    try:
        return policy.release(event, provenance=provenance)
    except PolicyError:
        return None


@settings(max_examples=150)
@given(ANY, DECLARATIONS)
def test_a_release_has_no_denied_path_and_is_valid(event: VOEvent, paths: list[str]) -> None:
    provenance = declared(*paths)
    release = try_release(event, provenance)
    if release is None:
        return
    if release.whole:
        assert release.original() == event.original
        return
    data = encode(release.item)
    assert complaints(data, release.item.version) == []
    before = {line.split()[0] for line in errors(event.original or b"")}
    assert {line.split()[0] for line in errors(data)} <= before
    again = POLICY.release(event, provenance=provenance)
    assert encode(again.item) == data
    # What is left passes: our own parts are no less public than the rest.
    kept = elements.Selection(EventJudge(POLICY.profile, provenance, PUBLIC, POLICY.clock()))
    assert release.item.what is not None
    kept(replace(release.item, who=None, citations=None, what=model.What(release.item.what.items[:-1])))
    assert all(decision.passes for _, decision in kept.elements)


@settings(max_examples=100)
@given(ANY, DECLARATIONS, PATHS)
def test_another_denial_never_shows_more(event: VOEvent, paths: list[str], more: str) -> None:
    fewer = try_release(event, declared(*paths))
    stricter = try_release(event, declared(*paths, more))
    if stricter is not None:
        assert fewer is not None
        assert fewer.withheld <= stricter.withheld
    rule = Rule(
        "more", "redact", (Origin.EXTERNAL,), (KindRange("voevent"),), (PathPattern.parse(more),),
        "P25", "test", "inferred", "A test.",
    )  # fmt: skip
    policy = Policy(replace(POLICY.profile, rules=(*POLICY.profile.rules, rule)), POLICY.clock)
    under = try_release(event, declared(*paths), policy)
    if under is not None:
        assert fewer is not None
        assert fewer.withheld <= under.withheld


@settings(max_examples=100)
@given(ANY, DECLARATIONS)
def test_redaction_is_idempotent(event: VOEvent, paths: list[str]) -> None:
    release = try_release(event, declared(*paths))
    if release is not None and not release.whole:
        data = encode(release.item)
        assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data


# Zero over-blocking


def test_real_events_go_on_byte_for_byte(shared: Path) -> None:
    packets = real_packets(shared)
    assert len(packets) >= 977
    for name, data in packets:
        release = POLICY.release(decode(data), provenance=EXTERNAL)
        assert release.whole, name
        assert release.original() == data


@pytest.mark.parametrize("version", EVERYTHING)
def test_an_event_with_everything_goes_on(version: str) -> None:
    assert (
        Converter(policy=POLICY).convert(Document(EVERYTHING[version], EXTERNAL)).data == EVERYTHING[version]
    )


def test_a_real_event_with_an_annotation_loses_that_alone(shared: Path) -> None:
    for name, data in real_packets(shared)[::25]:
        event = decode(data)
        if event.what is None or event.version == "1.1":
            continue
        group = model.Group("xmatch dr", None, (model.Param("mag", CANARY),))
        annotated = replace(event, what=model.What((*event.what.items, group)), original=None)
        release = POLICY.release(annotated, provenance=declared("What.xmatch dr.**"))
        assert release.item.what is not None
        assert release.item.what.items[:-1] == event.what.items, name
        left = encode(release.item)
        assert CANARY.encode() not in left
        assert set(errors(left)) <= set(errors(encode(event))), name
