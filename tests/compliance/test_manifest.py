"""The manifest: what a mistake in one costs, and which label a field has."""

import pytest

from gateway.compliance.manifest import MAX_BYTES, load, parse
from gateway.errors import SettingsError
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance

DDP = """
[[field]]
path = ["class.*"]
origin = "ddp"
[field.derivation]
from = [{origin = "data-release", release = "dp1"}, {origin = "alert"}]
responsible = "A. Nonymous"
why = "A class and its score; nothing can be recreated from them."
"""

MISTAKES = {
    "": None,
    'orign = "alert"': "m.toml, line 1: Unknown key `orign`; `origin` is meant, perhaps.",
    '\norigin = "alerts"': "m.toml, line 2: `origin` must be one of alert, ppdb,",
    'release = "dp1"': "m.toml, line 1: `release` says nothing without `origin`.",
    'origin = "alert"\nobserved = "now"': "m.toml, line 2: `observed` is not as it must be: When the exposure began",
    'origin = "alert"\nrelease = "DP1 "': "m.toml, line 2: `release` is not as it must be: A token such as dp1",
    'schema = "lsst/99.0"': "m.toml, line 1: There is no released schema of that name.",
    "a = ": "m.toml: The manifest is not TOML",
    "\0": "m.toml: The manifest is not TOML",
    '[[field]]\norigin = "alert"\n[[field]]\npath = ["a"]': "m.toml, line 3: `origin` is missing.",
    '[[field]]\norigin = "alert"\n\n[[field]]\npaht = ["a"]\norigin = "alert"': (
        "m.toml, line 5: Unknown key `paht`; `path` is meant, perhaps."
    ),
    '[[field]]\norigin = "alert"\npath = "a"': "m.toml, line 3: `path` is not as it must be: Paths with *",
    '[[field]]\norigin = "alert"\npath = ["a", "a"]': "m.toml, line 3: `path` names something twice.",
    '[[field]]\norigin = "alert"\npath = ["a..b"]': "m.toml, line 3: `path` has an empty step",
    '[[field]]\norigin = "alert"\npath = ["**.b"]': "m.toml, line 3: `path` has an empty step, or ** before its end.",
    '[field]\norigin = "alert"': "m.toml: `field` is not as it must be: Tables [[field]]",
    '[[field]]\norigin = "ddp"': "m.toml, line 1: `derivation` is missing.",
    DDP.replace("responsible", "respnsible"): "m.toml, line 7: Unknown key `respnsible`; `responsible` is meant",
    DDP.replace('why = "A class and its score; nothing can be recreated from them."', ""): "`why` is missing.",
    DDP.replace("A. Nonymous", " "): "`derivation` is not as it must be: Who answers for it.",
    '[[field]]\norigin = "alert"\npath = ["x"]\nalert-field = "diaSource.ra"': (
        "m.toml, line 4: `alert-field` needs a `schema` at the head of the manifest."
    ),
    'schema = "lsst/11.0"\n[[field]]\norigin = "alert"\npath = ["x"]\nalert-field = "diaSource.RA"': (
        "m.toml, line 5: `alert-field` is no field of lsst/11.0."
    ),
    'schema = "lsst/11.0"\n[[field]]\norigin = "alert"\npath = ["x.*"]\nalert-field = "diaSource.ra"': (
        "m.toml, line 5: `alert-field` is about one column: `path` must name it."
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_file_and_line(text):
    if MISTAKES[text] is None:
        assert parse("m.toml", text.encode()).default == Provenance()
        return
    with pytest.raises(SettingsError) as caught:
        parse("m.toml", text.encode())
    assert caught.value.code == "settings-invalid"
    assert MISTAKES[text] in str(caught.value)


def test_a_file(tmp_path):
    file = tmp_path / "provenance.toml"
    file.write_text('origin = "alert"\nissued = true\n')
    manifest = load(file)
    assert manifest.default == Provenance(Origin.ALERT, issued=True)
    assert len(manifest.sha256) == 64
    file.write_text('origin = "alert" # ' + "x" * MAX_BYTES)
    with pytest.raises(SettingsError, match="longer than"):
        load(file)
    for missing in (tmp_path / "none.toml", tmp_path, tmp_path / "\0"):
        with pytest.raises(SettingsError, match="cannot be read"):
            load(missing)


def label(manifest, path, file="a.vot"):
    declared = parse("m.toml", manifest.encode()).about(file, FieldPath(tuple(path.split("."))))
    return declared.label, declared.alert_field


def test_what_no_entry_names_has_the_label_at_the_head():
    assert label("", "x") == (Provenance(), None)
    assert label('origin = "ppdb"', "x") == (Provenance(Origin.PPDB), None)
    assert label('[[field]]\npath = ["y"]\norigin = "alert"', "x") == (Provenance(), None)


def test_names_are_compared_letter_for_letter():
    manifest = '[[field]]\npath = ["DiaSource.psfFlux", "T.B-V"]\norigin = "alert"'
    assert label(manifest, "DiaSource.psfFlux")[0].origin is Origin.ALERT
    assert label(manifest, "T.B-V")[0].origin is Origin.ALERT
    for variant in (
        "DiaSource.psfflux",
        "DiaSource.psf_Flux",
        "diaSource.psfFlux",
        "DiaSource.psfFlux2",
        "psfFlux",
    ):
        assert label(manifest, variant)[0].origin is None


def test_of_several_entries_all_hold():
    manifest = (
        'origin = "alert"\n[[field]]\npath = ["T.*"]\norigin = "alert"\n'
        '[[field]]\npath = ["T.x"]\norigin = "data-release"\nrelease = "dp1"\n'
    )
    assert label(manifest, "T.y")[0] == Provenance(Origin.ALERT)
    both = label(manifest, "T.x")[0]
    assert [part.origin for part in both.parts()] == [Origin.ALERT, Origin.DATA_RELEASE]


def test_an_entry_may_be_about_some_files():
    manifest = '[[field]]\nfile = ["*.fits", "cut/*"]\norigin = "pixels"\nobserved = 60900.5\n'
    assert label(manifest, "SCI", "a/b.fits")[0] == Provenance(Origin.PIXELS, observed=60900.5)
    assert label(manifest, "SCI", "cut/b")[0].origin is Origin.PIXELS
    assert label(manifest, "SCI", "a.vot")[0].origin is None


def test_what_was_derived_keeps_its_inputs():
    made = label(DDP, "class.score")[0]
    assert made.origin is Origin.DDP
    assert [(part.origin, part.release) for part in made.inputs] == [
        (Origin.DATA_RELEASE, "dp1"),
        (Origin.ALERT, None),
    ]
    assert made.parts() == (made,)
    other = label(DDP.replace('"ddp"', '"broker-annotation"'), "class.score")[0]
    assert len(other.parts()) == 3


def test_a_renamed_column_says_which_field_it_is():
    manifest = 'schema = "lsst/11.0"\n[[field]]\npath = ["T.flux"]\norigin = "alert"\n'
    manifest += 'alert-field = "diaSource.psfFlux"\n'
    assert label(manifest, "T.flux") == (Provenance(Origin.ALERT), FieldPath.parse("diaSource.psfFlux"))
    two = manifest + '[[field]]\npath = ["T.flux"]\norigin = "alert"\nalert-field = "diaSource.apFlux"\n'
    assert label(two, "T.flux") == (Provenance(Origin.ALERT), None)


def test_packets_have_the_labels_of_their_fields():
    manifest = parse(
        "m.toml",
        b'origin = "alert"\n[[field]]\npath = ["clf.*", "B V"]\norigin = "user"\n'
        b'[[field]]\nfile = ["*.fits"]\norigin = "pixels"\n',
    )
    assert manifest.of_packets("a.avro").fields == (("clf.*", Provenance(Origin.USER)),)
