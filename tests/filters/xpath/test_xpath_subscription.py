"""What one connection asked for, under what its operator lets out."""

import pytest
from xpath_filters import LONGEST, released

from gateway.errors import CODES
from gateway.filters.xpath import Filter, FilterSet
from gateway.filters.xpath.subscription import MAX_FILTERS, MAX_REASON

TREE = released(LONGEST)
YES, NO = "//Param", "//Parma"
COSTLY = "//*[//*[@qq]]"


@pytest.mark.parametrize(
    ("texts", "passes"),
    [
        ([], True),
        ([YES], True),
        ([NO], False),
        ([NO, YES], True),
        ([NO, NO], False),
        ([YES, "//Param["], False),
        (["Not a valid XPath expression"], False),
        (["true()", "$x"], False),
        ([""], False),
        ([NO, "true()"], True),
        ([COSTLY], False),
        ([COSTLY, YES], True),
        ([f"not({COSTLY})"], False),
        (["0"], False),
        (["number('x')"], False),
        (["''"], False),
    ],
)
@pytest.mark.parametrize("blanket", [None, YES, NO])
def test_who_gets_a_packet(texts: list[str], passes: bool, blanket: str | None) -> None:
    asked = FilterSet(blanket=Filter(blanket) if blanket else None).asking(texts)
    assert asked.accepts(TREE) is (passes and blanket != NO)


def test_the_operators_filter_stays() -> None:
    operator = FilterSet(blanket=Filter(NO))
    for texts in ([], ["true()"], [YES, NO], ["$x"], [YES]):
        operator = operator.asking(texts)
        assert operator.blanket == Filter(NO)
        assert not operator.accepts(TREE)


def test_each_message_replaces_the_filters() -> None:
    first = FilterSet().asking([NO])
    refused = first.asking(["$x"])
    good = refused.asking([YES])
    assert [one.accepts(TREE) for one in (first, refused, good)] == [False, False, True]
    assert [one.reason is None for one in (first, refused, good)] == [True, False, True]
    assert good.filters == (Filter(YES),)


def test_decisions_are_counted() -> None:
    counts = {}
    for name, texts in {
        "match": [YES],
        "no match": [NO],
        "refused": ["$x"],
        "over budget": [COSTLY, NO],
    }.items():
        asked = FilterSet().asking(texts)
        asked.accepts(TREE)
        counts[name] = dict(asked.counts)
    assert counts == {name: {name: 1} for name in counts}
    under = FilterSet(blanket=Filter(NO)).asking([YES])
    under.accepts(TREE)
    assert dict(under.counts) == {"blanket": 1}


def test_counts_go_on_when_filters_are_replaced() -> None:
    asked = FilterSet().asking([YES])
    asked.accepts(TREE)
    again = asked.asking([NO])
    again.accepts(TREE)
    assert dict(again.counts) == {"match": 1, "no match": 1}


def test_too_many_filters_are_refused() -> None:
    assert FilterSet().asking([YES] * MAX_FILTERS).reason is None
    asked = FilterSet().asking([YES] * (MAX_FILTERS + 1))
    assert asked.reason is not None
    assert "11 filters" in asked.reason
    assert not asked.accepts(TREE)


REASONS = {
    "//Param[": "column 9: Here a name, `*`, `@` or `text()` is expected, and there is the end. [filter-syntax]",
    "//a|//b": "column 4: Filters have no union of paths; write `or` between them. [filter-unsupported]",
    "//*[//*[//*]]": "The cost grows with the power 3 of the packet's size; the limit is 2. [filter-cost]",
    "a" * 2000: "The filter has 2000 characters; the limit is 1000. [limit-size]",
}


@pytest.mark.parametrize("text", REASONS)
def test_the_reason_is_a_sentence(text: str) -> None:
    asked = FilterSet().asking([YES, text])
    assert asked.reason == f"Filter 2 of 2 is refused, so nothing is sent: {REASONS[text]}"
    assert asked.reason.rpartition("[")[2].removesuffix("]") in CODES


ODD = ["\u202e\x1b[31m" * 20, "x" * 200 + "(", "</Result><Result>" * 9, "'" * 99, "a:b" * 300]


@pytest.mark.parametrize("text", ODD)
def test_the_reason_is_short_and_printable(text: str) -> None:
    reason = FilterSet().asking([text]).reason
    assert reason is not None
    assert len(reason) <= MAX_REASON
    assert reason.isascii()
    assert reason.isprintable()
