import pytest

from gateway.model.avrotype import Array, Field, Map, Primitive, Record, Union, leaves, nullable
from gateway.schema import registry

NULL, INT, TEXT = Primitive("null"), Primitive("int"), Primitive("string")


@pytest.mark.parametrize(
    ("type_", "rest", "may_be_null"),
    [
        (INT, INT, False),
        (NULL, NULL, False),
        (Union((NULL, INT)), INT, True),
        (Union((INT, NULL)), INT, True),
        (Union((INT,)), Union((INT,)), False),
        (Union((INT, TEXT)), Union((INT, TEXT)), False),
        (Union((INT, NULL, TEXT)), Union((INT, TEXT)), True),
        (Array(Union((NULL, INT))), Array(Union((NULL, INT))), False),
    ],
)
def test_nullable(type_: object, rest: object, may_be_null: bool) -> None:
    assert nullable(type_) == (rest, may_be_null)


def test_leaves_in_order_of_the_schema() -> None:
    inner = Record("ns.inner", (Field("x", INT), Field("y", Union((NULL, TEXT)))))
    root = Record(
        "ns.root",
        (
            Field("one", inner),
            Field("maybe", Union((NULL, inner))),
            Field("many", Union((NULL, Array(inner)))),
            Field("named", Map(Array(Primitive("float")))),
            Field("grid", Array(Array(INT))),
            Field("either", Union((INT, TEXT, inner))),
        ),
    )
    assert [(str(path), type_) for path, type_ in leaves(root)] == [
        ("one.x", INT),
        ("one.y", TEXT),
        ("maybe.x", INT),
        ("maybe.y", TEXT),
        ("many[].x", INT),
        ("many[].y", TEXT),
        ("named{}[]", Primitive("float")),
        ("grid[][]", INT),
        ("either", INT),
        ("either", TEXT),
        ("either.x", INT),
        ("either.y", TEXT),
    ]


def test_records_are_told_apart_by_identity() -> None:
    one, same = Record("a.b", (Field("x", INT),)), Record("a.b", (Field("x", INT),))
    assert one != same
    assert len({one, same}) == 2
    assert one.name == "b"
    assert Record("b", ()).name == "b"
    assert repr(one) == "Record(a.b, 1 fields)"


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_every_leaf_of_a_released_schema_is_a_primitive_with_a_path_of_its_own(key: object) -> None:
    found = list(leaves(registry.get(key).root))
    assert all(isinstance(type_, Primitive) and type_.name != "null" for _, type_ in found)
    assert len({path for path, _ in found}) == len(found) > 100
