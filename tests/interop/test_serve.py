"""Our broker between peers that are not ours: what Comet's author sends comes to Comet, pygcn and us byte for byte."""

import json

from interop.ours import OURS, serving
from interop.peers import comet, comet_sendvo, pygcn_listen
from interop.process import running


def test_our_broker_serves_comet_and_pygcn_and_ourselves(tmp_path, packets, files):
    documents = [document for _, document in packets]
    with serving(tmp_path / "ours") as (broker, receive, broadcast):
        listen = [*OURS, "vtp", "listen", f"127.0.0.1:{broadcast}", "--json"]
        with (
            comet(tmp_path / "comet", remotes=[broadcast]) as downstream,
            pygcn_listen(tmp_path / "pygcn", broadcast) as listener,
            running(listen, tmp_path) as ours,
        ):
            downstream.program.said("Authenticate received")
            ours.said("connected")
            for file in files:
                with comet_sendvo(tmp_path, receive, file) as author:
                    assert author.ended() == 0, author.text + broker.text
            assert sorted(downstream.events(len(files))) == sorted(documents)
            assert listener.events([ivorn for ivorn, _ in packets]) == documents
            heard = [json.loads(line.string)["ivorn"] for line in ours.said('"ivorn"', len(files))]
            assert heard == [ivorn for ivorn, _ in packets]


def test_what_our_author_sends_twice_is_delivered_twice_and_heard_once(tmp_path, packets, files):
    send = [*OURS, "vtp", "send", *files]
    with serving(tmp_path / "ours") as (_, receive, broadcast):
        listen = [*OURS, "vtp", "listen", f"127.0.0.1:{broadcast}", "--out-dir", "kept"]
        with running(listen, tmp_path) as ours:
            ours.said("connected")
            for _ in range(2):
                with running([*send, "--to", f"127.0.0.1:{receive}"], tmp_path) as author:
                    assert author.ended() == 0, author.text
                    author.said(f"^{len(files)} delivered")
            ours.said("ivo://", len(files))
            ours.process.terminate()
            assert ours.ended() == 0
    assert sorted(file.read_bytes() for file in (tmp_path / "kept").glob("*")) == sorted(
        d for _, d in packets
    )
    ours.said(f"^{len(files)} events, 0 refused$")
