"""Facts about rows and tables, and conditions on them: what is not known is as bad as what is."""

import math

import pytest

from gateway.policy.facts import EXPOSURE, FACTS, Condition


@pytest.mark.parametrize(
    ("fact", "numbers", "value"),
    [
        ("history-age", (60000.0, 60010.5), 10.5),
        ("history-age", (60010.5, 60000.0), -10.5),
        ("history-age", (None, 60000.0), None),
        ("history-age", (60000.0, None), None),
        ("extra-rows", (3, 4), 0),
        ("extra-rows", (2, 4), -1),
        ("extra-rows", (4, 4), 1),
        ("extra-rows", (None, 4), 0),
        ("extra-rows", (9, None), 0),
        ("trail-rate", (12.5,), 12.5 / EXPOSURE),
        ("trail-rate", (None,), 0.0),
        ("programid", (1,), 1),
        ("programid", (None,), None),
        ("withdrawn", (None,), 0),
        ("withdrawn", (60000.0,), 1),
        ("withdrawn", (0.0,), 1),
        ("withdrawn", (math.nan,), 1),
        ("objects", (7,), 7),
    ],
)
def test_a_fact(fact: str, numbers: tuple[float | None, ...], value: float | None) -> None:
    assert FACTS[fact].value(*numbers) == value


def test_every_fact_says_what_it_is() -> None:
    for name, fact in FACTS.items():
        assert fact.meaning.endswith("."), name
        assert fact.kinds, name


@pytest.mark.parametrize(
    ("text", "holds", "not_"),
    [
        ("history-age > 366", [366.0001, 1e9, math.inf], [366, 0, -1]),
        ("history-age >= 366", [366, 367], [365.999]),
        ("history-age < 0", [-0.001], [0, 1]),
        ("history-age <= 0", [0, -0.0, -1], [1e-9]),
        ("programid != 1", [0, 2, 3, -1], [1, 1.0]),
        ("withdrawn = 1", [1], [0]),
        ("trail-rate > 0.41666", [0.41667], [0.41666]),
        ("extra-rows > -2", [-1], [-2]),
    ],
)
def test_a_condition(text: str, holds: list[float], not_: list[float]) -> None:
    found = Condition.parse(text)
    assert str(found) == text
    assert [value for value in holds if not found.holds(value)] == []
    assert [value for value in not_ if found.holds(value)] == []
    assert found.holds(None)
    assert found.holds(math.nan)


@pytest.mark.parametrize(
    "text",
    ["", "history-age", "history-age >", "> 3", "history-age > x", "history-age == 3", "history-age>3",
     "3 < history-age",
     "history-age > 3 ", "history-age > 1e3", "history-age > .5", "history-age > 3; x"],
)  # fmt: skip
def test_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match="a fact, a comparison and a number"):
        Condition.parse(text)


def test_no_such_fact() -> None:
    with pytest.raises(ValueError, match=r"^a fact is one of history-age, extra-rows, "):
        Condition.parse("age > 3")
