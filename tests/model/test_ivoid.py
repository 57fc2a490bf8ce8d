"""gateway.model.ivoid: IVOIDs taken apart, compared and built."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voevents import real_packets

from gateway.codecs import voevent
from gateway.model.ivoid import IVOID, build, key, same

GOOD = {
    "ivo://abc": ("abc", "", "", ""),
    "ivo://example.org/alerts?42": ("example.org", "/alerts", "?", "42"),
    "ivo://nasa.gsfc.gcn/SWIFT#XRT_Pos_644259-941": ("nasa.gsfc.gcn", "/SWIFT", "#", "XRT_Pos_644259-941"),
    "ivo://psws.irap/VOEvent/Tao_2018-10-02T17_34_45::v1.0": (
        "psws.irap",
        "/VOEvent/Tao_2018-10-02T17_34_45::v1.0",
        "",
        "",
    ),
    "ivo://example.org/a/b?x/y?z": ("example.org", "/a/b", "?", "x/y?z"),
    "ivo://example.org/a?x#y": ("example.org", "/a", "?", "x#y"),
    "ivo://example.org/a#x?y": ("example.org", "/a", "#", "x?y"),
    "ivo://example.org/a?": ("example.org", "/a", "?", ""),
    "ivo://example.org?1": ("example.org", "", "?", "1"),
    "IVO://Example.ORG/A?%41b": ("Example.ORG", "/A", "?", "%41b"),
    "ivo://2mass~x_y/a": ("2mass~x_y", "/a", "", ""),
}
BAD = {
    "": "starts with ivo",
    "http://example.org/a": "starts with ivo",
    "ivo:example.org": "starts with ivo",
    " ivo://example.org": "starts with ivo",
    "ivo://": "authority",
    "ivo://ab/alerts?1": "authority",
    "ivo://-abc/alerts": "authority",
    "ivo:///alerts": "authority",
    "ivo://exam ple.org/a": "authority",
    "ivo://exämple.org/a": "authority",
    "ivo://example.org:80/a": "authority",
    "ivo://example.org/": "path segments",
    "ivo://example.org//a": "path segments",
    "ivo://example.org/a b": "percent-encode",
    "ivo://example.org/a?b c": "percent-encode",
    "ivo://example.org/a?é": "percent-encode",
    "ivo://example.org/a?%4": "percent-encode",
    "ivo://example.org/a?x\n": "percent-encode",
    "ivo://example.org/a?<x>": "percent-encode",
}


@pytest.mark.parametrize("text", GOOD)
def test_good_ones_are_taken_apart(text):
    ivoid = IVOID.parse(text)
    assert (ivoid.authority, ivoid.path, ivoid.separator, ivoid.local) == GOOD[text]
    assert str(ivoid) == "ivo" + text[3:]


@pytest.mark.parametrize("text", BAD)
def test_bad_ones_are_refused_with_a_reason(text):
    with pytest.raises(ValueError, match=BAD[text]):
        IVOID.parse(text)


def test_the_stream_is_the_registry_part():
    assert IVOID.parse("ivo://Example.org/Alerts?42").registry_part == "ivo://Example.org/Alerts"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("ivo://example.org/a?X", "ivo://example.org/a?X", True),
        ("ivo://example.org/a?X", "IVO://Example.ORG/A?X", True),
        ("ivo://example.org/a?X", "ivo://example.org/a?x", False),
        ("ivo://example.org/a#X", "ivo://example.org/A#X", True),
        ("ivo://example.org/a#X", "ivo://example.org/a#x", False),
        ("ivo://example.org/a?X", "ivo://example.org/a#X", False),
        ("ivo://example.org/a?X", "ivo://example.org/a", False),
        ("ivo://example.org/a?%41", "ivo://example.org/a?A", False),
        ("not one", "not one", True),
        ("not one", "NOT ONE", False),
        ("not one", "ivo://example.org/a", False),
    ],
)
def test_case_matters_in_the_local_part_only(one, other, equal):
    assert same(one, other) is equal
    assert (key(one) == key(other)) is equal
    if one.startswith("ivo"):
        assert (IVOID.parse(one) == IVOID.parse(other)) is equal
        assert not equal or hash(IVOID.parse(one)) == hash(IVOID.parse(other))


def test_an_ivoid_is_not_a_text():
    assert IVOID.parse("ivo://example.org/a") != "ivo://example.org/a"


@pytest.mark.parametrize(
    ("local", "encoded"),
    [
        ("170055002004914266", "170055002004914266"),
        ("2016-11-01T16:00:01.00_1/2?a=b", "2016-11-01T16:00:01.00_1/2?a=b"),
        ("a b", "a%20b"),
        ("50%", "50%25"),
        ("#", "%23"),
        ("é", "%C3%A9"),
        ('<">', "%3C%22%3E"),
    ],
)
def test_the_local_part_is_percent_encoded(local, encoded):
    assert build("example.org", "alerts", local) == f"ivo://example.org/alerts?{encoded}"


def test_the_older_separator():
    assert build("example.org", "a/b", "1", separator="#") == "ivo://example.org/a/b#1"


@pytest.mark.parametrize(
    ("authority", "stream", "local"),
    [
        ("ab", "s", "1"),
        ("exa?mple", "s", "1"),
        ("example.org", "", "1"),
        ("example.org", "/s", "1"),
        ("example.org", "a b", "1"),
        ("example.org", "s?t", "1"),
        ("example.org", "s#t", "1"),
        ("example.org", "s", ""),
    ],
)
def test_unfit_parts_are_refused(authority, stream, local):
    with pytest.raises(ValueError):
        build(authority, stream, local)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from("?#"))
def test_whatever_is_built_is_an_ivoid(local, separator):
    ivoid = IVOID.parse(build("example.org", "alerts", local, separator))
    assert (ivoid.registry_part, ivoid.separator) == ("ivo://example.org/alerts", separator)


def test_real_packets_have_ivoids(shared):
    for _, data in real_packets(shared):
        event = voevent.decode(data)
        assert str(IVOID.parse(event.ivorn)) == event.ivorn
