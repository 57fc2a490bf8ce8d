"""What rules match: paths and kinds."""

import pytest

from gateway.model.fieldpath import FieldPath
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.rule import ALL


def path(text: str) -> FieldPath:
    return FieldPath(tuple(text.split("."))) if text else ALL


@pytest.mark.parametrize(
    ("pattern", "matches", "not_"),
    [
        ("diaSource.ra", ["diaSource.ra"], ["diaSource", "diaSource.dec", "diaSource.ra.x", "DiaSource.ra", ""]),
        ("diaSource.*", ["diaSource.ra", "diaSource.x"], ["diaSource", "diaSource.x.y", "diaObject.ra"]),
        ("*.ra", ["diaSource.ra", "diaObject.ra"], ["ra", "a.b.ra", "diaSource.dec"]),
        ("*", ["diaSourceId", "diaSource"], ["diaSource.ra", ""]),
        ("**", ["", "a", "a.b", "a.b.c"], []),
        ("diaSource.**", ["diaSource", "diaSource.ra", "diaSource.a.b"], ["diaSourceId", "diaObject.ra", ""]),
        ("*.*.**", ["a.b", "a.b.c.d"], ["a", ""]),
        ("prvDiaSources[].ra", ["prvDiaSources[].ra"], ["prvDiaSources.ra", "prvDiaSources[][].ra"]),
        ("prvDiaSources[]", ["prvDiaSources[]"], ["prvDiaSources", "prvDiaSources[].ra"]),
        ("lc{}.mean", ["lc{}.mean"], ["lc.mean", "lc[].mean"]),
        ("host.org.example.**", ["host.org.example", "host.org.example.www"], ["host.org", "host.org.examples"]),
        ("host.edu.usdf-rsp", ["host.edu.usdf-rsp"], ["host.edu.usdf"]),
    ],
)  # fmt: skip
def test_a_path_pattern(pattern: str, matches: list[str], not_: list[str]) -> None:
    found = PathPattern.parse(pattern)
    assert str(found) == pattern
    assert PathPattern.parse(str(found)) == found
    assert [text for text in matches if not found.matches(path(text))] == []
    assert [text for text in not_ if found.matches(path(text))] == []


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "**.a", "a.**.b", "a*", "*a", "a.b*", "a[0]", "a[", "a b", "a.***", "a[]x"]
)  # fmt: skip
def test_no_path_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="field names joined by dots"):
        PathPattern.parse(text)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("prvDiaSources[]", ["prvDiaSources[]", "prvDiaSources[].ra"], ["prvDiaSources", "diaSource.ra", ""]),
        ("diaSource", ["diaSource", "diaSource.ra"], ["diaSourceId"]),
        ("diaSource.ra", ["diaSource.ra"], ["diaSource", "diaSource.dec"]),
        ("*", ["a", "a.b", "a.b.c"], [""]),
        ("**", ["", "a", "a.b"], []),
    ],
)
def test_what_lies_in_a_place(pattern: str, inside: list[str], outside: list[str]) -> None:
    found = PathPattern.parse(pattern)
    assert [text for text in inside if not found.holds(path(text))] == []
    assert [text for text in outside if found.holds(path(text))] == []


@pytest.mark.parametrize(
    ("text", "matches", "not_"),
    [
        ("lsst", [(3, 0), (11, 1), (99, 9)], []),
        ("lsst >=7.0", [(7, 0), (7, 4), (10, 0)], [(6, 9)]),
        ("lsst <8.0", [(3, 0), (7, 4)], [(8, 0), (10, 0)]),
        ("lsst >=6.1 <7.2", [(6, 1), (7, 0), (7, 1)], [(6, 0), (7, 2), (7, 10)]),
        ("lsst >=7.4 <7.12", [(7, 4), (7, 11)], [(7, 3), (7, 12)]),
    ],
)
def test_a_range_of_versions(text: str, matches: list[tuple[int, int]], not_: list[tuple[int, int]]) -> None:
    found = KindRange.parse(text)
    assert str(found) == text
    assert [version for version in matches if not found.matches("lsst", version)] == []
    assert [version for version in not_ if found.matches("lsst", version)] == []
    assert not found.matches("lsst", None)
    assert not found.matches("ztf", matches[0])


def test_bounds_in_any_order() -> None:
    assert KindRange.parse("lsst <8.0 >=7.0") == KindRange.parse("lsst >=7.0 <8.0")


@pytest.mark.parametrize("kind", ["voevent", "table", "image", "link", "text"])
def test_another_kind(kind: str) -> None:
    found = KindRange.parse(kind)
    assert str(found) == kind
    assert found.matches(kind, None)
    assert not found.matches("lsst", None)


@pytest.mark.parametrize(
    "text",
    ["", " ", "LSST", "fits", "lsst >=7", "lsst 7.0", "lsst >7.0", "lsst >=7.0 >=7.1", "table <1.0",
     "lsst >= 7.0", "lsst>=7.0"],
)  # fmt: skip
def test_no_kind(text: str) -> None:
    with pytest.raises(ValueError, match="a kind is"):
        KindRange.parse(text)


def test_the_kinds_are_named() -> None:
    with pytest.raises(ValueError, match=r"^a kind is one of lsst, ztf, voevent, table, image, link, text$"):
        KindRange.parse("fits")
    with pytest.raises(ValueError, match=r"^a kind is a name, and of alerts perhaps bounds such as"):
        KindRange.parse("lsst 7.0")
