"""What each format shows, and what it costs to send something hostile in it."""

import gzip
import io
import json
import struct
import sys

import astropy.io.fits
import numpy
import pytest
from alerts import simulated
from astropy.io.votable import from_table, writeto
from astropy.table import Table
from canaries import CANARY, avsc, files, fits_file, parquet, plain_json, votable
from checking import ALERTS, one, verdicts

from gateway.compliance import sources
from gateway.compliance.sources import Source, Unreadable
from gateway.compliance.targets import FORMATS, MAX_SURFACES, felis, fits, jsons, links, xmlroot
from gateway.model import jsontree

FORMS = {
    "alerts.avro": "alerts",
    "alert.confluent": "alerts",
    "alert.single": "alerts",
    "alert.json": "alerts",
    "other.avro": "alerts",
    "broker.avsc": "Avro schema",
    "event.xml": "VOEvent",
    "table.vot": "VOTable",
    "tables.xml": "VOSI tables",
    "table.parquet": "Parquet",
    "image.fits": "FITS",
    "data.json": "JSON",
    "dp9.yaml": "Felis",
    "links.txt": "links",
}


@pytest.mark.parametrize("name", FORMS)
def test_the_first_bytes_say_what_it_is(name):
    data = files()[name]
    assert one(name, data).format == FORMS[name]
    # Its name is asked of YAML alone.
    assert one("x" if name != "dp9.yaml" else "x.yml", data).format == FORMS[name]


def test_there_is_a_file_of_every_format():
    assert {format_.NAME for format_ in FORMATS} == set(FORMS.values())
    assert files().keys() == FORMS.keys()


SHOWN = {
    "table.vot": {
        "table.#INFO", "table.#comment", "DiaSource.#DESCRIPTION", "DiaSource.limit", "DiaSource.ra",
        "DiaSource.ra (DESCRIPTION)", "DiaSource.ra (VALUES)", "DiaSource.score", "DiaSource.score (DESCRIPTION)",
        "DiaSource.score (VALUES)",
    },
    "image.fits": {
        "SCI", "SCI (DATAMAX)", "SCI.#HISTORY", "SCI.#cards", "DIASOURCE.ra", "DIASOURCE.ra (TDMAX)", "DIASOURCE.id",
        "DIASOURCE.#COMMENT", "#trailing",
    },
    "table.parquet": {
        "table.ra", "table.ra (statistics)", "table.score", "table.score (statistics)", "table.rows[].flux",
        "table.rows[].flux (statistics)", "table.#metadata1",
    },
    "broker.avsc": {
        "the whole (doc)", "ra", "ra (doc, default, aliases, other attributes)", "rows[].flux", "rows[].flux (doc)",
    },
    "other.avro": {"x", "#metadata1"},
    "data.json": {"id", "scores[].class", "scores[].value", "{}", "{}{}", "{}{}.flux", "note",
                  "note.hidden", "link"},
    "dp9.yaml": {"Object.ra", "Object.g_kronFlux"},
    "tables.xml": {"Object.ra"},
    "links.txt": {"#line2", "#line4", "#line5"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_everything_that_is_shown_is_listed(name):
    assert set(verdicts(one(name, files()[name], 'origin = "user"'))) == SHOWN[name]


def test_an_event_has_its_elements():
    names = verdicts(one("event.xml", files()["event.xml"], 'origin = "user"'))
    assert {"ivorn", "Who", "What.leak", "What.Description", "Why.Inference"} <= set(names)


def test_a_schema_shows_what_can_be_reached_and_no_more():
    declaration = json.loads(avsc())
    declaration["ssObject"] = {
        "type": "record",
        "name": "ssObject",
        "fields": [{"name": "H", "type": "float"}],
    }
    assert not [name for name in verdicts(one("x.avsc", json.dumps(declaration).encode(), "")) if "H" in name]


def test_rows_of_tap_schema_are_columns():
    cells = "".join(f"<TD>{cell}</TD>" for cell in ("dp9.Object", "g_kronFlux"))
    table = votable(("table_name", "column_name"), "TAP_SCHEMA.columns").decode()
    head, _, _ = table.partition("<TR>")
    table = f"{head}<TR>{cells}</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    assert "Object.g_kronFlux" in verdicts(one("t.vot", table.encode(), ""))


def test_a_votable_in_any_serialisation():
    for form in ("tabledata", "binary", "binary2"):
        out = io.BytesIO()
        writeto(from_table(Table({"ra": [1.0], "B-V": [2.0]}), "t"), out, tabledata_format=form)
        assert {"t.ra", "t.B-V"} <= set(verdicts(one("t.vot", out.getvalue(), "")))


def test_data_of_a_votable_somewhere_else_are_an_address():
    remote = votable().replace(
        b"<TABLEDATA>", b"<BINARY2><STREAM href='https://a:b@example.org'/></BINARY2><TABLEDATA>"
    )
    assert verdicts(one("t.vot", remote))["DiaSource.#STREAM"] == ("refuse", "P16")


def test_standard_words_are_no_findings():
    header = astropy.io.fits.Header()
    for line in fits._BOILERPLATE:
        header["COMMENT"] = line
    out = io.BytesIO()
    columns = [astropy.io.fits.Column("ra", "D", unit="deg", array=[1.0])]
    hdus = [
        astropy.io.fits.PrimaryHDU(),
        astropy.io.fits.BinTableHDU.from_columns(columns, header, name="DiaSource"),
    ]
    astropy.io.fits.HDUList(hdus).writeto(out)
    assert set(verdicts(one("a.fits", out.getvalue(), ""))) == {"DIASOURCE.ra"}


def test_a_compressed_image_is_an_image():
    out = io.BytesIO()
    image = astropy.io.fits.CompImageHDU(numpy.zeros((32, 32), "int16"), name="SCI")
    astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), image]).writeto(out)
    target = one("a.fits", out.getvalue(), 'origin = "pixels"')
    assert [(v.name, v.kind, v.decision.effect) for v in target.verdicts] == [("SCI", "image", "refuse")]


def test_a_gzip_wrapper_is_taken_off():
    assert one("t.vot.gz", gzip.compress(votable())).format == "VOTable"
    assert "t.ra" in verdicts(one("t.parquet.gz", gzip.compress(parquet())))


def test_a_bare_datum_needs_its_schema():
    alert = simulated("lsst/11.0")[0]
    assert one("x", alert.payload).error.code == "input-unknown"
    target = one("x", alert.payload, f'{ALERTS}schema = "lsst/11.0"')
    assert (target.error, target.packets, target.effect) == (None, 1, "pass")


def card(text):
    return text.encode().ljust(80)


def fits_header(*cards, first="SIMPLE  =                    T"):
    return b"".join(map(card, (first, *cards, "END"))).ljust(2880)


NO_DATA = ("BITPIX  =                    8", "NAXIS   =                    0")

HOSTILE = {
    # YAML
    "aliases.yaml": (b"x: &a {name: c}\ntables:\n- name: t\n  columns: [*a, *a]\n", "input-unknown"),
    "merge.yaml": (b"x: &a {name: t}\ntables:\n- columns: [{name: c}]\n  <<: [*a, *a]\n", "input-unknown"),
    "object.yaml": (b"tables: !!python/object/apply:os.system ['x']\n", "input-unknown"),
    "date.yaml": (b"tables: 9999-99-99\n", "input-unknown"),
    "deep.yaml": (b"x: " + b"[" * 100_000, "limit-depth"),
    "nothing.yaml": (b"- 1\n", "input-unknown"),
    "nameless.yaml": (b"tables: [{columns: []}]\n", "input-unknown"),
    "columns.yaml": (b"tables: [{name: a, columns: [1]}]\n", "input-unknown"),
    "wide.yaml": (b"tables:\n- name: a\n  columns:\n" + b"  - {name: c}\n" * (MAX_SURFACES + 1), "limit-size"),
    "large.yaml": (b"# x\n" * (felis.MAX_BYTES // 4 + 1), "limit-size"),
    # XML
    "laughs.vot": (b'<!DOCTYPE a [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><VOTABLE>&c;</VOTABLE>', "xml-dtd"),
    "external.vot": (b'<!DOCTYPE VOTABLE SYSTEM "file:///etc/passwd"><VOTABLE/>', "xml-dtd"),
    "laughs.xml": (b'<!DOCTYPE VOEvent [<!ENTITY a "b">]><VOEvent/>', "xml-dtd"),
    "laughs-tables.xml": (b'<!DOCTYPE a [<!ENTITY a "b">]><tableset/>', "xml-dtd"),
    "deep.vot": (b"<VOTABLE>" + b"<RESOURCE>" * 100_000, "limit-depth"),
    "short.vot": (votable()[:300], "xml-malformed"),
    "utf7.vot": (b'<?xml version="1.0" encoding="UTF-7"?><VOTABLE/>', "xml-encoding"),
    "empty.vot": (b"<VOTABLE/>", "input-empty"),
    "event.xml": (b"<VOEvent/>", "voevent-root"),
    "other.xml": (b"<html/>", "input-unknown"),
    # FITS
    "short.fits": (fits_file()[:3000], "input-damaged"),
    "data.fits": (fits_file()[: 2880 * 2 + 10], "input-damaged"),
    "huge.fits": (
        fits_header("BITPIX  =                  -64", "NAXIS   = 2", f"NAXIS1  = {'9' * 19}", f"NAXIS2  = {'9' * 19}"),
        "input-damaged",
    ),
    "negative.fits": (fits_header("BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = -5"), "input-damaged"),
    "text.fits": (fits_header("BITPIX  = 'x'", "NAXIS   = 1"), "input-damaged"),
    "axes.fits": (fits_header("BITPIX  = 8", "NAXIS   = 99999999"), "input-damaged"),
    "columns.fits": (
        fits_header(*NO_DATA) + fits_header(*NO_DATA, "TFIELDS =  999999999", first="XTENSION= 'BINTABLE'"),
        "limit-size",
    ),
    "header.fits": (card("SIMPLE  =                    T") + card("COMMENT x") * 20_000, "limit-size"),
    "hdus.fits": (
        fits_header(*NO_DATA) + fits_header(*NO_DATA, first="XTENSION= 'IMAGE   '") * fits.MAX_HDUS,
        "limit-size",
    ),
    "binary.fits": (fits_header(*NO_DATA).replace(b"END", b"\xff\xfeD\n" + b"END", 1)[:2880], "input-damaged"),
    # Parquet
    "short.parquet": (parquet()[:100], "input-damaged"),
    "tiny.parquet": (b"PAR1", "input-damaged"),
    "footer.parquet": (b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1", "limit-size"),
    "longer.parquet": (b"PAR1" + bytes(100) + struct.pack("<I", 1000) + b"PAR1", "input-damaged"),
    "zeros.parquet": (b"PAR1" + bytes(100) + struct.pack("<I", 50) + b"PAR1", "input-damaged"),
    "flipped.parquet": (parquet()[:-60] + b"\xff" * 52 + parquet()[-8:], "input-damaged"),
    # JSON
    "twice.json": (b'{"a": 1, "a": 2}', "json-form"),
    "deep.json": (b"[" * 100_000, "limit-depth"),
    "nested.json": (b'{"a":' * 40 + b"1" + b"}" * 40, "limit-depth"),
    "bad.json": (b'{"a":}', "json-malformed"),
    "line.json": (b'{"a": 1}\n{"b"\n', "json-malformed"),
    "number.json": (b'{"a": ' + b"9" * 5000 + b"}", "json-malformed"),
    "latin.json": (b'{"a": "\xe9"}', "json-malformed"),
    # Avro
    "empty.avsc": (b'{"type": "record", "name": "a", "fields": []}', "schema-invalid"),
    "recursive.avsc": (b'{"type": "record", "name": "a", "fields": [{"name": "x", "type": "a"}]}', "schema-invalid"),
    "list.avsc": (b"[]", "schema-invalid"),
    "short.confluent": (b"\0\0\0\x04\x4c", "avro-truncated"),
    "unknown.confluent": (b"\0\0\0\x99\x4c", "schema-unknown"),
    "short.single": (b"\xc3\x01ab", "avro-truncated"),
    "short.avro": (b"Obj\x01", "avro-truncated"),
    "cut.avro": (files()["alerts.avro"][:-5000], "avro-truncated"),
    "values.json": (b"[" + b"0," * jsontree.MAX_VALUES + b"0]", "limit-size"),
    "form.json": (b'{"schema": "lsst/11.0", "record": 5}', "json-form"),
    "version.json": (b'{"schema": "lsst/99.0", "record": {}}', "schema-unknown"),
    # Links, and what is nothing
    "words.txt": (b"https://example.org\nsome words\n", "input-unknown"),
    "binary.txt": (b"https://example.org\n\xff\xfe\n", "input-unknown"),
    "long.txt": (b"https://example.org\n" * (links.MAX_BYTES // 20 + 1), "limit-size"),
    "empty": (b"", "input-empty"),
    "binary": (bytes(range(200, 256)), "input-unknown"),
    "short.gz": (gzip.compress(votable())[:-20], "input-damaged"),
    "damaged.gz": (b"\x1f\x8b" + bytes(20), "input-damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(name):
    data, code = HOSTILE[name]
    target = one(name, data)
    assert target.error is not None
    assert target.error.code == code
    assert CANARY not in str(target.error)
    assert target.error.message.endswith(".")


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(sources, "MAX_UNPACKED", 2**20)
    assert one("bomb.gz", gzip.compress(bytes(2**21))).error.code == "limit-size"
    assert one("bomb", bytes(2**21)).error.code == "limit-size"


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("flip", range(6))
def test_damage_anywhere_is_an_error_of_ours_or_none(name, flip):
    data = bytearray(files()[name])
    for at in range(flip * 37 % len(data), min(len(data), 20_000), max(len(data) // 12, 1)):
        data[at] ^= 0xFF
    one(name, bytes(data))


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_ends_early_is_an_error_of_ours_or_none(name):
    data = files()[name]
    for part in range(1, 12):
        one(name, data[: len(data) * part // 12])


def test_without_pyarrow_parquet_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    error = one("t.parquet", parquet()).error
    assert error.code == "settings-missing"
    assert "voevent-gateway[parquet]" in error.message


def test_folders_are_walked_in_order_and_links_in_them_are_not_followed(tmp_path):
    folder = tmp_path / "release"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "t.vot").write_bytes(votable())
    (folder / "a.json").write_bytes(plain_json())
    (tmp_path / "secret.json").write_bytes(plain_json())
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "up").symlink_to(tmp_path)
    (folder / "inside.json").symlink_to(folder / "a.json")
    found = list(sources.sources([str(folder)]))
    assert [(type(one), one.name) for one in found] == [
        (Source, str(folder / "a.json")),
        (Unreadable, str(folder / "link.json")),
        (Unreadable, str(folder / "up")),
        (Source, str(folder / "b" / "t.vot")),
    ]


def test_what_cannot_be_opened(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    for argument, code in ((tmp_path / "none", "input-unreadable"), (tmp_path / "empty", "input-empty")):
        (found,) = sources.sources([str(argument)])
        assert isinstance(found, Unreadable)
        assert found.error.code == code
    for argument in ("a\0b", "-"):
        (found,) = sources.sources([argument])
        assert found.error.code == "input-unreadable"
    monkeypatch.setattr(sources, "MAX_FILES", 1)
    for name in "ab":
        (tmp_path / "empty" / name).write_text("{}")
    assert [type(found) for found in sources.sources([str(tmp_path / "empty")])] == [Source, Unreadable]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"<VOTABLE>", "VOTABLE"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- <a> --><v:VOEvent x="">', "VOEvent"),
        ("<VOTABLE/>".encode("utf-16"), "VOTABLE"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><tableset>", "tableset"),
        (b"<!-- not closed", ""),
        (b"text", ""),
    ],
)
def test_the_root_of_a_document(start, name):
    assert xmlroot.root(start) == name


def test_json_names_and_keys_of_maps():
    found = jsons.paths({"a": [{"b": 1}, {"c": None}], "170094": {"x": []}, "d e": 1, "B-V": {}})
    assert list(map(str, found)) == ["a[].b", "a[].c", "{}", "{}.x", "B-V"]
