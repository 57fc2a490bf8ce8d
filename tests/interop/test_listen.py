"""`gateway vtp listen` with brokers that are not ours: Comet and pygcn send, we keep what they sent byte for byte."""

import json

from interop.ours import OURS
from interop.peers import comet, comet_sendvo, pygcn_serve
from interop.process import running


def listening(folder, *arguments):
    """Our subscriber; a number among its arguments is a port on loopback."""
    words = [f"127.0.0.1:{word}" if isinstance(word, int) else word for word in arguments]
    return running([*OURS, "vtp", "listen", *words], folder)


def kept(folder):
    return sorted(file.read_bytes() for file in folder.glob("*"))


def test_events_of_comet_are_kept_byte_for_byte(tmp_path, packets, files):
    documents = [document for _, document in packets]
    with (
        comet(tmp_path / "comet", receive=True, broadcast=True) as broker,
        listening(tmp_path, broker.broadcast, "--out-dir", "kept", f"--count={len(documents)}") as ours,
    ):
        ours.said("connected")
        broker.program.said("Authentication received")
        for file in files:
            with comet_sendvo(tmp_path, broker.receive, file) as author:
                assert author.ended() == 0
        assert ours.ended() == 0, ours.text
        broker.program.said("Ack received", len(documents))
    assert kept(tmp_path / "kept") == sorted(documents)
    assert [line.split()[2] for line in ours.lines if "ivo://" in line] == [ivorn for ivorn, _ in packets]


def test_comet_filters_for_us(tmp_path, packets, files):
    (ivorn, document), *_ = packets
    options = ["--filter", f"/*[@ivorn='{ivorn}']", "--count=1", "--json"]
    with (
        comet(tmp_path / "comet", receive=True, broadcast=True) as broker,
        listening(tmp_path, broker.broadcast, *options) as ours,
    ):
        broker.program.said("Installing filter")
        for file in sorted(files, key=lambda file: file.read_bytes() == document):
            with comet_sendvo(tmp_path, broker.receive, file) as author:
                assert author.ended() == 0
        assert ours.ended() == 0, ours.text
    (heard,) = (json.loads(line) for line in ours.lines if line.startswith("{"))
    assert (heard["ivorn"], heard["bytes"]) == (ivorn, len(document))


def test_two_brokers_are_one_and_each_event_is_handled_once(tmp_path, packets, files):
    documents = [document for _, document in packets]
    with (
        comet(tmp_path / "one", receive=True, broadcast=True) as one,
        comet(tmp_path / "two", broadcast=True, remotes=[one.broadcast]) as two,
        listening(tmp_path, one.broadcast, two.broadcast, "--out-dir", "kept") as ours,
    ):
        ours.said("connected", 2)
        one.program.said("New subscriber", 2)
        two.program.said("New subscriber")
        for file in files:
            with comet_sendvo(tmp_path, one.receive, file) as author:
                assert author.ended() == 0
        for broker in (one, two):
            broker.program.said("Ack received", len(files))
        ours.process.terminate()
        assert ours.ended() == 0, ours.text
    assert kept(tmp_path / "kept") == sorted(documents)
    ours.said(f"^{len(documents)} events, 0 refused, {len(files)} repeated")


def test_pygcn_serves_us_and_a_broker_that_comes_back_is_heard_again(tmp_path, packets, files):
    documents = [document for _, document in packets][:2]
    chosen = [file for file in files if file.read_bytes() in documents]
    with (
        pygcn_serve(tmp_path, chosen) as (server, port),
        listening(tmp_path, port, "--out-dir", "kept") as ours,
    ):
        ours.said("ivo://", len(documents))
        assert kept(tmp_path / "kept") == sorted(documents)
        server.end()
        ours.said("next attempt")
        with pygcn_serve(tmp_path, chosen, port):
            ours.said("connected", 2)
        ours.process.terminate()
        assert ours.ended() == 0, ours.text
    assert kept(tmp_path / "kept") == sorted(documents)


def test_a_command_gets_each_event(tmp_path, packets, files):
    (_, document), *_ = packets
    chosen = [file for file in files if file.read_bytes() == document]
    with (
        pygcn_serve(tmp_path, chosen) as (_, port),
        listening(tmp_path, port, "--exec", "tee copy", "--count=1") as ours,
    ):
        assert ours.ended() == 0, ours.text
    assert (tmp_path / "copy").read_bytes() == document
