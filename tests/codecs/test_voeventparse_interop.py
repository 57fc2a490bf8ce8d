"""gateway.codecs.voeventparse_interop: to and from voevent-parse (VOEvent 2.0, Python < 3.12)."""

import sys

import pytest
from voevents import EVERYTHING, real_packets

from gateway.codecs import voevent
from gateway.codecs.voeventparse_interop import from_voeventparse, to_voeventparse
from gateway.errors import ConversionError, SettingsError
from gateway.model.voevent import Group, Param


@pytest.fixture
def voeventparse():
    if sys.version_info >= (3, 12):
        pytest.skip("voevent-parse 1.0.3 does not run on Python 3.12 and later")
    return pytest.importorskip("voeventparse", reason="voevent-parse is not installed")


def test_everything_goes_there_and_back(voeventparse):
    event = voevent.decode(EVERYTHING["2.0"])
    root = to_voeventparse(event)
    voeventparse.assert_valid_as_v2_0(root)
    assert from_voeventparse(root) == event


def test_voeventparse_reads_what_we_wrote(voeventparse):
    event = voevent.decode(EVERYTHING["2.0"])
    root = to_voeventparse(event)
    groups = {group.name: group for group in event.what.items if isinstance(group, Group)}
    theirs = voeventparse.get_grouped_params(root)
    assert {name: {p.name: p.value for p in group.params} for name, group in groups.items()} == {
        name: {param: values["value"] for param, values in group.items()} for name, group in theirs.items()
    }


def test_we_read_what_voeventparse_built(voeventparse):
    root = voeventparse.Voevent("example.org/alerts", "1", voeventparse.definitions.roles.test)
    root.What.append(voeventparse.Param("mag", 19.5, unit="mag", ucd="phot.mag"))
    root.What.append(voeventparse.Group([voeventparse.Param("n", 3)], name="g"))
    before = voeventparse.dumps(root)
    event = from_voeventparse(root)
    assert (event.ivorn, event.role) == ("ivo://example.org/alerts#1", "test")
    assert event.what.items == (
        Param("mag", "19.5", "phot.mag", "mag", "float"),
        Group("g", items=(Param("n", "3", data_type="int"),)),
    )
    assert voeventparse.dumps(root) == before


def test_real_packets_go_there_and_back(voeventparse, shared):
    for name, data in real_packets(shared):
        event = voevent.decode(data)
        if event.version == "2.0":
            root = to_voeventparse(event)
            assert voeventparse.valid_as_v2_0(root), name
            assert from_voeventparse(root) == event, name


def test_other_versions_are_refused():
    with pytest.raises(ConversionError, match="convert it first"):
        to_voeventparse(voevent.decode(EVERYTHING["2.1"]))


@pytest.mark.parametrize(
    "call", [lambda: to_voeventparse(voevent.decode(EVERYTHING["2.0"])), lambda: from_voeventparse(None)]
)
def test_without_voeventparse_the_error_says_what_to_install(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "voeventparse", None)
    with pytest.raises(SettingsError, match=r"voevent-gateway\[voevent-parse\]") as caught:
        call()
    assert caught.value.code == "settings-missing"
