"""Every event that is made is a valid VOEvent: by our schemas, by every rule of the standard, and by Xerces."""

from functools import cache
from itertools import cycle
from pathlib import Path

import pytest
from alerts import KEYS, alert, changed, opened, real_lsst, released, samples, simulated
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from judges import XERCES_MISSING, xerces_validate
from lxml import etree
from strategies import payloads

from gateway.codecs import voevent
from gateway.codecs.voevent.check import check
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.model.avrotype import nullable
from gateway.schema import registry

XSDS = Path(__file__).parents[2] / "schemas" / "voevent"
URL = "https://example.org/{id}/{name}.fits?a=1&b=2"
MATRIX = [
    Settings(version=version, detail=detail, **more)
    for version in ("2.0", "2.1")
    for detail, more in (
        ("core", {"cite": "all", "classify": True}),
        ("history", {"cutout_url": URL, "reprocessed": True, "role": "test"}),
        ("full", {"cite": "latest", "authority": "org.example.x", "stream": "a/b"}),
    )
]

EMPTY_IS_NULL = "VE-27"
"""An empty cell of a nullable integer column, of which the Field says so; a reader of the standard reads 0."""


@cache
def xsd(version):
    return etree.XMLSchema(etree.parse(XSDS / f"VOEvent-v{version}.xsd"))


def complaints(data):
    """What lxml and the rules say of a document, errors and warnings alike."""
    tree = etree.fromstring(data)
    schema = xsd(tree.get("version"))
    found = [] if schema.validate(tree) else [str(schema.error_log)]
    return found + [
        f"{one.severity} {one.code} {one.path} {one.message}"
        for one in check(data)
        if one.code != EMPTY_IS_NULL and str(one.severity) != "note"
    ]


def assert_good(found, chosen):
    data = Minter(chosen).mint(released(found)).data
    assert complaints(data) == []
    # The writer's form is a fixed point.
    event = voevent.decode(data)
    assert voevent.encode(event) == data
    assert voevent.decode(voevent.encode(event)) == event
    return data


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("lsst")])
def test_samples(key):
    for chosen in MATRIX[:2] + MATRIX[4:]:
        assert_good(samples()[key], chosen)


@pytest.mark.parametrize("key", KEYS)
def test_simulated(key):
    for found, chosen in zip(simulated(key, 3, "image"), cycle(MATRIX)):
        assert_good(found, chosen)


def test_real_lsst(lsst_container):
    for found, chosen in zip(real_lsst(lsst_container), cycle(MATRIX)):
        assert_good(found, chosen)


def test_real_ztf(ztf_containers):
    for data in ztf_containers.values():
        for chosen in MATRIX:
            assert_good(opened(data)[0], chosen)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=4, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(data=st.data())
def test_whatever_a_schema_allows(key, data):
    found = alert(key, data.draw(payloads(registry.get(key))))
    assert_good(found, data.draw(st.sampled_from(MATRIX)))


@pytest.mark.skipif(XERCES_MISSING is not None, reason=str(XERCES_MISSING))
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_xerces(version, tmp_path, request):
    alerts = [found for key in KEYS for found in simulated(key, 1, "image")] + list(samples().values())
    if (Path(__file__).parents[3] / "shared").is_dir():
        alerts += real_lsst(request.getfixturevalue("lsst_container"))
        alerts += [opened(data)[0] for data in request.getfixturevalue("ztf_containers").values()]
    files = []
    for number, (found, chosen) in enumerate(zip(alerts, cycle(MATRIX))):
        document = tmp_path / f"{number}.xml"
        if chosen.version == version:
            document.write_bytes(Minter(chosen).mint(released(found)).data)
            files.append(document)
    assert len(files) > 15
    assert {
        file: found
        for file, found in xerces_validate(XSDS / f"VOEvent-v{version}.xsd", files).items()
        if found
    } == {}


@pytest.mark.parametrize("key", KEYS)
def test_columns_that_may_be_null_say_so(key):
    """VE-27 has a remedy: people can read that empty is null."""
    found = simulated(key, 1, "none")[0]
    array, record = next(
        (field.name, nullable(field.type)[0].items)
        for field in found.schema.root.fields
        if field.name in ("prvDiaSources", "prv_candidates")
    )
    plain = {"float": bytes(4), "double": bytes(8), "string": b"x", "boolean": b"\0"}
    row = [
        None if (kind := nullable(field.type))[1] else plain.get(kind[0].name, b"\0")
        for field in record.fields
    ]
    data = Minter(Settings(detail="history")).mint(released(changed(found, **{array: [row]}))).data
    table = next(table for table in etree.fromstring(data).iter("Table") if table.get("name") == array)
    (cells,) = table.iter("TR")
    for column, cell in zip(table.findall("Field"), cells, strict=True):
        if column.get("dataType") == "int" and not cell.text:
            assert column.findtext("Description") == "empty = null"
    assert complaints(data) == []
