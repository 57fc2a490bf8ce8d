"""Numbers in tables and documents: pixels written as rows (L14), copies (L16) and counts of objects (P15).

What can be told without reading rows is told by kinds and sizes; what cannot is in docs/compliance.md.
"""

import io
import json

import astropy.io.fits
import fastavro
import numpy
import pyarrow
import pyarrow.parquet
import pytest
from alerts import simulated
from canaries import votable
from checking import ALERTS, DP1, HOLDERS, one, verdicts

from gateway import resources
from gateway.codecs import container
from gateway.compliance import copied
from gateway.model.avrotype import nullable
from gateway.policy.profile import DEFAULT
from gateway.schema import registry
from gateway.schema.parse import parse_schema

DERIVED = '[field.derivation]\nfrom = [{origin = "alert"}]\nresponsible = "A"\nwhy = "B"\n'
DDP = 'origin = "ddp"\n' + DERIVED


def ddp(*paths, more=""):
    return f'[[field]]\npath = {json.dumps(paths or ["**"])}\norigin = "ddp"\n{more}{DERIVED}'


def parquet(**columns):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def table(columns, rows, attributes='datatype="float"', value="1.5"):
    fields = "".join(f'<FIELD name="{name}" {attributes}/>' for name in columns)
    row = f"<TR>{f'<TD>{value}</TD>' * len(columns)}</TR>"
    return (
        '<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE name="T">'
        f"{fields}<DATA><TABLEDATA>{row * rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def fits_table(*columns, rows=2):
    out = io.BytesIO()
    made = [astropy.io.fits.Column(name, form, array=array) for name, form, array in columns]
    hdu = astropy.io.fits.BinTableHDU.from_columns(made, name="T", nrows=rows)
    astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), hdu]).writeto(out)
    return out.getvalue()


PIXELS = [[float(x * y) for x in range(30)] for y in range(30)]
NAMES = [f"x{n}" for n in range(30)]
AS_ROWS = {
    "a.vot": [
        table(["image"], 1, 'datatype="float" arraysize="30x30"'),
        table(["image"], 1, 'datatype="float" arraysize="*"', " ".join(["1.5"] * 900)),
        table(["image"], 1, 'datatype="char" arraysize="*"', "QUJD" * 400),
        table(NAMES, 30),
    ],
    "a.parquet": [
        parquet(image=[[1.5] * 900]),
        parquet(image=[PIXELS]),
        parquet(image=[b"\x00\x01" * 700]),
        parquet(**{name: [1.5] * 30 for name in NAMES}),
    ],
    "a.fits": [
        fits_table(("image", "900E", numpy.zeros((2, 900)))),
        fits_table(("image", "PE()", numpy.array([numpy.zeros(900), numpy.zeros(2)], dtype=object))),
        fits_table(*((name, "E", numpy.zeros(30)) for name in NAMES), rows=30),
    ],
    "a.json": [
        json.dumps({"image": PIXELS}).encode(),
        json.dumps({"deep": [{"image": [[PIXELS]]}]}).encode(),
        json.dumps(PIXELS).encode(),
        json.dumps({"image": "QUJD" * 400}).encode(),
        json.dumps({"image": json.dumps(PIXELS)}).encode(),
    ],
}


@pytest.mark.parametrize(
    ("name", "which"), [(name, n) for name, found in AS_ROWS.items() for n in range(len(found))]
)
def test_an_image_written_as_numbers_is_no_derived_product(name, which):
    target = one(name, AS_ROWS[name][which], ddp())
    assert target.error is None
    assert {v.decision.effect for v in target.verdicts} == {"quarantine"}
    assert target.verdicts[0].decision.clause == "P13"
    holders = one(name, AS_ROWS[name][which], DP1, HOLDERS)
    assert holders.effect == "pass"


NO_IMAGE = {
    "a.vot": [table(["curve"], 3, 'datatype="float" arraysize="899"'), table(NAMES[:29], 30), table(NAMES, 29)],
    "a.parquet": [
        parquet(curve=[[1.5] * 800, [1.5] * 900]),
        parquet(key=[b"0123456789abcdef"] * 5000),
        parquet(text=["some words " * 500]),
        parquet(**{f"{letter}{other}": [1.5] * 30 for letter in "abcdef" for other in "uvwxyz"}),
    ],
    "a.fits": [fits_table(("curve", "899E", numpy.zeros((2, 899)))), fits_table(("name", "2000A", ["x", "y"]))],
    "a.json": [
        json.dumps({"mjd": [1.5] * 800, "mag": [1.5] * 800}).encode(),
        json.dumps([{"flux": 1.5}] * 2000).encode(),
        json.dumps({"words": "some words " * 500}).encode(),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "which"), [(name, n) for name, found in NO_IMAGE.items() for n in range(len(found))]
)
def test_light_curves_texts_and_keys_are_no_image(name, which):
    assert one(name, NO_IMAGE[name][which], ddp()).effect == "pass"


def test_columns_of_alerts_are_no_pixels_however_alike_they_are():
    (source,) = [field.type for field in registry.get("lsst/11.1").root.fields if field.name == "diaSource"]
    names = [field.name for field in nullable(source)[0].fields][:60]
    data = parquet(**{name: [1.5] * 40 for name in names})
    assert one("DiaSource.parquet", data, ALERTS).effect == "pass"
    alike = table(names, 40).replace(b'name="T"', b'name="DiaSource"')
    assert one("a.vot", alike, ALERTS).effect == "pass"
    # And a score beside them is not one of them.
    scored = parquet(**{name: [1.5] * 40 for name in [*names, "score"]})
    assert one("DiaSource.parquet", scored, ALERTS + ddp("DiaSource.score")).effect == "pass"
    scored = table([*names, "score"], 40).replace(b'name="T"', b'name="DiaSource"')
    assert one("a.vot", scored, ALERTS + ddp("DiaSource.score")).effect == "pass"


def avro(fields, record):
    schema = {"type": "record", "name": "a", "fields": fields}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    made = io.BytesIO()
    container.write(made, parse_schema(schema), [out.getvalue()] * 3)
    return made.getvalue()


def test_bytes_that_nobody_explains_may_be_an_image():
    data = avro(
        [{"name": "blob", "type": "bytes"}, {"name": "x", "type": "double"}], {"blob": b"1", "x": 1.5}
    )
    found = verdicts(one("a.avro", data, ddp()))
    assert found == {"blob": ("redact", "P25"), "x": ("pass", "P15")}


# Copies

RELEASE = f'[[field]]\npath = ["T.r_kronMag", "r_kronMag"]\n{DP1}'
MANIFEST = RELEASE + ddp("T.score", "score", "score[]")


def rows_of(count, score):
    return [{"r_kronMag": 20 + n * 0.0717, "score": score(20 + n * 0.0717, n)} for n in range(count)]


def as_votable(rows):
    body = "".join(f"<TR><TD>{row['r_kronMag']!r}</TD><TD>{row['score']!r}</TD></TR>" for row in rows)
    head = table(["r_kronMag", "score"], 0, 'datatype="double"').decode()
    return head.replace("<TABLEDATA>", f"<TABLEDATA>{body}").encode()


def as_avro(rows, type_="double"):
    fields = [{"name": "r_kronMag", "type": type_}, {"name": "score", "type": "double"}]
    schema = {"type": "record", "name": "a", "fields": fields}
    made, data = io.BytesIO(), []
    for row in rows:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), row)
        data.append(out.getvalue())
    container.write(made, parse_schema(schema), data)
    return made.getvalue()


FORMS = {
    "a.vot": as_votable,
    "a.json": lambda rows: json.dumps(rows).encode(),
    "lines.json": lambda rows: b"\n".join(json.dumps(row).encode() for row in rows),
    "text.json": lambda rows: json.dumps(
        [{**row, "score": json.dumps([row["score"]])} for row in rows]
    ).encode(),
    "a.avro": as_avro,
}
SCORES = {
    "the same": lambda mag, n: mag,
    "rounded": lambda mag, n: round(mag, 3),
    "as a flux": lambda mag, n: 10 ** ((31.4 - mag) / 2.5),
    "with a few of its own": lambda mag, n: mag if n % 3 else n / 7,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("score", SCORES)
def test_a_column_that_repeats_a_withheld_one_is_refused(form, score):
    target = one(form, FORMS[form](rows_of(20, SCORES[score])), MANIFEST)
    found = {v.name: v for v in target.verdicts}
    copy, *_ = [v for v in target.verdicts if v.decision.rule == "copied-value"]
    assert copy.name in ("T.score", "score")
    assert (copy.decision.effect, copy.advice) == ("refuse", "Leave it out.")
    assert found[copy.name.replace("score", "r_kronMag")].decision.effect == "redact"


@pytest.mark.parametrize("form", FORMS)
def test_a_score_of_its_own_is_none(form):
    target = one(form, FORMS[form](rows_of(20, lambda mag, n: n / 21)), MANIFEST)
    assert {v.decision.rule for v in target.verdicts} == {"default-deny", "derived"}


def test_a_narrow_number_is_found_in_a_wide_one():
    rows = [{**row, "score": round(row["r_kronMag"], 5)} for row in rows_of(20, lambda mag, n: 0.5)]
    rules = {v.name: v.decision.rule for v in one("a.avro", as_avro(rows, "float"), MANIFEST).verdicts}
    assert rules["score"] == "copied-value"


def test_people_who_may_see_the_number_may_see_the_copy():
    data = FORMS["a.json"](rows_of(20, SCORES["the same"]))
    assert one("a.json", data, MANIFEST, HOLDERS).effect == "pass"


def test_some_first_rows_are_enough(monkeypatch):
    monkeypatch.setattr(copied, "MAX_ROWS", 3)
    data = FORMS["a.json"](rows_of(20, lambda mag, n: mag if n < 3 else n / 21))
    assert one("a.json", data, MANIFEST).effect == "refuse"


# Objects

COUNTED = {
    "a.vot": lambda count: table(["class"], count),
    "nrows.vot": lambda count: table(["class"], 0).replace(b'name="T"', b'name="T" nrows="%d"' % count),
    "a.parquet": lambda count: parquet(**{"class": ["a"] * count}),
    "a.fits": lambda count: fits_table(("class", "E", numpy.zeros(count)), rows=count),
    "a.json": lambda count: json.dumps([{"class": 1}] * count).encode(),
    "inner.json": lambda count: json.dumps({"rows": [{"class": 1}] * count}).encode(),
    "lines.json": lambda count: b'{"class": 1}\n' * count,
    "a.avro": lambda count: _records(count),
}


def _records(count):
    schema = parse_schema({"type": "record", "name": "a", "fields": [{"name": "class", "type": "int"}]})
    made = io.BytesIO()
    container.write(made, schema, [b"\x02"] * count)
    return made.getvalue()


@pytest.mark.parametrize("name", COUNTED)
def test_a_table_about_many_objects_is_a_catalogue(name):
    few, many = (one(name, COUNTED[name](count), ddp(), profile=DEFAULT) for count in (1000, 1001))
    assert few.effect == "pass"
    assert {v.decision.rule for v in many.found} == {"ddp-of-many-objects"}
    # A table has fewer objects than rows, perhaps; never more.
    declared = [
        one(name, COUNTED[name](1001), ddp(more=f"objects = {n}\n"), profile=DEFAULT) for n in (40, 2000)
    ]
    assert [target.effect for target in declared] == ["pass", "refuse"]


def test_where_nobody_knows_how_many_it_can_be_declared():
    schema = b"tables: [{name: T, columns: [{name: class}]}]"
    (verdict,) = one("a.yaml", schema, ddp(), profile=DEFAULT).verdicts
    assert (verdict.decision.rule, verdict.decision.effect) == ("ddp-of-many-objects", "refuse")
    assert verdict.advice.endswith("If it is about few objects, declare how many: objects.")
    assert one("a.yaml", schema, ddp(more="objects = 1000\n"), profile=DEFAULT).effect == "pass"


def test_what_a_broker_added_to_a_packet_is_about_one_object(tmp_path):
    alert = simulated("lsst/11.0")[0]
    declaration = dict(alert.schema.json)
    declaration["fields"] = [*declaration["fields"], {"name": "score", "type": "double"}]
    out = io.BytesIO()
    container.write(out, parse_schema(declaration), [alert.payload + bytes(8)] * 2)
    # With the profile's thousand made one.
    profile = (resources.policy() / f"{DEFAULT}.toml").read_text().replace("objects > 1000", "objects > 1")
    (tmp_path / "own.toml").write_text(profile)
    target = one("a.avro", out.getvalue(), ALERTS + ddp("score"), profile=str(tmp_path / "own.toml"))
    assert (target.effect, target.packets) == ("pass", 2)


def test_a_votable_says_more_than_its_columns():
    data = votable(("ra",)).replace(b"<RESOURCE", b"<COOSYS ID='a' system='ICRS'/>loose words<RESOURCE").replace(
        b"<DATA>", b"<DATA>loose<!-- x -->"
    ) + b"<?sorted by=mag?>"  # fmt: skip
    data = data.replace(
        b"</DESCRIPTION><VALUES>", b"</DESCRIPTION><!-- inside --><LINK href='https://a:b@c.org'/><VALUES>"
    )
    found = verdicts(one("t.vot", data, 'origin = "user"'))
    assert {
        "t.#text",
        "DiaSource.#comment",
        "t.#comment",
        "DiaSource.ra (comment)",
        "DiaSource.ra (LINK)",
    } <= set(found)
    assert not any("COOSYS" in name for name in found)
