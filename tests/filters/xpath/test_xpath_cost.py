"""A filter costs what was said of it before, and never more than its budget."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from voevents import EVERYTHING
from xpath_filters import HEAD, LONGEST, TAIL, Names, filters, packets, released

from gateway.errors import FilterError, LimitError
from gateway.filters.xpath import Filter
from gateway.filters.xpath.cost import MAX_DEGREE
from gateway.filters.xpath.evaluation import MAX_COST, Evaluation

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
HOSTILE = [
    "count(//*[count(//*[count(//*)>0])>0])",
    "count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0",
    "//*[//*[//*]]",
    "//*[../*[../*]]",
    "//*[contains(//*[//a], 'x')]",
    "//*[. = //*[. = //*]]",
    "//*[.//*[../..//*[//a]]]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_grows_too_fast_is_refused(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter(text)
    assert caught.value.code == "filter-cost"
    assert "power" in caught.value.message


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("/voe:VOEvent[@role = 'test']", 1),
        ("//Param[@name = 'a' and @value > 5]", 1),
        ("//Group[.//Param[contains(., 'a')]]", 1),
        ("//How[contains(Description, 'Swift')]", 1),
        ("//Who[AuthorIVORN = //EventIVORN]", 2),
        ("//Param[../@name = 'a']", 2),
        ("//*[//*]", 2),
        ("'a' = 'b'", 0),
    ],
)
def test_degrees(text: str, degree: int) -> None:
    assert Filter(text).bound.degree == degree <= MAX_DEGREE


def test_a_bound_is_a_polynomial() -> None:
    bound = Filter("//How[contains(Description, 'Swift')]").bound
    assert str(bound) == "2 n d + 25 n + 8"
    assert bound.at(1000, 8) == 2 * 1000 * 8 + 25 * 1000 + 8


@settings(max_examples=100, suppress_health_check=SLOW)
@given(packets(), filters(Names()))
def test_no_filter_costs_more_than_its_bound(document: bytes, text: str) -> None:
    check_bound(document, text)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(filters(Names.of(EVERYTHING["2.1"])))
def test_no_filter_costs_more_than_its_bound_for_everything(text: str) -> None:
    check_bound(EVERYTHING["2.1"], text)


def check_bound(document: bytes, text: str) -> None:
    one, tree = costed(text), released(document)
    bound = one.bound.at(tree.size, tree.depth)
    evaluation = Evaluation(tree, bound)
    assert one.evaluate(evaluation) in ("match", "no match")
    # One unit less than what it took is not enough, and the rest of the budget is not touched.
    spent = bound - evaluation.left
    assert 0 <= spent <= bound
    assert spent == 0 or one.evaluate(Evaluation(tree, spent - 1)) == "over budget"
    assert one.evaluate(Evaluation(tree, spent)) != "over budget"


def costed(text: str) -> Filter:
    try:
        return Filter(text)
    except (FilterError, LimitError) as error:
        assume(error.code not in ("filter-cost", "limit-depth", "limit-size"))
        raise


@pytest.mark.parametrize(
    "text",
    [
        "//Param[@name = 'q' and @value > 5]",
        "//Param[@name = 'a']/@value > //Param[@name = 'b']/@value",
        "count(//Param[@value > 5]) > 3",
        "//Param[contains(@ucd, 'phot') and contains(@name, 'q')] or //Param[@unit = 'Jy']",
        "/voe:VOEvent[@role = 'observation']",
    ],
)
def test_usual_filters_of_the_longest_packets_are_within_the_budget(text: str) -> None:
    assert len(LONGEST) > 90_000
    assert Filter(text).verdict(released(LONGEST)) == "no match"


@pytest.mark.parametrize(
    "text",
    [
        "//*[//*[@a]]",
        "//Param[../Param/@name = 'q']",
        "//Param[//Param[2]/@a]",
        "//Param[contains(translate(//Param[2]/@ucd, //Param/@ucd, 'abc'), 'q')]",
    ],
)
def test_what_runs_over_the_budget_does_not_match(text: str) -> None:
    tree = released(LONGEST)
    assert Filter(text).verdict(tree) == "over budget"
    assert Filter(f"not({text})").verdict(tree) == "over budget"
    evaluation = Evaluation(tree)
    Filter(text).evaluate(evaluation)
    assert -tree.size <= evaluation.left < 0, "it stops within one pass over the packet"


READING = ["//x = 'q'", "contains(//x, 'q')", "number(//x) > 5", "//x = //y", "//y[contains(//x, 'q')]"]


@pytest.mark.parametrize("text", READING)
def test_reading_text_is_paid_for(text: str) -> None:
    short = released(HEAD + b"<x>" + b"ab " * 10 + b"<y/></x>" + TAIL)
    long = released(HEAD + b"<x>" + b"ab " * 10_000 + b"<y/></x>" + TAIL)
    spent = []
    for tree in (short, long):
        evaluation = Evaluation(tree)
        assert Filter(text).evaluate(evaluation) == "no match"
        spent.append(MAX_COST - evaluation.left)
    assert spent[1] - spent[0] > 3000


def test_what_goes_wrong_does_not_match() -> None:
    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    one = Filter("a")
    one._run = broken
    assert one.verdict(released(EVERYTHING["2.0"])) == "error"
