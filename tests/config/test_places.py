"""Where in a file something is."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from gateway.config.places import Places

TEXT = '''# a comment
top = 1

[a.b]  # a table
plain = "x"
dotted.key = """
[not.a.table]
nor = "a key"
"""
many = [
    1,
    { inner = 2 },
]

[[rows]]
name = "one"
[[rows.inner]]
name = "first"
[[rows.inner]]
name = "second"

[[rows]]
"quoted key" = 'a = b'
[rows.table]
last = true
'''


def test_everything_has_its_line() -> None:
    places = Places(TEXT)
    assert tomllib.loads(TEXT)["a"]["b"]["dotted"]["key"].startswith("[not")
    for path, line in (
        (("top",), 2),
        (("a", "b"), 4),
        (("a", "b", "plain"), 5),
        (("a", "b", "dotted", "key"), 6),
        (("a", "b", "many", 1, "inner"), 10),
        (("rows",), 15),
        (("rows", 0, "name"), 16),
        (("rows", 0, "inner", 0, "name"), 18),
        (("rows", 0, "inner", 1, "name"), 20),
        (("rows", 1), 22),
        (("rows", 1, "quoted key"), 23),
        (("rows", 1, "table", "last"), 25),
    ):
        assert places.line(path) == line, path


def test_what_is_not_there_is_where_it_is_missing() -> None:
    places = Places(TEXT)
    assert places.line(("rows", 1, "name")) == 22
    assert places.line(("a", "c")) is None
    assert places.line(("nothing",)) is None


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(['"x"', "1", "[1,\n2]", '"""\n[x]\n"""'])),
        unique_by=lambda one: one[0],
    )
)
def test_keys_are_found_whatever_their_values_are(rows: list[tuple[str, str]]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in rows)
    places, line = Places(text), 1
    for key, value in rows:
        assert places.line((key,)) == line
        line += value.count("\n") + 1
