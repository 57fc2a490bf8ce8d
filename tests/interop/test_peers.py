"""Comet and pygcn among themselves: that the peers work as these tests need them, without anything of ours."""

from interop.peers import comet, comet_sendvo, pygcn_listen, pygcn_serve


def test_an_event_goes_through_comet_to_comet_and_pygcn(tmp_path, packets, files):
    with (
        comet(tmp_path / "upstream", receive=True, broadcast=True) as broker,
        comet(tmp_path / "downstream", remotes=[broker.broadcast]) as downstream,
        pygcn_listen(tmp_path / "pygcn", broker.broadcast) as listener,
    ):
        broker.program.said("New subscriber", 2)
        for file in files:
            with comet_sendvo(tmp_path, broker.receive, file) as author:
                assert author.ended() == 0, author.text
        documents = [document for _, document in packets]
        assert sorted(broker.events(len(files))) == sorted(documents)
        assert sorted(downstream.events(len(files))) == sorted(documents)
        assert listener.events([ivorn for ivorn, _ in packets]) == documents


def test_pygcn_serves_comet(tmp_path, packets, files):
    with (
        pygcn_serve(tmp_path, files[:2]) as (_, port),
        comet(tmp_path / "downstream", remotes=[port]) as downstream,
    ):
        assert sorted(downstream.events(2)) == sorted(document for _, document in packets[:2])
