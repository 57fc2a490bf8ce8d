"""Sessions do what the table says, however their bytes were cut on the way, and no bytes make them raise anything."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from strategies import damages
from vtp_cases import (
    BROKER,
    EVENT,
    IVORN,
    MESSAGES,
    OTHER,
    SESSIONS,
    SUBSCRIBER,
    Case,
    Message,
    author,
    broadcaster,
    event,
    lost,
    receiver,
    subscriber,
    wall,
)

from gateway import resources
from gateway.errors import ConversionError, VTPError
from gateway.vtp import Author, Broadcaster, Frames, Packet, Receiver, Subscriber, frame, read
from gateway.vtp.broadcaster import outgoing
from gateway.vtp.events import Alive, Close, Delivered, Event, Receipt, Received, Send, Undelivered, Wanted
from gateway.vtp.session import Session, _mistake

Cut = Callable[[bytes], Iterator[bytes]]
ROLES = (Author, Receiver, Broadcaster, Subscriber)


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def by_byte(data: bytes) -> Iterator[bytes]:
    yield from (data[place : place + 1] for place in range(len(data)))


def received(session: Session, chunks: Iterator[bytes], now: float) -> list[Event]:
    return [event for chunk in chunks for event in session.receive(chunk, now)]


def played(case: Case, cut: Cut, lines: int | None = None) -> tuple[Session, float]:
    """A session after the first lines of its case, each of which gave what is expected."""
    session, packets, at = case.start(), [], 0.0
    for at, what, expected in case.lines[:lines]:
        of_peer = isinstance(what, bytes)
        events = received(session, cut(what), at) if of_peer else what(session, packets, at)
        assert events == expected
        packets += [event.packet for event in events if isinstance(event, Received)]
    return session, at


@pytest.mark.parametrize("cut", [whole, by_byte])
@pytest.mark.parametrize("case", SESSIONS, ids=str)
def test_the_table(case: Case, cut: Cut) -> None:
    session, now = played(case, cut)
    over = any(
        what is lost or any(isinstance(event, Close) for event in events) for _, what, events in case.lines
    )
    assert (session.state == "closed") == over
    assert (session.next_timer() is None) == (session.state == "closed")
    assert session.tick(now) == []


@pytest.mark.parametrize("case", SESSIONS, ids=str)
def test_a_piece_of_the_next_message_changes_nothing(case: Case) -> None:
    for number, (at, what, expected) in enumerate(case.lines):
        if not isinstance(what, bytes) or not expected:  # without events it is not a whole message
            continue
        session, _ = played(case, whole, number)
        events = session.receive(what + frame(EVENT)[:7], at)
        # Only a receiver waits for what is on its way before it closes.
        stays = isinstance(session, Receiver) and session.state == "reading"
        assert events == (expected[:-1] if stays and isinstance(expected[-1], Close) else expected)


def test_all_of_each_table_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[type[Session], set[tuple[str, str]]] = {role: set() for role in ROLES}
    happens = Session._happens

    def noted(self: Session, what: str, about: object, now: float) -> list[Event]:
        seen[type(self)].add((self.state, what))
        return happens(self, what, about, now)

    monkeypatch.setattr(Session, "_happens", noted)
    for case in SESSIONS:
        played(case, whole)
    for role in ROLES:
        steps = {key for key, (action, _) in role.STEPS.items() if action and action is not _mistake}
        assert steps - seen[role] == set()


def test_what_we_send_is_whole_readable_and_valid() -> None:
    xsd = etree.XMLSchema(etree.parse(resources.schemas() / "voevent" / "Transport-v1.1.xsd"))
    sent = [e.data for case in SESSIONS for _, _, events in case.lines for e in events if isinstance(e, Send)]
    assert len(sent) > 30
    for data in sent:
        frames = Frames()
        (payload,) = frames.receive(data)
        assert frames.pending == 0
        assert isinstance(read(payload), Packet) or xsd.validate(etree.fromstring(payload)), payload


def test_the_four_roles_talk_to_each_other() -> None:
    downstream, here = subscriber(filters=("//Who",)), broadcaster()
    asks, news = here.opened(0), downstream.opened(0)
    (answer,) = downstream.receive(asks[0].data, 0)
    assert here.receive(answer.data, 0) == [Wanted(("//Who",), None, SUBSCRIBER)]
    (sent,) = here.send(outgoing(EVENT, IVORN), 1)
    (news,) = downstream.receive(sent.data, 1)
    assert news.packet.payload == EVENT
    (ack,) = downstream.answer(news.packet, 1)
    assert here.outstanding == 1
    assert here.receive(ack.data, 1) == [Receipt("ack", IVORN)]
    assert here.outstanding == 0
    (asked,) = here.tick(61)
    (answer, alive) = downstream.receive(asked.data, 61)
    assert alive == Alive(BROKER)
    assert here.receive(answer.data, 61) == [Alive(BROKER, SUBSCRIBER)]

    writer, broker = author(), receiver()
    broker.opened(0)
    (sent,) = writer.opened(0)
    (news,) = broker.receive(sent.data, 0)
    ack, done = broker.answer(news.packet, 0)
    assert done == Close()
    assert writer.receive(ack.data, 0) == [Delivered(Receipt("ack", IVORN)), Close()]


def test_one_event_is_the_same_bytes_for_all_subscribers() -> None:
    ready = outgoing(EVENT, IVORN)
    sessions = [broadcaster() for _ in range(3)]
    for session in sessions:
        session.opened(0)
    assert all(session.send(ready, 1)[0] is ready.send for session in sessions)


@pytest.mark.parametrize("role", ROLES)
def test_each_state_knows_what_to_do_about_everything(role: type[Session]) -> None:
    states = {state for state, _ in role.STEPS}
    names = {what for _, what in role.STEPS}
    assert set(role.STEPS) == {(state, what) for state in states for what in names}
    assert {after for _, after in role.STEPS.values() if after} <= states
    common = "opened ack nak iamalive authenticate other voevent unreadable broken timer flood lost close"
    assert set(common.split()) <= names


def test_a_mistake_of_the_program_is_one() -> None:
    session = receiver()
    with pytest.raises(RuntimeError, match="a Receiver that is new"):
        session.receive(frame(EVENT), 0)
    session.opened(0)
    with pytest.raises(RuntimeError, match="a Receiver that is reading"):
        session.opened(0)
    packets = [news.packet for news in session.receive(frame(EVENT) * 3, 0)]
    for packet in (packets[1], packets[0]):
        session.answer(packet, 0)
        with pytest.raises(RuntimeError, match="answered once"):
            session.answer(packet, 0)


def test_what_cannot_be_said_is_an_error_at_the_start() -> None:
    for start in (Receiver, Broadcaster, Subscriber):
        with pytest.raises(ConversionError):
            start("ivo://a.b/\0")
    with pytest.raises(ConversionError):
        Subscriber(SUBSCRIBER, filters=("//\ud800",))
    with pytest.raises(VTPError, match="can be sent"):
        Subscriber(SUBSCRIBER, filters=("x" * 100_000,))
    with pytest.raises(VTPError, match="can be sent"):
        Author(b"")


def test_the_time_of_day_is_utc_to_the_second() -> None:
    (sent,) = Broadcaster(BROKER, wall=wall).opened(0)
    assert b"<TimeStamp>2026-02-14T05:14:31Z</TimeStamp>" in sent.data


# Any bytes

SEEDS = [
    *(frame(message.document) for message in MESSAGES),
    *(frame(document) for document in (EVENT, OTHER, event(version="1.1"), b"<html/>", b"]]>")),
    frame(event(around="<!-- <VOEvent> -->{}<!-- </voe:VOEvent> -->")),
    frame(event().decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"GET / HTTP/1.1\r\n\r\n",
]
STREAMS = st.lists(
    st.sampled_from(SEEDS)
    | st.binary(max_size=12)
    | st.tuples(st.sampled_from(SEEDS), damages()).map(lambda pair: pair[1](pair[0]))
    | st.tuples(st.sampled_from(SEEDS), damages()).map(lambda pair: frame(pair[1](pair[0][4:]) or b"x")),
    max_size=6,
).map(b"".join)
STARTS = (author, receiver, broadcaster, subscriber)


@settings(max_examples=300)
@given(st.sampled_from(STARTS), STREAMS, st.data())
def test_no_bytes_make_a_session_raise(
    start: Callable[[], Session], stream: bytes, data: st.DataObject
) -> None:
    session, now = start(), 0.0
    events = session.opened(now)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    for first, last in pairwise([0, *places, len(stream)]):
        now += data.draw(st.sampled_from([0, 1, 25, 200]))
        events += session.receive(stream[first:last], now)
        for news in [e for e in events if isinstance(e, Received)][:3]:
            if data.draw(st.booleans()) and isinstance(session, Subscriber):
                events += session.answer(news.packet, now)
        if isinstance(session, Broadcaster) and data.draw(st.booleans()):
            events += session.send(outgoing(EVENT, IVORN), now)
        events += session.tick(now)
        assert session._frames.pending <= len(stream)
    events += session.lost(now)
    assert session.state == "closed"
    assert session.next_timer() is None
    # After the end there is only silence, and it comes once.
    ends = [place for place, e in enumerate(events) if isinstance(e, Close)]
    assert len(ends) <= 1
    assert not ends or ends[0] == len(events) - 1
    if isinstance(session, Author):
        assert len([e for e in events if isinstance(e, (Delivered, Undelivered))]) == 1


@settings(max_examples=200)
@given(st.sampled_from(STARTS), STREAMS, st.data())
def test_the_cuts_do_not_matter(start: Callable[[], Session], stream: bytes, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    one, other = start(), start()
    one.opened(0)
    other.opened(0)
    at_once = one.receive(stream, 0)
    in_pieces = [e for a, b in pairwise([0, *places, len(stream)]) for e in other.receive(stream[a:b], 0)]
    if isinstance(one, Receiver):
        # Where nothing more is on its way it closes, and that depends on the cut.
        at_once, in_pieces = at_once[: len(in_pieces)], in_pieces[: len(at_once)]
        if in_pieces and isinstance(in_pieces[-1], Close):
            at_once, in_pieces = at_once[:-1], in_pieces[:-1]
    assert [repr(e) for e in at_once] == [repr(e) for e in in_pieces]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_nothing_that_a_peer_wrote_is_in_a_repr(message: Message) -> None:
    session = broadcaster()
    session.opened(0)
    told = repr(session.receive(frame(message.document), 0)) + repr(read(message.document))
    for text in (IVORN, BROKER, SUBSCRIBER, "//a", "reject"):
        assert text not in told
