"""The plugin in a real Comet: what breaks a rule is refused, what is withheld stays, the rest goes on byte for byte."""

import subprocess
import sys

import pytest
from interop.peers import comet, comet_sendvo, comet_with, need, pygcn_listen
from interop.process import running
from voevents import EVERYTHING

from gateway.errors import GatewayError, PolicyError, VTPError
from gateway.vtp.transport import Transport, write

PLUGIN = ("--gateway", "--gateway-origin=external", "--gateway-strict=yes")


@pytest.fixture(scope="module")
def dropin():
    """The folder that has to be in the search path, as the documentation has users ask for it."""
    need("comet")
    command = [sys.executable, "-m", "gateway.transports.vtp.comet_plugin"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def with_(document, element):
    """The event with one more thing in What. Comet's XSD allows it."""
    before, end, after = document.partition(b"</What>")
    assert end
    return before + element + end + after


def invalid(document):
    """A table whose row has more cells than there are fields: the standard's text forbids it."""
    row = b"<TR><TD>1</TD><TD>2</TD></TR>"
    return with_(document, b'<Table><Field name="one"/><Data>' + row + b"</Data></Table>")


def partly_withheld(document):
    """An address that is not for the public."""
    return with_(document, b'<Reference uri="https://data.lsst.cloud/api/cutout?id=1"/>')


def send(folder, port, document):
    """The exit code of Comet's author, and what it says."""
    file = folder / "event.xml"
    file.write_bytes(document)
    with comet_sendvo(folder, port, file) as author:
        return author.ended(), author.text


def test_an_author_is_refused_with_the_reason_and_only_good_events_go_on(tmp_path, packets, files, dropin):
    (ivorn, good), (_, bad), (_, closed), *_ = packets
    with (
        comet(tmp_path / "comet", receive=True, broadcast=True, options=PLUGIN, path=[dropin]) as broker,
        pygcn_listen(tmp_path / "pygcn", broker.broadcast) as listener,
    ):
        for _ in range(2):  # what is refused is not remembered: not "Previously seen"
            code, said = send(tmp_path, broker.receive, invalid(bad))
            assert code != 0
            assert "[vtp-invalid]" in said
        code, said = send(tmp_path, broker.receive, partly_withheld(closed))
        assert code != 0
        assert "[policy-withheld]" in said
        assert "lsst.cloud" not in said
        assert send(tmp_path, broker.receive, good)[0] == 0
        assert send(tmp_path, broker.receive, bad)[0] == 0  # mended
        assert sorted(broker.events(2)) == sorted([good, bad])
        assert listener.events([ivorn]) == [good]


def test_without_it_comet_takes_the_same_events(tmp_path, packets):
    (_, bad), (_, closed), *_ = packets
    with comet(tmp_path / "comet", receive=True) as broker:
        assert send(tmp_path, broker.receive, invalid(bad))[0] == 0
        assert send(tmp_path, broker.receive, partly_withheld(closed))[0] == 0


def test_what_another_broker_sends_passes_the_gate_too(tmp_path, packets, dropin):
    (_, good), (_, bad), (_, closed), *_ = packets
    with (
        comet(tmp_path / "upstream", receive=True, broadcast=True) as upstream,
        comet(
            tmp_path / "comet", broadcast=True, remotes=[upstream.broadcast], options=PLUGIN, path=[dropin]
        ) as broker,
    ):
        for document in (invalid(bad), partly_withheld(closed), good):
            assert send(tmp_path, upstream.receive, document)[0] == 0
        assert broker.events(1) == [good]
        broker.program.said(r"Event rejected .*\[vtp-invalid\]")
        broker.program.said(r"Event rejected .*\[policy-withheld\]")
        upstream.program.said("Ack received", 3)  # it is not made to hang up
        assert broker.events(1) == [good]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--gateway"], "policy-provenance"),
        (["--gateway", "--gateway-origin=elsewhere"], "An origin is one of"),
        (["--gateway", "--gateway-origin=external", "--gateway-policy=nothing"], "no such profile"),
        (["--gateway", "--gateway-origin=external", "--gateway-strict=perhaps"], "yes or no"),
    ],
)
def test_comet_does_not_start_with_less_than_it_needs(tmp_path, dropin, options, reason):
    with running(
        comet_with(tmp_path, ["--receive", "--receive-port=0", *options]), tmp_path, dropin
    ) as program:
        assert program.ended() == 1
        program.said(reason)


def test_the_gate_passes_what_comet_may_send_as_it_is(packets):
    need("comet")
    from gateway.transports.vtp.comet_plugin import Gate

    gate = Gate("external")
    for _, document in packets:
        gate(document)
    newer = EVERYTHING["2.0"].replace(b"VOEvent/v2.0", b"VOEvent/v2.1").replace(b'="2.0"', b'="2.1"')
    for document in (newer, EVERYTHING["2.1"]):  # one that 2.0 can say, and one that it cannot
        with pytest.raises(VTPError, match="VTP-04"):
            gate(document)
    _, broken = packets[0]
    gate(invalid(broken))
    with pytest.raises(VTPError, match="VE-24"):
        Gate("external", strict="yes")(invalid(broken))
    with pytest.raises(GatewayError, match=r"\[xml-"):
        gate(b"<VOEvent")
    with pytest.raises(VTPError, match="vtp-unexpected"):
        gate(write(Transport("iamalive", "ivo://org.example/broker", "2026-11-24T00:00:00Z")))
    with pytest.raises(PolicyError, match="policy-withheld"):
        Gate("ppdb")(packets[0][1])
