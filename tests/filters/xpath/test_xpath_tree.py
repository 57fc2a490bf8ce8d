"""Only what the policy released is filtered, and as XPath's data model has it."""

import pickle
from typing import Any, cast

import pytest
from voevents import EVERYTHING
from xpath_filters import EXTERNAL, POLICY, released

from gateway.codecs.voevent import decode
from gateway.errors import PolicyError
from gateway.filters.xpath import EventTree, Filter, FilterSet
from gateway.model.audience import PUBLIC, Audience
from gateway.model.provenance import Origin, Provenance

SECRET = "22.875"
ANNOTATED = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="observation"
             ivorn="ivo://broker.example/annotated#42">
  <Who><AuthorIVORN>ivo://broker.example/broker</AuthorIVORN><Date>2026-11-24T05:14:31</Date></Who>
  <What>
    <Param name="magnitude" value="19.2"/>
    <Group name="xmatch"><Param name="r_kronMag" value="{SECRET}"/></Group>
    <Description>caf<!-- a comment -->\u00e9</Description>
  </What>
</voe:VOEvent>""".encode("iso-8859-1")
CATALOGUE = Provenance(Origin.DATA_RELEASE, release="dp2")
PARTLY = Provenance(Origin.EXTERNAL, fields=(("What.xmatch.**", CATALOGUE),))


def matches(text: str, tree: EventTree) -> bool:
    return Filter(text).verdict(tree) == "match"


@pytest.mark.parametrize("value", [decode(ANNOTATED), ANNOTATED, None, "released", POLICY])
def test_what_is_not_released_is_not_filtered(value: object) -> None:
    with pytest.raises(PolicyError) as caught:
        EventTree(cast(Any, value))
    assert caught.value.code == "policy-unreleased"
    for ask in (Filter("//Param").verdict, FilterSet().accepts, FilterSet(reason="no").accepts):
        with pytest.raises(PolicyError) as caught:
            ask(cast(Any, value))
        assert caught.value.code == "policy-unreleased"


def test_a_filter_cannot_ask_about_what_is_withheld() -> None:
    public = EventTree(POLICY.release(decode(ANNOTATED), PUBLIC, provenance=PARTLY))
    holder = EventTree(POLICY.release(decode(ANNOTATED), Audience(frozenset({"dp2"})), provenance=PARTLY))
    probes = [f"//Param/@value = {SECRET}", "//Param[@name = 'r_kronMag']", "//@* = 'xmatch'"]
    probes += [f"//@*[contains(., '{SECRET}')]", "count(//Group[@name = 'xmatch']) = 1"]
    assert [matches(probe, public) for probe in probes] == [False] * len(probes)
    assert [matches(probe, holder) for probe in probes] == [True] * len(probes)
    assert matches("//Param[@name = 'magnitude']/@value < 20", public)


def test_the_original_is_what_is_filtered_when_it_goes_on() -> None:
    tree = released(ANNOTATED)
    assert matches("//Description = 'caf\u00e9'", tree)
    assert matches("count(//Description/text()) = 2", tree)  # the comment is between them


@pytest.mark.parametrize("version", ["1.1", "2.0", "2.1"])
def test_the_prefix_is_the_namespace_of_the_root(version: str) -> None:
    uri = f"http://www.ivoa.net/xml/VOEvent/v{version}"
    document = f'<q:VOEvent xmlns:q="{uri}" version="{version}" role="test" ivorn="ivo://a.b/c#d">'.encode()
    document += b'<o:z xmlns:o="urn:other"/></q:VOEvent>'
    tree = released(document)
    for text in (
        "/voe:VOEvent",
        "/voe:*",
        "//voe:VOEvent",
        f"/*[namespace-uri() = '{uri}']",
        "self::voe:VOEvent",
    ):
        assert matches(text, tree), text
    for text in ("/VOEvent", "//VOEvent", "voe:VOEvent", "/voe:Who", "//voe:z", "z"):
        assert not matches(text, tree), text


def test_a_packet_without_namespace() -> None:
    tree = released(b'<VOEvent version="2.0" role="test" ivorn="ivo://a.b/c#d"/>')
    assert matches("/VOEvent[@role = 'test']", tree)
    assert not matches("/voe:VOEvent", tree)
    assert matches("/*[local-name() = 'VOEvent' and namespace-uri() = '']", tree)


def test_size_and_depth_are_those_of_the_packet() -> None:
    tree = released(
        b'<VOEvent version="2.0" role="test" ivorn="ivo://a.b/c#d"><What><!--a-->abcd<x/></What></VOEvent>'
    )
    # The document, three elements, three attributes, one text, and 3 + 4 + 13 + 4 characters.
    assert tree.size == 1 + 3 + 3 + 1 + 24 // 8
    assert tree.depth == 4


def test_equal_filters_are_asked_once() -> None:
    tree = released(EVERYTHING["2.0"])
    for text in ("//Param[@name='a']", '//Param[ @name = "a" ]', "//Param[attribute::name='a']"):
        Filter(text).verdict(tree)
    assert len(tree.verdicts) == 1


def test_a_tree_is_not_stored() -> None:
    # Like a release, it would outlive the decision.
    with pytest.raises(PolicyError):
        pickle.dumps(POLICY.release(decode(ANNOTATED), provenance=EXTERNAL))
    with pytest.raises(PolicyError):
        pickle.dumps(released(ANNOTATED))
