"""`gateway vtp send` to a broker that is not ours: Comet takes it byte for byte, and what it refuses we report."""

import json

from interop.ours import OURS
from interop.peers import comet, free_port, pygcn_listen
from interop.process import running

SEND = (*OURS, "vtp", "send")


def test_comet_takes_our_events_and_pygcn_gets_them_from_it(tmp_path, packets, files):
    documents = [document for _, document in packets]
    with (
        comet(tmp_path / "comet", receive=True, broadcast=True) as broker,
        pygcn_listen(tmp_path / "pygcn", broker.broadcast) as listener,
        running([*SEND, "--to", f"127.0.0.1:{broker.receive}", *files], tmp_path) as ours,
    ):
        assert ours.ended() == 0, ours.text
        assert sorted(broker.events(len(files))) == sorted(documents)
        assert listener.events([ivorn for ivorn, _ in packets]) == documents
    ours.said(f"^{len(files)} delivered to 127.0.0.1:{broker.receive}.$")


def test_what_comet_has_already_counts_as_delivered(tmp_path, files):
    with comet(tmp_path / "comet", receive=True) as broker:
        to = ["--to", f"127.0.0.1:{broker.receive}", "--json"]
        for result in ("delivered", "duplicate"):
            with running([*SEND, *to, files[0]], tmp_path) as ours:
                assert ours.ended() == 0, ours.text
                assert json.loads(ours.said("^{")[0].string)["result"] == result


def test_what_comet_refuses_is_not_sent_again(tmp_path, files):
    invalid = tmp_path / "invalid.xml"
    invalid.write_bytes(files[0].read_bytes().replace(b"<Who>", b"<Who><Nobody/>", 1))
    with (
        comet(tmp_path / "comet", receive=True) as broker,
        running([*SEND, "--to", f"127.0.0.1:{broker.receive}", invalid, files[1]], tmp_path) as ours,
    ):
        assert ours.ended() == 1, ours.text
        assert broker.events(1) == [files[1].read_bytes()]
        assert sum("New connection" in line for line in broker.program.lines) == 2
    ours.said(r"vtp-refused.* The broker says: .*Nobody.*not expected")
    ours.said("^1 delivered .*, 1 refused")


def test_a_larger_event_than_comet_takes_is_announced_and_fails(tmp_path, files):
    large = tmp_path / "large.xml"
    large.write_bytes(files[0].read_bytes().replace(b"<Who>", b" " * 100_000 + b"<Who>", 1))
    with (
        comet(tmp_path / "comet", receive=True) as broker,
        running([*SEND, "--to", f"127.0.0.1:{broker.receive}", "--attempts", 1, large], tmp_path) as ours,
    ):
        assert ours.ended() == 2, ours.text
    ours.said("Comet and others take no more than 99999")
    ours.said("vtp-lost")


def test_a_broker_that_is_not_there_is_said_once(tmp_path, files):
    with running([*SEND, "--to", f"127.0.0.1:{free_port()}", "--attempts", 2, *files], tmp_path) as ours:
        assert ours.ended() == 2, ours.text
    ours.said("The broker cannot be reached")
    assert len([line for line in ours.lines if "vtp-unreachable" in line]) == 1
