"""Errors: every code is explained, every error survives a process border, and none shows a value."""

import ast
import pickle
import re
from pathlib import Path

import pytest

from gateway import errors
from gateway.errors import CODES, AvroError, GatewayError, Where

SOURCES = sorted((Path(__file__).parents[1] / "gateway").rglob("*.py"))
KINDS = sorted(
    {getattr(errors, name) for name in errors.__all__ if name.endswith("Error")},
    key=lambda kind: kind.__name__,
)


def codes_raised(source: str) -> set[str]:
    """The codes that errors are made with in a source; a code that is computed is not seen."""
    return {
        call.args[0].value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", "").endswith("Error") or getattr(call.func, "attr", "") == "fail")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and re.fullmatch(r"[a-z]+(-[a-z]+)+", str(call.args[0].value))
    }


def test_every_code_that_is_raised_is_explained() -> None:
    raised = {code: path.name for path in SOURCES for code in codes_raised(path.read_text("utf-8"))}
    assert {code: file for code, file in raised.items() if code not in CODES} == {}
    assert len(raised) > 20


def test_codes_look_like_codes_and_advice_like_sentences() -> None:
    for code, advice in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
        assert advice[0].isupper() or advice[0] == "`"
        assert advice.endswith(".")


def test_an_unknown_code_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="is not in gateway"):
        GatewayError("avro-nonsense", "A sentence.")


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_a_process_border(kind: type[GatewayError]) -> None:
    where = Where("a.avro", 3, 14, 1, 5, "diaSource.ra")
    error = kind("avro-text", "A string is not valid UTF-8.", where=where, clause="P25")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (copy.code, copy.message, copy.where, copy.clause) == (error.code, error.message, where, "P25")
    assert str(copy) == str(error)
    assert copy.exit_code == 2


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = re.findall(r"^ +(\w+Error)\b", errors.__doc__ or "", re.M)
    assert sorted(drawn) == [kind.__name__ for kind in KINDS]
    indents = {
        name: len(space) for space, name in re.findall(r"^( +)(\w+Error)\b", errors.__doc__ or "", re.M)
    }
    above: list[str] = []
    for name in drawn:
        while above and indents[above[-1]] >= indents[name]:
            above.pop()
        if above:
            assert getattr(errors, name).__bases__ == (getattr(errors, above[-1]),)
        above.append(name)


def test_the_innermost_place_wins() -> None:
    error = AvroError("avro-text", "A string is not valid UTF-8.", where=Where(offset=7))
    assert error.located(offset=1, record=2, input=None, line=None) is error
    assert error.where == Where(record=2, offset=7)
    assert error.located(input="x.avro", record=9).where == Where("x.avro", record=2, offset=7)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), "S. [avro-text]"),
        (Where("a.avro"), "a.avro: S. [avro-text]"),
        (
            Where("a.avro", record=0, offset=0, path="x[].y"),
            "a.avro, record 0, byte 0, x[].y: S. [avro-text]",
        ),
        (Where(line=3), "line 3: S. [avro-text]"),
        (Where("a.xml", line=3, column=9), "a.xml, line 3 column 9: S. [avro-text]"),
    ],
)
def test_the_text_of_an_error(where: Where, text: str) -> None:
    assert str(AvroError("avro-text", "S.", where=where)) == text
    assert str(AvroError("avro-text", "S.", where=where, clause="P25")) == text + " (P25)"


def test_advice_is_the_entry_of_the_table() -> None:
    assert AvroError("avro-text", "S.").advice == CODES["avro-text"]
