"""The judge is lxml: whatever a filter says of a packet, libxml2's XPath says too."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from voevents import EVERYTHING, real_packets
from xpath_filters import Names, filters, packets, released, truth, usual_filters

from gateway.errors import FilterError, LimitError
from gateway.filters.xpath import EventTree, Filter
from gateway.filters.xpath.evaluation import Evaluation

PLENTY = 10**9
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def says(one: Filter, tree: EventTree) -> bool:
    verdict = one.evaluate(Evaluation(tree, PLENTY))
    assert verdict in ("match", "no match"), verdict
    return verdict == "match"


def accepted(text: str) -> Filter:
    """A filter, unless it costs too much (the peer would need minutes too) or is too deep."""
    try:
        return Filter(text)
    except (FilterError, LimitError) as error:
        assume(error.code not in ("filter-cost", "limit-depth", "limit-size"))
        raise


@settings(max_examples=120, suppress_health_check=SLOW)
@given(packets(), filters(Names()))
def test_any_filter_of_any_packet(document: bytes, text: str) -> None:
    one = accepted(text)
    assert says(one, released(document)) == truth(text, etree.fromstring(document))


@settings(max_examples=120, suppress_health_check=SLOW)
@given(st.data(), st.sampled_from(sorted(EVERYTHING)))
def test_any_filter_of_a_packet_with_everything(data: st.DataObject, version: str) -> None:
    document = EVERYTHING[version]
    text = data.draw(filters(everything(version)))
    one = accepted(text)
    tree, root = parsed(document)
    assert says(one, tree) == truth(text, root)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(filters(Names()))
def test_a_filter_prints_and_parses_back(text: str) -> None:
    one = accepted(text)
    again = Filter(str(one))
    assert (again.term, str(again), again) == (one.term, str(one), one)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(st.data())
def test_the_canonical_spelling_means_the_same(data: st.DataObject) -> None:
    one = accepted(data.draw(filters(everything("2.1"))))
    tree, root = parsed(EVERYTHING["2.1"])
    assert truth(str(one), root) == says(one, tree)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(usual_filters([*EVERYTHING.values()]))
def test_what_subscribers_ask(text: str) -> None:
    for document in EVERYTHING.values():
        tree, root = parsed(document)
        assert says(accepted(text), tree) == truth(text, root)


@pytest.mark.parametrize("kind", ["usual", "any"])
def test_real_packets(shared: Path, kind: str) -> None:
    every = [document for _, document in real_packets(shared)]
    some = [*every[:8], *every[8::60]]
    trees = [parsed(document) for document in some]
    told_apart = []

    @settings(max_examples=100, suppress_health_check=SLOW)
    @given(usual_filters(some) if kind == "usual" else filters(Names.of(*some)))
    def check(text: str) -> None:
        one = accepted(text)
        verdicts = [says(one, tree) for tree, _ in trees]
        assert verdicts == [truth(text, root) for _, root in trees]
        told_apart.append(len(set(verdicts)) > 1)

    check()
    if kind == "usual":  # of those at random few do, and now and then none
        assert sum(told_apart) > 5, "hardly any filter told packets apart, so nothing was compared"


@cache
def everything(version: str) -> Names:
    return Names.of(EVERYTHING[version])


@cache
def parsed(document: bytes) -> tuple[EventTree, etree._Element]:
    return released(document), etree.fromstring(document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("//Param[1]", True),
        ("//x[2]/@name = 'second'", False),
        ("//p[last()]/@n = '3'", True),
        ("//p[position() = 2 and ../p[1]/@n = '1']/@n = '2'", True),
        ("//p[q[2]][1]/@n = '3'", True),
        ("count(//p[1]) = 1", True),
        ("string(//*/q) = 'q1'", True),
        ("string(//p/text()) = 't1'", True),
        ("//text()[2] = 't2'", True),
        ("//p[text()[2]]", True),
        ("string(//q/..) = 't1q1t2'", True),
        ("string(//*[self::r or self::s]/q) = 'u1'", True),
        ("//p[q[2] and position() = 3]/@n = '3'", True),
        ("translate('aab', 'aa', 'xy') = 'xxb'", True),
        ("//voe:z", False),
        ("/..", False),
        ("/", True),
        ("//@*[. > 2]", True),
        ("//@n[. = //p[2]/@n]", True),
    ],
)
def test_order_and_position(text: str, expected: bool) -> None:
    document = (
        b'<VOEvent version="2.0" ivorn="ivo://example.org/a#b" role="test"><Param/>'
        b'<p n="1">t1<q>q1</q>t2</p><p n="2"/><p n="3"><q/><q/></p>'
        b'<r><s><q>u1</q></s><q>u2</q></r><o:z xmlns:o="urn:other"/></VOEvent>'
    )
    assert truth(text, etree.fromstring(document)) is expected
    assert says(Filter(text), released(document)) is expected
