"""The tables of stamps: what comes with the gateway is sound, and a mistake is named with its file and key."""

import json

import jsonschema
import pytest

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.fitsfile import CARD
from gateway.policy.cutouts.form import forms, load
from gateway.policy.profile import names

FOLDER = resources.policy() / "cutouts"
ZTF = (FOLDER / "ztf.toml").read_text("utf-8")
LSST = (FOLDER / "lsst.toml").read_text("utf-8")


def test_what_comes_with_the_gateway() -> None:
    assert set(forms()) == {"lsst", "ztf"}
    for survey, form in forms().items():
        assert form.survey == survey
        for hdu in form.hdus:
            assert len(hdu.cards) == len(hdu.keys)
            for card in hdu.cards:
                assert all(len(image) == CARD for image in card.images)
                assert {len(tail) for tail in card.tails} == {CARD - 30}
    assert [hdu.name for hdu in forms()["lsst"].hdus] == ["PRIMARY", "MASK", "UNCERT", "PSFIMAGE"]
    assert [hdu.name for hdu in forms()["ztf"].hdus] == ["PRIMARY"]


def test_they_are_no_profiles() -> None:
    assert not set(names()) & {"cutouts", *forms()}


def test_the_schema_is_one() -> None:
    schema = json.loads((resources.schemas() / "json" / "cutouts.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("what", "old", "new", "named"),
    [
        ("no TOML", "gzip = true", "gzip = yes", "not TOML"),
        ("not UTF-8", "# Stamps", "# \udcff", "not TOML"),
        ("another survey", 'survey = "ztf"', 'survey = "lsst"', "survey: It is not the name of the file"),
        ("no survey", 'survey = "ztf"', "", "'survey' is a required property"),
        ("no source", 'source = "', 'source = ""\nx = "', "unexpected"),
        ("a key that is unknown", "gzip = true", "gzip = true\nsquares = 1", "'squares' was unexpected"),
        ("a number for a boolean", "gzip = true", "gzip = 1", "gzip: 1 is not of type 'boolean'"),
        ("no HDU", "[[hdu]]", "[[hdus]]", "'hdus' was unexpected"),
        ("another name", '"PRIMARY"', '"IMAGE"', "hdu[0].name: The first HDU, and no other, is PRIMARY"),
        ("a name with a blank", '"PRIMARY"', '"PRI MARY"', "hdu[0].name: 'PRI MARY' does not match"),
        ("BITPIX 24", "bitpix = [-32]", "bitpix = [24]", "hdu[0].bitpix[0]: 24 is not one of"),
        ("two BITPIX", "bitpix = [-32]", "bitpix = [-32, 16]", "hdu[0].bitpix: The primary HDU has one"),
        ("no BITPIX", "bitpix = [-32]", "bitpix = []", "hdu[0].bitpix: [] should be non-empty"),
        ("a side", "side = [1, 63]", "side = [63]", "hdu[0].side"),
        ("a side of 0", "side = [1, 63]", "side = [0, 63]", "hdu[0].side"),
        ("a side as large as the sky", "side = [1, 63]", "side = [1, 64000]", "hdu[0].side"),
        ("sides in disorder", "side = [1, 63]", "side = [63, 1]", "hdu[0].side: Give the least side"),
        ("a side of itself", "side = [1, 63]", 'side = "primary"', "hdu[0].side: Give the least side"),
        ("a small key", 'key = "BUNIT"', 'key = "bunit"', "hdu[0].card[5].key: 'bunit' does not match"),
        ("a long key", 'key = "BUNIT"', 'key = "BUNITBUNIT"', "hdu[0].card[5].key: 'BUNITBUNIT' does not match"),
        ("a card twice", 'key = "BUNIT"', 'key = "NAXIS2"', "hdu[0].card: NAXIS2 is there twice"),
        ("neither value nor is", 'value = "DN"', 'comment = "x"', "hdu[0].card[5]:"),
        ("both value and is", 'value = "DN"', 'value = 1, is = "real", range = [0, 1]', "hdu[0].card[5]:"),
        ("is and no range", 'value = "DN"', 'is = "real"', "hdu[0].card[5]: 'range' is a required property"),
        ("a range of one", 'value = "DN"', 'is = "real", range = [0]', "hdu[0].card[5].range: [0] is too short"),
        ("a range in disorder", 'value = "DN"', 'is = "real", range = [1, 0]', "hdu[0].card[5].range: The least"),
        ("a kind that is unknown", 'value = "DN"', 'is = "text", range = [0, 1]', "hdu[0].card[5]"),
        ("a range for the structure", 'value = "DN"', 'is = "structure", range = [0, 1]', "hdu[0].card[5]"),
        ("near and no within", 'value = "DN"', 'is = "real", range = [0, 1], near = "ra"', "'within' is a depend"),
        ("within and no near", 'value = "DN"', 'is = "real", range = [0, 1], within = 1', "'near' is a depend"),
        ("near a value", 'value = "DN"', 'value = 1, near = "ra", within = 1', "'range' is a dependency"),
        ("near what is unknown", 'value = "DN"', 'is = "real", range = [0, 1], near = "x", within = 1', "near: 'x'"),
        ("within nothing", 'value = "DN"', 'is = "real", range = [0, 1], near = "ra", within = 0', "within: 0"),
        ("a value of false", 'value = "DN"', "value = false", "hdu[0].card[5].value: False is not valid"),
        ("a quote in a value", 'value = "DN"', 'value = "D\'N"', "hdu[0].card[5].value:"),
        ("a long value", 'value = "DN"', f'value = "{"D" * 69}"', "hdu[0].card[5].value:"),
        ("a long comment", 'value = "DN"', f'value = "DN", comment = "{"c" * 50}"', "card[5]: The card has more"),
        ("a comment with a tab", 'value = "DN"', 'value = "DN", comment = "a\\tb"', "hdu[0].card[5].comment:"),
        ("also for another card", '"SIMPLE  =  T"', '"EXTEND  =  T"', "hdu[0].card[0].also: It is a card with"),
        ("also for a number", 'value = "DN"', 'is = "structure", also = ["BUNIT"]', "'value' is a dependency"),
        ("SIMPLE missing", 'key = "SIMPLE", value = true, also = ["SIMPLE  =  T"]', 'key = "X", value = 1',
         "hdu[0].card: SIMPLE is missing, misplaced or optional"),
        ("NAXIS1 optional", 'is = "structure" }', 'is = "structure", optional = true }', "NAXIS1 is missing"),
        ("NAXIS of 3", "value = 2 ", "value = 3 ", "hdu[0].card[2].value: NAXIS has another value"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(what: str, old: str, new: str, named: str, tmp_path) -> None:
    assert old in ZTF
    file = tmp_path / "ztf.toml"
    file.write_text(ZTF.replace(old, new, 1), "utf-8", "surrogateescape")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.code == "settings-invalid"
    assert str(caught.value).startswith("ztf.toml")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("what", "old", "new", "named"),
    [
        ("an HDU twice", 'name = "MASK"', 'name = "UNCERT"', "hdu[1].card[7].value: EXTNAME has another value"),
        ("a second PRIMARY", 'name = "MASK"', 'name = "PRIMARY"', "hdu[1].name: The first HDU"),
        ("EXTNAME missing", '{ key = "EXTNAME",  value = "MASK",  comment = "extension name" },', "",
         "hdu[1].card: EXTNAME is missing"),
        ("PCOUNT of 1", 'key = "PCOUNT",   value = 0', 'key = "PCOUNT",   value = 1', "PCOUNT has another value"),
        ("a table", 'value = "IMAGE"', 'value = "BINTABLE"', "hdu[1].card[0].value: XTENSION has another value"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_extension_is_named(what: str, old: str, new: str, named: str, tmp_path) -> None:
    assert old in LSST
    file = tmp_path / "lsst.toml"
    file.write_text(LSST.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert named in str(caught.value)


def test_the_same_hdu_twice(tmp_path) -> None:
    file = tmp_path / "lsst.toml"
    mask = LSST[LSST.index('[[hdu]]\nname = "MASK"') : LSST.index('[[hdu]]\nname = "UNCERT"')]
    file.write_text(LSST + mask, "utf-8")
    with pytest.raises(SettingsError, match="MASK is there twice"):
        load(file)
