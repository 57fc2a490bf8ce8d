"""How texts stand in Params and cells: whatever Unicode can say comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs import voevent
from gateway.errors import AvroError
from gateway.mapping import forms
from gateway.mapping.plan import Column
from gateway.model.avrotype import Primitive
from gateway.model.voevent import Field, Param, Table, VOEvent, What
from gateway.schema.semantics import Meaning

COLUMN = Column("name", 0, Primitive("string"), True, Meaning("meta.id", "", "string", "char", ""))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\eb64: \n\t\r\0&<"))


def written(*items):
    """The items after a trip through a document."""
    return voevent.decode(voevent.encode(VOEvent("2.0", "ivo://a.b/c?d", what=What(items)))).what.items


@given(TEXTS)
def test_params_come_back(text):
    (param,) = written(forms.param(COLUMN, text))
    assert forms.text_of_param(param) == text


@given(TEXTS)
def test_cells_come_back(text):
    (table,) = written(Table("t", None, (Field("name"),), ((forms.cell(text),),)))
    assert table.rows[0][0] != ""
    assert forms.text_of_cell(table.rows[0][0], "name") == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", "\\e"),
        ("\\", "\\\\"),
        ("\\e", "\\\\e"),
        ("\\b64:x", "\\\\b64:x"),
        ("a\\b", "a\\b"),
        ("\0", "\\b64:AA=="),
    ],
)
def test_cells(text, cell):
    assert forms.cell(text) == cell


def test_an_empty_cell_is_null():
    assert forms.text_of_cell("", "name") is None


@pytest.mark.parametrize("text", ["\\b64:*", "\\b64:/w==", "\\b64:A"])
def test_what_is_marked_and_is_not_base64(text):
    with pytest.raises(AvroError):
        forms.text_of_cell(text, "name")
    with pytest.raises(AvroError):
        forms.text_of_param(Param("name", text.removeprefix("\\b64:"), utype="avro:base64"))
