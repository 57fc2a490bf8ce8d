"""Places that no reader of a format shows, and that are in the file all the same (L06, L10 to L12, L15).

The owner declared all of it to be a product that may be shared, so that nothing but what hides there is withheld.
"""

import io
import json

import astropy.io.fits
import numpy
import pyarrow
import pyarrow.parquet
import pytest
from checking import one

from gateway.policy.profile import DEFAULT

LINK = "https://data.lsst.cloud/api/tap?token=c4n4ryc4n4ry"
NAME = "LSST-DP2-DO-123456789012345678"
DDP = 'origin = "ddp"\nobjects = 1\nderivation = {from = [{origin = "alert"}], responsible = "us", why = "a score"}\n'
DDP = f'[[field]]\npath = ["**"]\n{DDP}'


def votable(
    field="", inside="", table="", before="", resource="", cells="<TD>1</TD>", top="", data="", behind=""
):
    return (
        f'<?xml version="1.0"?>{top}<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="http://www.ivoa.net/xml/VOTable/v1.3 http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"{resource}>{before}<TABLE name="T"{table}>'
        f'<FIELD name="ra" datatype="double" ucd="pos.eq.ra;meta.main" unit="deg" ID="c1"{field}>{inside}</FIELD>'
        f"<DATA>{data}<TABLEDATA><TR>{cells}</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>{behind}"
    ).encode()


VOTABLES = {
    "UCD of a column": votable(field=f' xtype="{NAME}"'),
    "an attribute of a column that no VOTable has": votable(field=f' note="{LINK}"'),
    "a namespace": votable(field=f' xmlns:q="{LINK}"'),
    "an attribute of a table": votable(table=f' utype="{LINK}"'),
    "an attribute of a resource": votable(resource=f' name="{NAME}"'),
    "an attribute of a system": votable(before=f'<COOSYS ID="{NAME}" system="ICRS"/>'),
    "a text in a system": votable(before=f'<TIMESYS ID="t">{LINK}</TIMESYS>'),
    "an element in a system": votable(before=f'<TIMESYS ID="t"><x>{LINK}</x></TIMESYS>'),
    "a comment in a system": votable(before=f'<TIMESYS ID="t"><!-- {LINK} --></TIMESYS>'),
    "a reference": votable(before=f'<GROUP><FIELDref ref="{NAME}"/></GROUP>'),
    "a group": votable(before=f'<GROUP ucd="{LINK}"/>'),
    "a cell in no column": votable(cells=f"<TD>1</TD><TD>{LINK}</TD>"),
    "an attribute of a cell": votable(cells=f'<TD encoding="{LINK}">1</TD>'),
    "an attribute of a row": votable(cells=f'<TD>1</TD></TR><TR ID="{NAME}"><TD>1</TD>'),
    "an element in a row": votable(cells=f"<TD>1</TD><X>{LINK}</X>"),
    "an element beside the rows": votable(data=f'<X y="{LINK}"/>'),
    "an instruction": votable(top=f"<?x {LINK}?>"),
    "a comment behind it": votable(behind=f"<!-- {LINK} -->"),
}


@pytest.mark.parametrize("place", VOTABLES)
def test_places_in_a_votable(place):
    assert one("a.vot", VOTABLES[place], DDP, profile=DEFAULT).found


def test_an_ordinary_votable_shows_its_columns_and_nothing_else():
    systems = (
        '<COOSYS ID="s" system="ICRS" epoch="J2000"/><TIMESYS ID="t" timeorigin="MJD-origin" timescale="TAI"'
        ' refposition="TOPOCENTER"/><GROUP name="g"><FIELDref ref="c1"/></GROUP>'
    )
    data = votable(before=systems, field=' ref="s" utype="stc:AstroCoords.Position2D.Value2.C1"')
    target = one("a.vot", data, "")
    assert [verdict.name for verdict in target.verdicts] == ["T.ra"]
    assert target.error is None


# FITS


def fits(change=lambda hdus: None, behind=b""):
    out = io.BytesIO()
    table = astropy.io.fits.BinTableHDU.from_columns(
        [astropy.io.fits.Column("ra", "D", array=[1.0])], name="T"
    )
    hdus = astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), table])
    change(hdus)
    hdus.writeto(out)
    return out.getvalue() + behind


def hdu(*cards, data=b""):
    text = b"".join(card.ljust(80).encode() for card in (*cards, "END"))
    return text.ljust(-(-len(text) // 2880) * 2880) + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def extension(kind, size, *cards, pcount=0):
    """An extension with data that are full of addresses."""
    return fits(
        behind=hdu(
            f"XTENSION= '{kind:8}'", "BITPIX  = 8", "NAXIS   = 2", f"NAXIS1  = {size}", "NAXIS2  = 1",
            f"PCOUNT  = {pcount}", "GCOUNT  = 1", *cards, data=(LINK.encode() * 100)[: size + pcount],
        )
    )  # fmt: skip


def filled(place):
    """A file in which an address stands so many bytes behind the end of its last header, or before that of the file."""
    data = bytearray(fits())
    at = data.index(b"END     ", 2880) + place if place > 0 else len(data) + place
    data[at : at + len(LINK)] = LINK.encode()
    return bytes(data)


FITS = {
    "a card without a keyword": fits(lambda hdus: hdus[1].header.add_blank(LINK)),
    "the comment of a card": fits(lambda hdus: hdus[1].header.set("DATE", "2026-01-01", NAME)),
    "a unit": fits(lambda hdus: hdus[1].header.set("TUNIT1", LINK)),
    "a date": fits(lambda hdus: hdus[0].header.set("DATE", LINK)),
    "a card of its own": fits(lambda hdus: hdus[0].header.set("HIERARCH some thing", LINK)),
    "the name of an extension": fits(lambda hdus: hdus[1].header.set("EXTNAME", NAME)),
    "an extension that nobody knows": extension("FOREIGN", 5000),
    "an image without sides": fits(
        behind=hdu(
            "XTENSION= 'IMAGE   '",
            "BITPIX  = 8",
            "NAXIS   = 0",
            "PCOUNT  = 70",
            "GCOUNT  = 1",
            data=LINK.encode() * 2,
        )
    ),
    "a table without columns": extension("BINTABLE", 2000, "TFIELDS = 0"),
    "rows longer than their columns": extension("BINTABLE", 2000, "TFIELDS = 1", "TFORM1  = '1D      '"),
    "a heap to which no column leads": extension(
        "BINTABLE", 8, "TFIELDS = 1", "TFORM1  = 'D       '", pcount=2000
    ),
}


@pytest.mark.parametrize("place", FITS)
def test_places_in_a_fits_file(place):
    assert one("a.fits", FITS[place], DDP, profile=DEFAULT).found


@pytest.mark.parametrize("place", [100, -200])
def test_what_fills_up_a_block_is_listed(place):
    assert "T.#filling" in {verdict.name for verdict in one("a.fits", filled(place), "").verdicts}


def test_an_ordinary_fits_file_shows_its_columns_and_nothing_else():
    out = io.BytesIO()
    lists = numpy.array([numpy.zeros(3), numpy.zeros(2)], dtype=object)
    columns = [
        astropy.io.fits.Column("ra", "D", unit="deg", array=[1.0, 2.0]),
        astropy.io.fits.Column("name", "7A", array=["a", "b"]),
        astropy.io.fits.Column("bits", "11X", array=numpy.zeros((2, 11), bool)),
        astropy.io.fits.Column("curve", "PE()", array=lists),
    ]
    hdus = [
        astropy.io.fits.PrimaryHDU(),
        astropy.io.fits.BinTableHDU.from_columns(columns, name="T"),
        astropy.io.fits.TableHDU.from_columns([astropy.io.fits.Column("dec", "F8.3", array=[1.0])], name="A"),
    ]
    hdus[1].header.add_blank()
    astropy.io.fits.HDUList(hdus).writeto(out, checksum=True)
    target = one("a.fits", out.getvalue(), "")
    assert [verdict.name for verdict in target.verdicts] == ["T.ra", "T.name", "T.bits", "T.curve", "A.dec"]
    assert target.error is None


# Parquet


def parquet(table):
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, write_statistics=False)
    return out.getvalue()


def of_pandas(**more):
    """A table with what pandas 2 says of its columns."""
    column = {
        "name": "ra",
        "field_name": "ra",
        "pandas_type": "float64",
        "numpy_type": "float64",
        "metadata": None,
    }
    said = {
        "index_columns": [{"kind": "range", "name": None, "start": 0, "stop": 1, "step": 1}],
        "column_indexes": [{**column, "name": None, "field_name": None, "metadata": {"encoding": "UTF-8"}}],
        "columns": [column],
        "attributes": {},
        "creator": {"library": "pyarrow", "version": "21.0.0"},
        "pandas_version": "2.3.1",
    }
    return pyarrow.table({"ra": [1.0]}).replace_schema_metadata({"pandas": json.dumps(said | more)})


NESTED = pyarrow.struct(
    [pyarrow.field("x", pyarrow.list_(pyarrow.field("y", pyarrow.float64(), metadata={"d": LINK})))]
)
PARQUETS = {
    "what a user gave pandas to keep": of_pandas(attributes={"from": LINK}),
    "what pandas says of columns": of_pandas(columns=[LINK]),
    "an entry that only looks like pandas'": of_pandas().replace_schema_metadata({"pandas": LINK}),
    "a field in a field in a field": pyarrow.table({"s": pyarrow.array([{"x": [1.0]}], NESTED)}),
    "the name of a column": pyarrow.table({NAME: [1.0]}),
}


@pytest.mark.parametrize("place", PARQUETS)
def test_places_in_a_parquet_file(place):
    assert one("a.parquet", parquet(PARQUETS[place]), DDP, profile=DEFAULT).found


def test_what_pandas_writes_shows_its_columns_and_nothing_else():
    target = one("a.parquet", parquet(of_pandas()), "")
    assert [verdict.name for verdict in target.verdicts] == ["a.ra"]


# Schemas and JSON


def avsc(type_="double", field=(), **record):
    fields = [{"name": "ra", "type": type_} | dict(field)]
    return json.dumps({"type": "record", "name": "a", "fields": fields} | record).encode()


WORDS = {"doc": LINK}
OTHERS = {
    "the version of a schema": ("a.avsc", avsc(version=LINK)),
    "a logical type": ("a.avsc", avsc({"type": "double", "logicalType": LINK})),
    "an array": ("a.avsc", avsc({"type": "array", "items": "double"}, WORDS)),
    "the type of an array": ("a.avsc", avsc({"type": "array", "items": "double"} | WORDS)),
    "a map of arrays": ("a.avsc", avsc({"type": "map", "values": {"type": "array", "items": "int"}}, WORDS)),
    "a key": ("a.json", json.dumps({NAME: 1}).encode()),
    "a key of a map": ("a.json", json.dumps({"a": {LINK: 1}}).encode()),
    "a description in Felis": (
        "a.yaml",
        f'---\nname: a\ntables:\n- name: T\n  columns:\n  - name: x\n    description: "{LINK}"\n'.encode(),
    ),
    "the description of a Felis schema": (
        "a.yaml",
        f'---\nname: a\ndescription: "{LINK}"\ntables:\n- name: T\n  columns:\n  - name: x\n'.encode(),
    ),
    "a description in VOSI": (
        "a.xml",
        f"<tableset><schema><table><name>T</name><column><name>x</name><description>{LINK}</description></column>"
        "</table></schema></tableset>".encode(),
    ),
}


@pytest.mark.parametrize("place", OTHERS)
def test_places_in_schemas_and_json(place):
    assert one(*OTHERS[place], DDP, profile=DEFAULT).found


def test_what_has_nothing_hidden_passes():
    for name, data in (
        ("a.vot", votable()),
        ("a.fits", fits()),
        ("a.parquet", parquet(of_pandas())),
        ("a.avsc", avsc({"type": "array", "items": "double"}, {"doc": "a score"}, version="1.0")),
        ("a.json", b'{"score": {"12 a": 1}}'),
        ("a.yaml", b"---\nname: a\ntables:\n- name: T\n  columns:\n  - name: x\n    description: a score\n"),
    ):
        assert not one(name, data, DDP, profile=DEFAULT).found
