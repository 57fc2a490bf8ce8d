import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.fieldpath import FieldPath
from gateway.schema import registry

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
STEPS = st.builds(
    lambda name, marks: name + "".join(marks), NAMES, st.lists(st.sampled_from(["[]", "{}"]), max_size=2)
)


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_text_and_path_are_the_same(steps: list[str]) -> None:
    path = FieldPath.parse(".".join(steps))
    assert path.steps == tuple(steps)
    assert FieldPath.parse(str(path)) == path
    assert steps[0].startswith(path.top)
    assert not set("[]{}") & set(path.top)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "a\n",
        "a.b\n",
        "\na",
        "1a",
        "a-b",
        "[]",
        "a[",
        "a[0]",
        "a[]b",
        "a{]",
        "\u00e9",
        "a*",
        "a.*",
    ],
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="field names joined by dots"):
        FieldPath.parse(text)


def test_paths_are_put_together() -> None:
    root = FieldPath(())
    assert str(root / "prvDiaSources") == "prvDiaSources"
    assert str((root / "prvDiaSources").items() / "ra") == "prvDiaSources[].ra"
    assert str((root / "a").entries().items() / "b") == "a{}[].b"
    assert (root / "prvDiaSources").items().top == "prvDiaSources"


def test_paths_are_ordered_and_hashable() -> None:
    assert FieldPath.parse("a.b") < FieldPath.parse("a.c") < FieldPath.parse("b")
    assert len({FieldPath.parse("a.b"), FieldPath(("a", "b"))}) == 1


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_every_path_of_a_released_schema_is_read_back(key: object) -> None:
    from gateway.model.avrotype import leaves

    for path, _ in leaves(registry.get(key).root):
        assert FieldPath.parse(str(path)) == path
