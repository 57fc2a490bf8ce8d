"""Attacks on the way of an alert (L01 to L35): a planted value is in nothing that leaves, in no form and no error.

Attacks on VOEvents are in test_events.py, test_elements.py and test_signs.py, on stamps in test_cutout.py, on tokens
and groups in test_idtoken.py and test_principal.py, on clocks in test_moment.py, on catalogues and files in
tests/compliance, on XML in tests/test_safexml.py. Filters (L18, L19) are not there yet, nor are their attacks.
"""

import io
import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import fastavro
import pytest
from alerts import changed, simulated, withholding

from gateway.batch import Job, run
from gateway.codecs import container
from gateway.conversion import TARGETS, Converter
from gateway.errors import GatewayError
from gateway.mapping.settings import DETAILS, Settings
from gateway.model.alert import Alert, Framing
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.proof.record import Proof
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.project import values_of
from gateway.transports.files import Declared, of_stream

CANARY = "s3ntinel-4711"
NUMBER = 4242.4246
RELEASED = registry.get("lsst/11.0")
JSON = cast(dict[str, Any], RELEASED.json)
FOUND = next(found for found in simulated("lsst/11.0", cutouts="real") if values_of(found)["prvDiaSources"])
ALERT = Provenance(Origin.ALERT)


def seen(item: Alert, policy: Policy | None = None) -> bytes:
    """Everything that anybody can see of what the gateway makes of an alert, or says when it does not."""
    found: list[bytes] = []
    for to in TARGETS:
        for detail in DETAILS:
            converter = Converter(to, Settings(detail=detail), policy, prove=True)
            try:
                output = converter.convert(item)
            except GatewayError as error:
                found += [f"{error} {error!r} {error.where} {error.__dict__}".encode(), pickle.dumps(error)]
                continue
            assert isinstance(output.proof, Proof)
            found += [output.data, f"{output} {output.losses} {output.stem} {output.ivorn}".encode()]
            found += [repr(output.proof.fields()).encode()]
    return b"\n".join(found)


def hidden(data: bytes) -> bool:
    """Whether neither the planted text nor the planted number is in these bytes."""
    texts = (CANARY.encode(), b"4242.42", struct.pack("<f", NUMBER), struct.pack("<d", NUMBER))
    return not any(text in data for text in texts)


def with_schema(edit: Callable[[dict[str, Any]], None], values: dict[str, Any], name: str) -> Alert:
    """A packet in a schema that is the released one, edited, under a name."""
    schema = json.loads(json.dumps(JSON)) | {"name": name}
    edit(schema)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), values_of(FOUND) | values)
    return Alert(parse_schema(schema), out.getvalue(), Framing("container", "null"), ALERT)


def more_fields(*names: str) -> Alert:
    def edit(schema: dict[str, Any]) -> None:
        schema["fields"] += [{"name": name, "type": "string"} for name in names]
        schema["fields"].append({"name": "flux", "type": "float"})

    return with_schema(edit, dict.fromkeys(names, CANARY) | {"flux": NUMBER}, "lsst.v11_9.alert")


def nested() -> Alert:
    def edit(schema: dict[str, Any]) -> None:
        source = next(f["type"] for f in schema["fields"] if f["name"] == "diaSource")
        source["fields"].append({"name": "extra", "type": ["null", "string"], "default": None})
        schema["fields"].append({"name": "xm", "type": {"type": "map", "values": "string"}})

    values = values_of(FOUND)
    for source in (values["diaSource"], *values["prvDiaSources"]):
        source["extra"] = CANARY
    return with_schema(edit, values | {"xm": {CANARY: CANARY}}, "lsst.v11_1.alert")


def switched() -> Alert:
    def edit(schema: dict[str, Any]) -> None:
        source = next(f["type"] for f in schema["fields"] if f["name"] == "diaSource")
        next(f for f in source["fields"] if f["name"] == "psfFlux")["type"] = ["null", "float", "string"]

    values = values_of(FOUND)
    values["diaSource"]["psfFlux"] = CANARY
    return with_schema(edit, values, "lsst.v11_0.alert")


def unreachable() -> Alert:
    def edit(schema: dict[str, Any]) -> None:
        field = {"name": "ssObject", "type": ["null", {
            "type": "record", "name": "ssObject", "namespace": "lsst.v11_0",
            "fields": [{"name": "designation", "type": "string"}, {"name": "arc", "type": "double"}],
        }]}  # fmt: skip
        schema["fields"].append(field)

    return with_schema(edit, {"ssObject": {"designation": CANARY, "arc": NUMBER}}, "lsst.v11_0.alert")


def labelled(origin: Origin, release: str | None) -> Alert:
    return replace(changed(FOUND, target_name=CANARY.encode()), provenance=Provenance(origin, release))


def edited(key: str, edit: Callable[[dict[str, Any]], None]) -> Alert:
    found = FOUND if key == "lsst/11.0" else next(f for f in simulated(key) if values_of(f)["prv_candidates"])
    values = values_of(found)
    edit(values)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(cast(Any, found.schema.json)), values)
    return replace(found, payload=out.getvalue(), provenance=ALERT)


def other_stamp(values: dict[str, Any]) -> None:
    other = next(f for f in simulated("lsst/11.0", count=9, cutouts="real") if f.payload != FOUND.payload)
    stamp = bytearray(values_of(other)["cutoutScience"])
    stamp[-2880:] = (struct.pack(">f", NUMBER) * 720)[:2880]
    values["cutoutScience"] = bytes(stamp)


ATTACKS: dict[str, tuple[str, Callable[[], Alert]]] = {
    "L01": (
        "A field is renamed, or spelled a little otherwise.",
        lambda: more_fields("myflux", "RA", "psf_Flux"),
    ),
    "L02": ("A row of DP2 has none but public names.", lambda: labelled(Origin.DATA_RELEASE, "dp2")),
    "L02-prompt": ("So has a row of a prompt visit.", lambda: labelled(Origin.PROMPT_VISIT, None)),
    "L03": ("A value hides in a row of an array, or as a key or value of a map.", nested),
    "L04": ("A version to come has a field more.", lambda: more_fields("brandNew")),
    "L05": ("A record that the released packet does not reach is in the packet.", unreachable),
    "L08": ("A number has become a text.", switched),
    "L12": (
        "Something stands behind the last image of a stamp.",
        lambda: edited("lsst/11.0", lambda v: v.update(cutoutScience=v["cutoutScience"] + CANARY.encode())),
    ),
    "L13": ("The stamp is that of another object.", lambda: edited("lsst/11.0", other_stamp)),
    "L13-png": (
        "The stamp is a picture with a comment.",
        lambda: edited(
            "lsst/11.0", lambda v: v.update(cutoutTemplate=b"\x89PNG\r\n\x1a\n" + CANARY.encode())
        ),
    ),
    "P06": (
        "A row of the database is put into the history.",
        lambda: edited(
            "lsst/11.0",
            lambda v: (
                v["prvDiaSources"].append(
                    v["prvDiaSources"][0]
                    | {
                        "midpointMjdTai": v["diaSource"]["midpointMjdTai"] - 800,
                        "psfFlux": NUMBER,
                        "band": CANARY,
                    }
                )
                or v["diaObject"].update(nDiaSources=v["diaObject"]["nDiaSources"] + 1)
            ),
        ),
    ),
    "P07": (
        "A row more than the object has is in the history.",
        lambda: edited(
            "lsst/11.0", lambda v: v["prvDiaSources"].append(v["prvDiaSources"][0] | {"psfFlux": NUMBER})
        ),
    ),
    "L31": (
        "A satellite is in the stream.",
        lambda: edited(
            "lsst/11.0", lambda v: v.update(target_name=CANARY) or v["diaSource"].update(trailLength=13.0)
        ),
    ),
    "L34": (
        "Rows of a partner are in a public candidate's history.",
        lambda: edited(
            "ztf/4.02", lambda v: v["prv_candidates"][0].update(programid=2, programpi=CANARY, magpsf=NUMBER)
        ),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_planted_value_is_in_nothing_that_leaves(attack: str) -> None:
    _, make = ATTACKS[attack]
    item = make()
    assert not hidden(item.payload) or attack in ("L13", "L31")
    assert hidden(seen(item))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nor_is_it_in_what_a_batch_keeps_of_what_it_refused(attack: str) -> None:
    """L20: a folder of rejects is a dead letter."""
    item = ATTACKS[attack][1]()
    out = io.BytesIO()
    container.write(out, item.schema, [item.payload])
    origin = item.provenance.origin
    job = Job("voevent", Settings(detail="full"), Declared(origin, origin, item.provenance.release))
    (result,) = run(of_stream("-", io.BufferedReader(io.BytesIO(out.getvalue()))), job)
    assert hidden(result.data)
    assert hidden(f"{result} {result.error!r}".encode())


def test_what_the_writer_says_beside_the_data_stays_behind() -> None:
    """L06: documentation, defaults and aliases of the schema, and the container's own metadata."""
    schema = json.loads(json.dumps(JSON)) | {
        "doc": CANARY,
        "aliases": [CANARY.replace("-", "_")],
        "note": CANARY,
    }
    schema["fields"][0] |= {"doc": CANARY}
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), [values_of(FOUND)], metadata={"by": CANARY})
    assert not hidden(out.getvalue())
    (found,) = container.read(io.BytesIO(out.getvalue()), ALERT)
    assert isinstance(found, Alert)
    assert hidden(seen(found))
    again = io.BytesIO()
    container.write(again, found.schema, [Policy().release(found).item.payload])
    assert hidden(again.getvalue())


def test_a_key_that_the_schema_does_not_have_is_in_no_form() -> None:
    """L07: fastavro drops it, JSON does not."""
    data = json.loads(Converter("json").convert(FOUND).data)
    data["record"]["extra"] = CANARY
    (result,) = run(
        of_stream("-", io.BufferedReader(io.BytesIO(json.dumps(data).encode()))),
        Job("voevent", Settings(detail="full"), Declared()),
    )
    assert result.output is None
    assert hidden(f"{result.error} {result.error!r}".encode())


@pytest.mark.parametrize(
    "path", ["diaSource.raErr", "diaSource.midpointMjdTai", "diaSource.psfFlux", "prvDiaSources[].band"]
)
def test_values_that_are_withheld_make_no_difference(path: str) -> None:
    """L26, L27: neither length nor anything derived from it tells what was withheld."""
    policy = withholding([path])
    record, _, name = path.partition(".")

    def put(value: Any) -> Alert:
        def edit(values: dict[str, Any]) -> None:
            for row in values["prvDiaSources"] if record.endswith("[]") else [values[record]]:
                row[name] = value

        return edited("lsst/11.0", edit)

    one, other = ("r", "a much longer text") if name == "band" else (1.5, 60_000.123)
    for to in TARGETS:
        for detail in DETAILS:
            made = [
                Converter(to, Settings(detail=detail), policy).convert(put(value)) for value in (one, other)
            ]
            assert made[0].data == made[1].data
            assert made[0].stem == made[1].stem
            assert made[0].losses == made[1].losses


def test_identifiers_of_public_alerts_are_not_withheld() -> None:
    """L35: that somebody with rights can look an id up elsewhere is no reason to hide it."""
    made = Policy().release(FOUND)
    assert made.whole
    values = values_of(made.item)
    event = Converter("voevent", Settings(detail="full")).convert(FOUND).data
    for number in (values["diaSourceId"], values["diaObject"]["diaObjectId"]):
        assert str(number).encode() in event
