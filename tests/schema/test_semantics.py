import pytest

from gateway.errors import SchemaError
from gateway.model.alert import SchemaKey
from gateway.model.avrotype import Array, Map, Record, Union
from gateway.schema import registry
from gateway.schema.semantics import meaning


def records(type_: object) -> list[Record]:
    if isinstance(type_, Record):
        return [type_, *(below for field in type_.fields for below in records(field.type))]
    if isinstance(type_, Union):
        return [below for branch in type_.branches for below in records(branch)]
    if isinstance(type_, (Array, Map)):
        return records(type_.items if isinstance(type_, Array) else type_.values)
    return []


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_every_field_of_every_version_has_a_meaning(key: SchemaKey) -> None:
    for record in records(registry.get(key).root):
        for field in record.fields:
            found = meaning(key, record.name, field.name)
            assert found.data_type in ("float", "int", "string", "")


def test_a_few_meanings() -> None:
    newest = SchemaKey("lsst", 11, 1)
    assert meaning(newest, "diaSource", "ra").unit == "deg"
    assert meaning(newest, "diaSource", "psfFlux").unit == "nJy"
    assert meaning(newest, "diaSource", "ra").data_type == "float"


@pytest.mark.parametrize(
    ("record", "field"), [("diaSource", "noSuchField"), ("noSuchRecord", "ra"), ("", "")]
)
def test_a_field_without_a_row(record: str, field: str) -> None:
    with pytest.raises(SchemaError) as caught:
        meaning(SchemaKey("lsst", 11, 1), record, field)
    assert caught.value.code == "schema-unknown"
