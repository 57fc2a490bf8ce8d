"""The fast way makes the same bytes as the reference for every packet and setting; and what all documents share."""

import subprocess
import sys
from itertools import cycle
from random import Random

import pytest
from alerts import (
    CONFLUENT,
    KEYS,
    NEWEST,
    alert,
    changed,
    long,
    opened,
    real_lsst,
    released,
    samples,
    simulated,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies import odd_payloads, payloads

from gateway.errors import AvroError, GatewayError, PolicyError, SchemaError
from gateway.mapping import reference
from gateway.mapping.fast import Minter
from gateway.mapping.minted import CORE_LIMIT
from gateway.mapping.settings import DETAILS, Settings
from gateway.model.alert import Alert
from gateway.model.fieldpath import FieldPath
from gateway.schema import registry
from gateway.schema.parse import parse_schema

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # records shrink slowly, and their seeds say little
URL = "https://example.org/{id}/{name}.fits?a=1&b=2"
ONE_RECORD = frozenset(("diaSource", "candidate"))
FEW = ("lsst/7.1", "lsst/11.1", "ztf/4.02")
MATRIX = (
    Settings(),
    Settings(version="2.1", cite="latest", classify=True),
    Settings(version="2.1", detail="history", cite="all", separator="#", role="test"),
    Settings(detail="full", cite="latest", authority="org.example.x", stream="a/b-c"),
    Settings(version="2.1", detail="full", reprocessed=True, classify=True, cutout_url=URL),
    Settings(cite="all", cutout_url=URL, records=ONE_RECORD | {"prvDiaSources", "prv_candidates"}),
    Settings(version="2.1", records=ONE_RECORD, cite="latest", classify=True),
    Settings(detail="history", cutout_url=URL, classify=True, reprocessed=True),
)


def both(release, chosen):
    """What the two ways make of a release; errors as values."""
    made = []
    for mint in (lambda: Minter(chosen).mint(release), lambda: reference.mint(release, chosen)):
        try:
            m = mint()
            made.append((m.data, m.ivorn, m.exact, m.left_out, m.dropped, m.withheld))
        except GatewayError as error:
            made.append((type(error), error.code))
    return made


def assert_same(release, chosen):
    fast, slow = both(release, chosen)
    assert fast[0] == slow[0]
    assert fast == slow
    return fast


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("lsst")])
def test_samples(key):
    for chosen in MATRIX:
        assert_same(released(samples()[key]), chosen)


@pytest.mark.parametrize("key", KEYS)
def test_simulated(key):
    settings_in_turn = cycle(MATRIX)
    for found in simulated(key, 3, "image"):
        assert_same(released(found), next(settings_in_turn))
        assert_same(released(found), next(settings_in_turn))


@pytest.mark.parametrize("number", range(7))
def test_real_lsst(lsst_container, number):
    found = real_lsst(lsst_container)[number]
    assert_same(released(found), MATRIX[number])


def test_real_ztf(ztf_containers):
    assert len(ztf_containers) == 3
    for data in ztf_containers.values():
        (found,) = opened(data)
        for chosen in MATRIX:
            assert_same(released(found), chosen)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=6, phases=QUICK)
@given(data=st.data())
def test_whatever_a_schema_allows(key, data):
    make = data.draw(st.sampled_from((payloads, payloads, odd_payloads)))
    found = alert(key, data.draw(make(registry.get(key))), CONFLUENT)
    assert_same(released(found), data.draw(st.sampled_from(MATRIX)))


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=4, phases=QUICK)
@given(data=st.data())
def test_whatever_is_withheld(key, data):
    found = alert(key, data.draw(payloads(registry.get(key))))
    paths = sorted(str(path) for path, _ in released(found).decisions)
    random = Random(data.draw(st.integers(0, 2**32)))
    hidden = {
        top for top in sorted({FieldPath.parse(path).top for path in paths[1:]}) if random.random() < 0.3
    }
    withheld = {path for path in paths[1:] if FieldPath.parse(path).top in hidden}
    withheld |= set(random.sample(paths[1:], random.randint(1, 60)))
    release = released(found, withheld)
    fast = assert_same(release, data.draw(st.sampled_from(MATRIX)))
    if fast[0] not in (AvroError, PolicyError):  # PolicyError: the id is among what is withheld
        assert fast[2] is False
        assert b'"payload.sha256"' not in fast[0]
        assert b'"payload.length"' not in fast[0]
        # In the groups `policy` and `avro`; with the position the images are withheld too.
        assert fast[0].count(b'name="withheld" value="%d"' % len(release.withheld)) == 2


HARD_TEXTS = [
    "", " ", " x", "x ", "a  b", "\t", "a\nb", "a\rb", "<a>&amp;\"'", "]]>", "\\", "\\e", "\\b64:", "\\\\", "NaN",
    "@@", "@@id@@", "\x00", "\x1f", "\ufffe", "\x85", "\u2028", "\x7f", "\U0001f52d", "é" * 100, "</Value>", "&#10;",
]  # fmt: skip


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_texts(text):
    raw = text.encode()
    found = changed(samples()[NEWEST], target_name=raw, observation_reason=raw + b"x", diaSource__band=raw)
    for chosen in (Settings(), Settings(detail="full", version="2.1")):
        *_, dropped, withheld = fast = assert_same(released(found), chosen)
        assert (dropped, withheld) == ((), 0)
    assert fast[2] is True


def whole_in_core():
    """An alert of which a core event holds everything."""
    arrays = ("prvDiaSources", "prvDiaForcedSources", "cutoutDifference", "cutoutScience", "cutoutTemplate")
    return changed(samples()[NEWEST], **dict.fromkeys(arrays))


# What is withheld is nowhere


def test_withheld_fields_are_nowhere():
    found = changed(whole_in_core(), target_name=b"SENTINEL", diaSource__diaObjectId=long(987654321987654321))
    whole = Minter(Settings(detail="full")).mint(released(found)).data
    assert b"SENTINEL" in whole
    assert b"987654321987654321" in whole
    hidden = Minter(Settings(detail="full")).mint(released(found, ["target_name", "diaSource.diaObjectId"]))
    for trace in (b"SENTINEL", b"987654321987654321", b"target_name"):
        assert trace not in hidden.data
    assert [str(loss) for loss in hidden.losses] == ["2 fields: withheld by the policy"]


def test_withheld_position_and_time_are_nowhere():
    found = simulated()[0]
    shown = [str(path) for path, _ in released(found).decisions]
    hidden = [
        path
        for path in shown
        if path.rpartition(".")[2] in ("ra", "dec", "midpointMjdTai", "timeProcessedMjdTai")
    ]
    data = Minter(Settings(detail="full", version="2.1")).mint(released(found, hidden)).data
    for trace in (b"<C1>", b"ISOTime", b"<Date>", b'"ra"', b'"midpointMjdTai"'):
        assert trace not in data


def test_withheld_image_is_nowhere():
    found = simulated(NEWEST, 1, "image")[0]
    data = Minter(Settings(detail="full")).mint(released(found, ["cutoutDifference"])).data
    assert b"cutoutDifference" not in data
    assert b"cutoutScience" in data


# A core event fits


def test_core_events_fit(lsst_container):
    for found in real_lsst(lsst_container):
        for version in ("2.0", "2.1"):
            minted = Minter(Settings(version=version)).mint(released(found))
            assert len(minted.data) < 30_000
            assert minted.dropped == ()


@pytest.mark.parametrize("key", KEYS)
def test_core_events_fit_at_their_worst(key):
    schema = registry.get(key)
    payload = _worst(schema.root)
    for chosen in (Settings(), Settings(version="2.1", classify=True, cite="all", cutout_url=URL * 20)):
        minted = Minter(chosen).mint(released(alert(key, payload)))
        assert len(minted.data) <= CORE_LIMIT


def _worst(root, text=b"&" * 300):
    """Every field there is, with the longest texts."""
    from strategies import encode

    from gateway.model.avrotype import Array, Primitive, Record, nullable

    longest = {
        "float": b"\x95\xbf\xd6\xb3", "double": b"\x11\x22\x33\x44\x55\x66\x77\xa6", "int": long(-(2**31)),
        "long": long(-(2**63)), "boolean": b"\0", "string": text, "bytes": b"x" * 1000,
    }  # fmt: skip

    def value(type_):
        inner, _ = nullable(type_)
        if isinstance(inner, Record):
            return [value(field.type) for field in inner.fields]
        if isinstance(inner, Array):
            return [value(inner.items)] * 150
        assert isinstance(inner, Primitive)
        return longest[inner.name]

    return encode(root, value(root))


@pytest.mark.parametrize("size", [60_000, 99_000, 2_000_000])
@pytest.mark.parametrize("character", [b"x", b"&", b"\n", b"\0"])
def test_what_does_not_fit_is_dropped_and_reported(size, character):
    found = changed(whole_in_core(), target_name=character * size)
    *_, dropped, _ = fast = assert_same(released(found), Settings())
    assert len(fast[0]) <= CORE_LIMIT
    fits = size == 60_000 and character in (b"x", b"\n", b"\0")
    assert dropped == (() if fits else ("target_name",))
    assert fast[2] is fits
    minted = Minter().mint(released(found))
    assert [str(loss) for loss in minted.losses] == [
        f"{name}: did not fit into 99999 bytes" for name in dropped
    ]
    if not fits:
        # What is small enough stays, whatever is dropped.
        assert b'<Group name="diaSource"' in minted.data


def test_larger_details_have_no_limit():
    found = changed(samples()[NEWEST], target_name=b"x" * 200_000)
    minted = Minter(Settings(detail="history")).mint(released(found))
    assert minted.exact
    assert len(minted.data) > 200_000


def test_the_rim_of_the_core_limit():
    """The largest event that fits, byte for byte, and the next."""
    room = CORE_LIMIT - len(Minter().mint(released(changed(whole_in_core(), target_name=b""))).data)
    sizes = []
    for extra in range(-12, 8):
        found = changed(whole_in_core(), target_name=b"x" * (room + extra))
        fast = assert_same(released(found), Settings())
        sizes.append((len(fast[0]), fast[4]))
    fitting = [size for size, dropped in sizes if not dropped]
    assert max(fitting) == CORE_LIMIT
    assert all(size <= CORE_LIMIT for size, _ in sizes)
    assert any(dropped for _, dropped in sizes)


# Pure functions


def test_the_same_bytes_again_and_after_others():
    alerts = [found for key in FEW for found in simulated(key, 3, "image")]
    for chosen in (MATRIX[0], MATRIX[4]):
        minter = Minter(chosen)
        mine = [minter.mint(released(found)).data for found in alerts]
        again = [minter.mint(released(found)).data for found in reversed(alerts)]
        fresh = [Minter(chosen).mint(released(found)).data for found in alerts[:1]]
        assert mine == again[::-1]
        assert mine[:1] == fresh


def test_the_same_bytes_in_another_process():
    program = (
        "import hashlib\n"
        "from alerts import simulated, released\n"
        "from gateway.mapping.fast import Minter\n"
        "from gateway.mapping.settings import Settings\n"
        f"for key in {FEW}:\n"
        "    found = simulated(key, 1, 'none')[0]\n"
        "    data = Minter(Settings(detail='full', cite='all', classify=True)).mint(released(found)).data\n"
        "    print(hashlib.sha256(data).hexdigest())\n"
    )
    path = ":".join(filter(None, sys.path))
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].split()) == len(FEW)


def test_file_and_position_leave_no_trace():
    found = simulated()[0]
    from dataclasses import replace

    from gateway.model.provenance import Origin, Provenance

    elsewhere = replace(found, provenance=Provenance(Origin.ALERT, None, "/elsewhere/SENTINEL.avro", 12345))
    assert Minter().mint(released(found)).data == Minter().mint(released(elsewhere)).data


# Refused


def test_a_schema_that_is_not_released():
    schema = parse_schema({"type": "record", "name": "a", "fields": [{"name": "x", "type": "int"}]})
    from gateway.mapping.plan import make_plan

    with pytest.raises(SchemaError) as error:
        make_plan(schema, frozenset(), Settings())
    assert error.value.code == "schema-unknown"


@pytest.mark.parametrize("detail", DETAILS)
def test_a_damaged_packet(detail):
    found = simulated(NEWEST, 1, "none")[0]
    for cut in (0, 1, 10, 100, 300):
        broken = Alert(found.schema, found.payload[:cut], found.framing, found.provenance)
        with pytest.raises(AvroError) as error:
            Minter(Settings(detail=detail)).mint(released(broken))
        assert error.value.code.startswith("avro-")
        assert error.value.where.offset == cut


def test_text_that_is_not_utf8():
    found = changed(samples()[NEWEST], target_name=b"SENTINEL\xff")
    for chosen in MATRIX[:5]:
        assert both(released(found), chosen) == [(AvroError, "avro-text")] * 2
    with pytest.raises(AvroError) as error:
        Minter().mint(released(found))
    assert "SENTINEL" not in str(error.value)
