"""Files of every format that `gateway policy check` reads, with values planted wherever a format can hold one.

No value may reach a report: `CANARY` and `NUMBER` stand in cells, statistics, descriptions, metadata and addresses.
"""

import io
import json
from functools import cache

import numpy
import pyarrow
import pyarrow.parquet
from alerts import simulated
from astropy.io import fits
from voevents import EVERYTHING

from gateway.codecs import alert_json, confluent, single_object
from gateway.codecs.container import MAGIC, write
from gateway.schema.parse import parse_schema
from gateway.schema.raw import write_varint

CANARY = "canary-5ec7e7"
NUMBER = 27182.8125
DIGITS = ("27182", "2.7182")


def votable(columns=("ra", "score"), table="DiaSource", extra=""):
    fields = "".join(
        f'<FIELD name="{name}" datatype="double"><DESCRIPTION>{CANARY}</DESCRIPTION>'
        f'<VALUES><MIN value="{NUMBER}"/><MAX value="{NUMBER}"/></VALUES></FIELD>\n'
        for name in columns
    )
    cells = f"<TD>{NUMBER}</TD>" * len(columns)
    return (
        '<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/>\n<INFO name="QUERY" value="{CANARY}"/>\n'
        f'<!-- {CANARY} -->\n<TABLE name="{table}"><DESCRIPTION>{CANARY}</DESCRIPTION>\n'
        f'<PARAM name="limit" datatype="double" value="{NUMBER}"/>\n{fields}{extra}'
        f"<DATA><TABLEDATA><TR>{cells}</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n"
    ).encode()


def fits_file():
    out = io.BytesIO()
    image = fits.ImageHDU(numpy.full((4, 4), NUMBER), name="SCI")
    image.header["DATAMAX"] = NUMBER
    image.header["HISTORY"] = CANARY
    image.header["OBSERVER"] = CANARY
    table = fits.BinTableHDU.from_columns(
        [fits.Column("ra", "D", array=[NUMBER]), fits.Column("id", "20A", array=[CANARY])], name="DiaSource"
    )
    table.header["TDMAX1"] = NUMBER
    table.header["COMMENT"] = CANARY
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(out)
    return out.getvalue() + CANARY.encode().ljust(2880)


def parquet(columns=("ra", "score"), metadata=True):
    arrays = {name: [NUMBER, NUMBER + 1] for name in columns} | {"rows": [[{"flux": NUMBER}], []]}
    table = pyarrow.table(arrays)
    if metadata:
        table = table.replace_schema_metadata({CANARY: CANARY})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def avsc():
    """A schema with values where Avro lets them be (L06)."""
    return json.dumps(
        {
            "type": "record",
            "name": "alert",
            "namespace": "broker",
            "doc": CANARY,
            "fields": [
                {"name": "ra", "type": "double", "default": NUMBER, "doc": CANARY, "aliases": ["a"], "hint": CANARY},
                {"name": "rows", "type": {"type": "array", "items": {"type": "record", "name": "row", "fields": [
                    {"name": "flux", "type": ["null", "float"], "default": None, "doc": CANARY}
                ]}}},
            ],
        }
    ).encode()  # fmt: skip


def container_with_metadata():
    """A container of the schema above, with an entry of its own in the header."""
    schema = parse_schema({"type": "record", "name": "a", "fields": [{"name": "x", "type": "string"}]})
    out = io.BytesIO()
    write(out, schema, [write_varint(len(CANARY)) + CANARY.encode()])
    entry = write_varint(len("note")) + b"note" + write_varint(len(CANARY)) + CANARY.encode()
    return MAGIC + write_varint(1) + entry + out.getvalue()[len(MAGIC) :]


def felis():
    return (
        f"---\nname: dp9\ndescription: {CANARY}\ntables:\n- name: Object\n  columns:\n  - name: ra\n"
        f'    description: {CANARY}\n    datatype: double\n  - name: "g_kronFlux"\n    value: {NUMBER}\n'
    ).encode()


def plain_json():
    return json.dumps(
        {
            "id": CANARY,
            "scores": [{"class": CANARY, "value": NUMBER}],
            "by id": {CANARY + " 1": {"flux": NUMBER}},
            "note": json.dumps({"hidden": NUMBER}),
            "link": f"https://data.lsst.cloud/x?token={CANARY}",
        }
    ).encode()


def tableset():
    return (
        '<tableset xmlns="http://www.ivoa.net/xml/VODataService/v1.1"><schema><name>dp9</name><table>'
        f"<name>dp9.Object</name><description>{CANARY}</description><column><name>ra</name>"
        f"<description>{CANARY}</description></column></table></schema></tableset>"
    ).encode()


def links():
    return (
        f"# {CANARY}\nhttps://data.lsst.cloud/api/tap/{CANARY}\n\nhttps://a:{CANARY}@example.org/\n"
        f"https://bucket.example.org/x?X-Amz-Signature={CANARY}\n"
    ).encode()


def voevent():
    return EVERYTHING["2.1"].replace(b"</What>", b'<Param name="leak" value="%b"/></What>' % CANARY.encode())


@cache
def files():
    """Name -> bytes, one of each format or form."""
    alert = simulated()[0]
    out = io.BytesIO()
    write(out, alert.schema, [found.payload for found in simulated()], "deflate")
    return {
        "alerts.avro": out.getvalue(),
        "alert.confluent": confluent.frame(alert.schema, alert.payload),
        "alert.single": single_object.frame(alert.schema, alert.payload),
        "alert.json": alert_json.encode(alert),
        "other.avro": container_with_metadata(),
        "broker.avsc": avsc(),
        "event.xml": voevent(),
        "table.vot": votable(),
        "tables.xml": tableset(),
        "table.parquet": parquet(),
        "image.fits": fits_file(),
        "data.json": plain_json(),
        "dp9.yaml": felis(),
        "links.txt": links(),
    }
