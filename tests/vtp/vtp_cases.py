"""What the peers of the VOEvent Transport Protocol say, as two tables.

`MESSAGES`  documents and the values they are read as; those of ours are also written so
`SESSIONS`  for each role, what comes in or is commanded and what comes of it

A line of a session is a moment in seconds, what happens at it, and the events that are expected. What happens is
bytes of the peer or a command, a function of the session and the packets that it has given so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.errors import GatewayError, VTPError
from gateway.vtp import Author, Broadcaster, Packet, Receiver, Subscriber, Transport, frame, read, write
from gateway.vtp.broadcaster import MAX_ASKED, outgoing
from gateway.vtp.events import (
    Alive,
    Close,
    Delivered,
    Event,
    Ignored,
    Receipt,
    Received,
    Send,
    Told,
    Undelivered,
    Wanted,
)
from gateway.vtp.receiver import MAX_UNANSWERED
from gateway.vtp.session import MAX_IGNORED, Session

BROKER, SUBSCRIBER, STAMP = "ivo://broker.org/vtp", "ivo://subscriber.org/vtp", "2026-02-14T05:14:31Z"
IVORN = "ivo://example.org/alerts?170591234567890123"
FAR = "http://telescope-networks.org"


def wall() -> datetime:
    return datetime(2026, 2, 14, 5, 14, 31, 250_000, tzinfo=UTC)


def event(ivorn: str = IVORN, version: str = "2.0", around: str = "{}") -> bytes:
    """A small VOEvent; `around` is what stands around the element."""
    element = (
        f'<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v{version}" ivorn="{ivorn}" role="test"'
        f' version="{version}"><Who><Date>2026-02-14T05:14:31</Date></Who></voe:VOEvent>'
    )
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + around.format(element)).encode()


EVENT = event()
OTHER = event("ivo://example.org/alerts?2")
PACKET = read(EVENT)

# Messages


@dataclass(frozen=True)
class Message:
    """A document and its value; `ours` when we write it so."""

    name: str
    document: bytes
    value: Transport
    ours: bool = False

    def __str__(self) -> str:
        return self.name


def _ours(role: str, inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<trn:Transport xmlns:trn="http://www.telescope-networks.org/xml/Transport/v1.1"'
        f' role="{role}" version="1.0">{inside}</trn:Transport>'
    ).encode()


def _comet(role: str, *lines: str) -> bytes:
    inside = "".join(f"  {line}\n" for line in lines)
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<trn:Transport xmlns:trn="http://www.telescope-networks.org/xml/Transport/v1.1"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0"'
        f' xsi:schemaLocation="{FAR}/schema/Transport/v1.1'
        f' http://www.telescope-networks.org/schema/Transport-v1.1.xsd" role="{role}">\n{inside}</trn:Transport>\n'
    ).encode()


def _pygcn(role: str, origin: str) -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><trn:Transport role=\"{role}\" version=\"1.0\""
        f' xmlns:trn="{FAR}/schema/Transport/v1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{FAR}/schema/Transport/v1.1 {FAR}/schema/Transport-v1.1.xsd">'
        f"<Origin>{origin}</Origin><Response>ivo://python_voeventclient/anonymous</Response>"
        "<TimeStamp>2026-02-14T05:14:31.123456</TimeStamp></trn:Transport>"
    ).encode()


def _in_namespace(namespace: str) -> bytes:
    return (
        f'<Transport {namespace} role="iamalive" version="1.0"><Origin>{BROKER}</Origin>'
        f"<TimeStamp>{STAMP}</TimeStamp></Transport>"
    ).encode()


_ALIVE = Transport("iamalive", BROKER, STAMP)
_ORIGIN, _RESPONSE = f"<Origin>{IVORN}</Origin>", f"<Response>{SUBSCRIBER}</Response>"
_TIME = f"<TimeStamp>{STAMP}</TimeStamp>"
_ACK = Transport("ack", IVORN, STAMP, SUBSCRIBER)
_NAMESPACES = (
    f'xmlns="{FAR}/schema/Transport/v1.1"',
    f'xmlns="{FAR}/xml/Transport/v1.1"',
    'xmlns="http://www.telescope-networks.org/xml/Transport/v1.1"',
    'xmlns="http://www.telescope-networks.org/schema/Transport/v1.1"',
    'xmlns="http://ivoa.net/xml/Transport/v1.1"',
    'xmlns="urn:whatever"',
    "",
)

MESSAGES = (
    Message("our iamalive", _ours("iamalive", f"<Origin>{BROKER}</Origin>{_TIME}"), _ALIVE, ours=True),
    Message("our ack", _ours("ack", _ORIGIN + _RESPONSE + _TIME), _ACK, ours=True),
    Message(
        "our nak",
        _ours("nak", f"{_ORIGIN}{_RESPONSE}{_TIME}<Meta><Result>a &lt; b &amp;\n c&#13;</Result></Meta>"),
        Transport("nak", IVORN, STAMP, SUBSCRIBER, result="a < b &\n c\r"),
        ours=True,
    ),
    Message(
        "our filters",
        _ours(
            "authenticate",
            f"<Origin>{BROKER}</Origin>{_RESPONSE}{_TIME}<Meta>"
            '<Param name="xpath-filter" value="//Who[Date&gt;&quot;2&quot;]&#10;"/>'
            '<Param name="xpath-filter" value="//é"/><Param name="voevent-version" value="2.1"/></Meta>',
        ),
        Transport(
            "authenticate",
            BROKER,
            STAMP,
            SUBSCRIBER,
            (("xpath-filter", '//Who[Date>"2"]\n'), ("xpath-filter", "//é"), ("voevent-version", "2.1")),
        ),
        ours=True,
    ),
    Message(
        "an old filter",
        _ours(
            "authenticate",
            _ORIGIN
            + _RESPONSE
            + _TIME
            + '<Meta><filter type="xpath">//a</filter><filter type="sql">b</filter></Meta>',
        ),
        Transport("authenticate", IVORN, STAMP, SUBSCRIBER, filters=("//a",)),
    ),
    Message("Comet's iamalive", _comet("iamalive", f"<Origin>{BROKER}</Origin>", _TIME), _ALIVE),
    Message("Comet's ack", _comet("ack", _ORIGIN, _RESPONSE, _TIME), _ACK),
    Message(
        "Comet's nak",
        _comet("nak", _ORIGIN, _RESPONSE, _TIME, "<Meta>", "  <Result>Event rejected</Result>", "</Meta>"),
        Transport("nak", IVORN, STAMP, SUBSCRIBER, result="Event rejected"),
    ),
    Message(
        "Comet has no filter",
        _comet("authenticate", _ORIGIN, _TIME, "<Meta/>"),
        Transport("authenticate", IVORN, STAMP),
    ),
    Message(
        "pygcn's ack",
        _pygcn("ack", IVORN),
        Transport("ack", IVORN, "2026-02-14T05:14:31.123456", "ivo://python_voeventclient/anonymous"),
    ),
    Message(
        "pygcn's ack with an escape",
        _pygcn("ack", "ivo://a.b/c?d&amp;e"),
        Transport(
            "ack", "ivo://a.b/c?d&e", "2026-02-14T05:14:31.123456", "ivo://python_voeventclient/anonymous"
        ),
    ),
    *(Message(f"namespace {name or 'none'}", _in_namespace(name), _ALIVE) for name in _NAMESPACES),
    Message(
        "white space, comments, CDATA, any order",
        b"\xef\xbb\xbf<Transport role='ack'><!-- Origin --><TimeStamp>\n a <!-- b -->c</TimeStamp><?x y?>"
        b"<Origin> <![CDATA[ivo://a&b]]>&#160;\t</Origin><Origin>second</Origin></Transport><!-- end -->",
        Transport("ack", "ivo://a&b\u00a0", "a c", version=""),
    ),
    Message(
        "a role that nobody knows",
        b'<Transport role="hello" version="2"/>',
        Transport("hello", "", "", version="2"),
    ),
    Message("no role, nothing", b"<Transport/>", Transport("", "", "", version="")),
    Message(
        "UTF-16",
        '<?xml version="1.0" encoding="UTF-16"?><Transport role="nak"/>'.encode("utf-16"),
        Transport("nak", "", "", version=""),
    ),
)

# Sessions

Do = Callable[[Session, list[Packet], float], list[Event]]
Line = tuple[float, bytes | Do, list[Event]]


@dataclass(frozen=True)
class Case:
    """A session from its first moment on."""

    name: str
    start: Callable[[], Session]
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return self.name


def author() -> Author:
    return Author(EVENT)


def receiver() -> Receiver:
    return Receiver(BROKER, wall=wall)


def broadcaster(**how: object) -> Broadcaster:
    return Broadcaster(BROKER, wall=wall, **how)


def subscriber(**how: object) -> Subscriber:
    return Subscriber(SUBSCRIBER, wall=wall, **how)


def opened(session: Session, _: list[Packet], now: float) -> list[Event]:
    return session.opened(now)


def tick(session: Session, _: list[Packet], now: float) -> list[Event]:
    """Time passes: nothing happens a moment before the timer, and what happens then happens now."""
    due = session.next_timer()
    assert due == now
    assert session.tick(now - 0.001) == []
    return session.tick(now)


def lost(session: Session, _: list[Packet], now: float) -> list[Event]:
    return session.lost(now)


def stop(session: Session, _: list[Packet], now: float) -> list[Event]:
    return session.close(now)


def cut_off(session: Session, _: list[Packet], now: float) -> list[Event]:
    return session.close(now, SLOW)


def answer(which: int = -1, refused: str | None = None) -> Do:
    return lambda session, packets, now: session.answer(packets[which], now, refused)


def send(payload: bytes, ivorn: str = IVORN) -> Do:
    return lambda session, _, now: session.send(outgoing(payload, ivorn), now)


def tell(result: str) -> Do:
    return lambda session, _, now: session.tell(result, now)


def say(role: str, origin: str, response: str | None = None, **more: object) -> bytes:
    """A Transport as a frame."""
    return frame(write(Transport(role, origin, STAMP, response, **more)))


def sent(role: str, origin: str, response: str | None = None, **more: object) -> Send:
    return Send(say(role, origin, response, **more))


class Coded(GatewayError):
    """Equal to every error of this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "Whatever it says.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GatewayError) and other.code == self.code

    __hash__ = None


SLOW = VTPError("vtp-surplus", "Too slow.")
NOT_XML = frame(b"nonsense")
NO_MESSAGE = frame(b"<html/>")
DTD = frame(b"<!DOCTYPE VOEvent [<!ENTITY a 'b'>]><VOEvent ivorn='ivo://a.b/c'>&a;</VOEvent>")
LITTLE_ENDIAN = len(EVENT).to_bytes(4, "little") + EVENT
AGAIN = "Event rejected: Previously seen by this broker"
CHATTER = (
    say("ack", IVORN) + say("nak", "") + say("iamalive", BROKER) + say("authenticate", "") + say("hello", "")
)
WANTED = (("xpath-filter", "//a"), ("voevent-version", "2.1"))
HELLO = sent("authenticate", BROKER)
MISPLACED = Ignored(Coded("vtp-unexpected"))
DONE, BROKEN = Close(), Close(Coded("vtp-length"), "peer")


def _last_first(session: Session, packets: list[Packet], now: float) -> list[Event]:
    return [*session.answer(packets[1], now), *session.answer(packets[0], now, "No.")]


def _refusal(document: bytes) -> Send:
    try:
        read(document)
    except GatewayError as error:
        return sent("nak", "", BROKER, result=str(error))
    raise AssertionError


def _wrong(sentence: str) -> Send:
    """The nak for a length that is none."""
    return sent("nak", "", BROKER, result=f"{sentence} [vtp-length] (VTP-01)")


def case(name: str, start: Callable[[], Session], *lines: Line) -> Case:
    return Case(name, start, lines)


SESSIONS = (
    # An author
    case("author: acked", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("ack", IVORN, BROKER), [Delivered(Receipt("ack", IVORN)), DONE]),
        (2, say("ack", IVORN, BROKER), []),
        (3, lost, [])),
    case("author: refused for good", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("nak", IVORN, BROKER, result="Not valid."), [
            Undelivered(Coded("vtp-refused"), True, Receipt("nak", IVORN, "Not valid.")), DONE])),
    case("author: refused without a reason", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("nak", IVORN, BROKER), [Undelivered(Coded("vtp-refused"), True, Receipt("nak", IVORN)), DONE])),
    case("author: a broker that refuses what it has is Comet", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("nak", IVORN, BROKER, result=AGAIN), [Delivered(Receipt("nak", IVORN, AGAIN), True), DONE])),
    case("author: no receipt in time", author,
        (0, opened, [Send(frame(EVENT))]),
        (30, tick, [Undelivered(Coded("vtp-silent")), Close(Coded("vtp-silent"), "peer")])),
    case("author: hung up on", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, lost, [Undelivered(Coded("vtp-lost"))])),
    case("author: never connected", author, (1, lost, [Undelivered(Coded("vtp-lost"))])),
    case("author: stopped", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, stop, [Undelivered(Coded("vtp-lost")), DONE])),
    case("author: at the wrong port", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("authenticate", BROKER) + say("iamalive", BROKER) + frame(OTHER) + say("hi", ""), [MISPLACED] * 4),
        (30, tick, [Undelivered(Coded("vtp-silent")), Close(Coded("vtp-silent"), "peer")])),
    case("author: nonsense", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, NOT_XML, [Undelivered(Coded("xml-malformed")), Close(Coded("xml-malformed"), "peer")])),
    case("author: a flood of what has no place", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, say("iamalive", BROKER) * 200, [MISPLACED] * (MAX_IGNORED + 1) + [
            Undelivered(Coded("vtp-unexpected")), Close(Coded("vtp-unexpected"), "peer")])),
    case("author: a length that is none", author,
        (0, opened, [Send(frame(EVENT))]),
        (1, b"\xff\xff\xff\xff", [Undelivered(Coded("vtp-length")), BROKEN])),

    # A broker, from an author
    case("receiver: acked", receiver,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (2, answer(), [sent("ack", IVORN, BROKER), DONE]),
        (3, frame(OTHER), []),
        (4, lost, [])),
    case("receiver: refused", receiver,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (2, answer(refused="No."), [sent("nak", IVORN, BROKER, result="No."), DONE])),
    case("receiver: two events, answered in their order", receiver,
        (0, opened, []),
        (1, frame(EVENT) + frame(OTHER), [Received(PACKET), Received(read(OTHER))]),
        (2, _last_first, [
            sent("nak", IVORN, BROKER, result="No."), sent("ack", "ivo://example.org/alerts?2", BROKER), DONE])),
    case("receiver: the second is on its way when the first is answered", receiver,
        (0, opened, []),
        (1, frame(EVENT) + frame(OTHER)[:7], [Received(PACKET)]),
        (2, answer(), [sent("ack", IVORN, BROKER)]),
        (3, frame(OTHER)[7:], [Received(read(OTHER))]),
        (4, answer(), [sent("ack", "ivo://example.org/alerts?2", BROKER), DONE])),
    case("receiver: the second does not come", receiver,
        (0, opened, []),
        (1, frame(EVENT) + frame(OTHER)[:7], [Received(PACKET)]),
        (2, answer(), [sent("ack", IVORN, BROKER)]),
        (22, tick, [Close(Coded("vtp-late"), "peer")])),
    case("receiver: too many at once", receiver,
        (0, opened, []),
        (1, frame(EVENT) * (MAX_UNANSWERED + 1),
         [Received(PACKET)] * MAX_UNANSWERED + [Close(Coded("vtp-surplus"), "peer")])),
    case("receiver: an author that dribbles", receiver,
        (0, opened, []),
        (19, frame(EVENT)[:-1], []),
        (20, tick, [Close(Coded("vtp-late"), "peer")])),
    case("receiver: we are too slow", receiver,
        (0, opened, []),
        (5, frame(EVENT), [Received(PACKET)]),
        (65, tick, [Close(Coded("vtp-unanswered"), "us")]),
        (66, answer(), [])),
    case("receiver: each event has its own time to be answered in", receiver,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (5, frame(OTHER), [Received(read(OTHER))]),
        (6, answer(0), [sent("ack", IVORN, BROKER)]),
        (65, tick, [Close(Coded("vtp-unanswered"), "us")])),
    case("receiver: the author hangs up", receiver,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (2, lost, []),
        (3, answer(), [])),
    case("receiver: an event without ivorn is the business of who judges it", receiver,
        (0, opened, []),
        (1, frame(b"<VOEvent/>"), [Received(read(b"<VOEvent/>"))]),
        (2, answer(refused="No ivorn."), [sent("nak", "", BROKER, result="No ivorn."), DONE])),
    case("receiver: what is not XML", receiver,
        (0, opened, []), (1, NOT_XML, [_refusal(NOT_XML[4:]), Close(Coded("xml-malformed"), "peer")])),
    case("receiver: what is not ours", receiver,
        (0, opened, []), (1, NO_MESSAGE, [_refusal(NO_MESSAGE[4:]), Close(Coded("vtp-message"), "peer")])),
    case("receiver: a DTD", receiver,
        (0, opened, []), (1, DTD, [_refusal(DTD[4:]), Close(Coded("xml-dtd"), "peer")])),
    case("receiver: an event, then nonsense, then another", receiver,
        (0, opened, []),
        (1, frame(EVENT) + NOT_XML + say("ack", "") + frame(OTHER) + NOT_XML + bytes(4), [Received(PACKET)]),
        (2, answer(), [
            sent("ack", IVORN, BROKER), _refusal(NOT_XML[4:]), Close(Coded("xml-malformed"), "peer")])),
    case("receiver: an event and nonsense, and we are too slow", receiver,
        (0, opened, []),
        (1, frame(EVENT) + NOT_XML, [Received(PACKET)]),
        (61, tick, [Close(Coded("vtp-unanswered"), "us")])),
    case("receiver: an event, then a length that is none", receiver,
        (0, opened, []),
        (1, frame(EVENT) + bytes(4), [Received(PACKET)]),
        (2, answer(), [sent("ack", IVORN, BROKER), _wrong("The length is 0."), BROKEN])),
    case("receiver: length 0xFFFFFFFF", receiver,
        (0, opened, []),
        (1, b"\xff\xff\xff\xff" + EVENT, [_wrong("The length is 4294967295; the limit is 99999."), BROKEN])),
    case("receiver: the length the wrong way round", receiver,
        (0, opened, []),
        (1, LITTLE_ENDIAN, [
            _wrong("The length has its least significant byte first; it must be the other way round."), BROKEN])),
    case("receiver: only chatter", receiver,
        (0, opened, []),
        (1, CHATTER, [MISPLACED] * 5),
        (20, tick, [Close(Coded("vtp-late"), "peer")])),
    case("receiver: chatter while an event is judged", receiver,
        (0, opened, []),
        (1, frame(EVENT) + CHATTER, [Received(PACKET)] + [MISPLACED] * 5),
        (2, answer(), [sent("ack", IVORN, BROKER), DONE])),
    case("receiver: a flood of chatter while an event is judged", receiver,
        (0, opened, []),
        (1, frame(EVENT) + CHATTER * MAX_IGNORED,
         [Received(PACKET)] + [MISPLACED] * (MAX_IGNORED + 1) + [Close(Coded("vtp-unexpected"), "peer")])),
    case("receiver: a flood of chatter", receiver,
        (0, opened, []),
        (1, say("ack", IVORN) * (MAX_IGNORED + 9),
         [MISPLACED] * (MAX_IGNORED + 1) + [Close(Coded("vtp-unexpected"), "peer")])),

    # A broker, to a subscriber
    case("broadcaster: an event and its receipt", broadcaster,
        (0, opened, [HELLO]),
        (1, send(EVENT), [Send(frame(EVENT))]),
        (2, say("ack", IVORN, SUBSCRIBER), [Receipt("ack", IVORN)]),
        (3, say("ack", IVORN, SUBSCRIBER), [MISPLACED])),
    case("broadcaster: a nak ends one delivery and no more", broadcaster,
        (0, opened, [HELLO]),
        (1, send(EVENT), [Send(frame(EVENT))]),
        (2, say("nak", IVORN, result="Why?"), [Receipt("nak", IVORN, "Why?")]),
        (3, send(EVENT), [Send(frame(EVENT))])),
    case("broadcaster: two events of one identifier want two receipts", broadcaster,
        (0, opened, [HELLO]),
        (1, send(EVENT), [Send(frame(EVENT))]),
        (1, send(event(version="2.1")), [Send(frame(event(version="2.1")))]),
        (2, say("ack", IVORN) * 3, [Receipt("ack", IVORN)] * 2 + [MISPLACED])),
    case("broadcaster: blanks around an identifier are not in its receipt", broadcaster,
        (0, opened, [HELLO]),
        (1, send(EVENT, f" {IVORN}\n"), [Send(frame(EVENT))]),
        (2, say("ack", f" {IVORN}\n"), [Receipt("ack", IVORN)])),
    case("broadcaster: too many without a receipt", lambda: broadcaster(window=2),
        (0, opened, [HELLO]),
        (1, send(EVENT), [Send(frame(EVENT))]),
        (1, send(EVENT), [Send(frame(EVENT))]),
        (1, send(EVENT), [Close(Coded("vtp-surplus"), "peer")]),
        (1, send(EVENT), [])),
    case("broadcaster: too many without a receipt, and silent", lambda: broadcaster(window=1),
        (0, opened, [HELLO]),
        (60, tick, [sent("iamalive", BROKER)]),
        (61, send(EVENT), [Send(frame(EVENT))]),
        (62, send(EVENT), [Close(Coded("vtp-surplus"), "peer")])),
    case("broadcaster: filters", broadcaster,
        (0, opened, [HELLO]),
        (1, say("authenticate", BROKER, SUBSCRIBER, params=WANTED, filters=("//b",)),
         [Wanted(("//a", "//b"), "2.1", SUBSCRIBER)]),
        (2, say("authenticate", BROKER, SUBSCRIBER), [Wanted((), None, SUBSCRIBER)])),
    case("broadcaster: a bad filter does not go round for ever", broadcaster,
        (0, opened, [HELLO]),
        (1, say("authenticate", BROKER, params=(("xpath-filter", "]"),)), [Wanted(("]",))]),
        (2, tell("Not a filter."), [sent("authenticate", BROKER, result="Not a filter.")]),
        (3, say("authenticate", BROKER, params=(("xpath-filter", "]"),)), [])),
    case("broadcaster: who authenticates again and again", broadcaster,
        (0, opened, [HELLO]),
        (1, say("authenticate", BROKER, SUBSCRIBER) * MAX_ASKED, [Wanted((), None, SUBSCRIBER)]),
        (62, say("authenticate", BROKER, SUBSCRIBER), []),  # after a minute there is room for one
        (63, say("authenticate", BROKER, SUBSCRIBER), [Close(Coded("vtp-surplus"), "peer")])),
    case("broadcaster: a quiet subscriber is asked, answers, is asked again, is gone", broadcaster,
        (0, opened, [HELLO]),
        (60, tick, [sent("iamalive", BROKER)]),
        (119, say("iamalive", BROKER, SUBSCRIBER), [Alive(BROKER, SUBSCRIBER)]),
        (120, tick, [sent("iamalive", BROKER)]),
        (180, tick, [Close(Coded("vtp-silent"), "peer")]),
        (181, lost, [])),
    case("broadcaster: events on both sides make the question unnecessary", broadcaster,
        (0, opened, [HELLO]),
        (50, send(EVENT), [Send(frame(EVENT))]),
        (51, say("ack", IVORN), [Receipt("ack", IVORN)]),
        (110, tick, [sent("iamalive", BROKER)])),
    case("broadcaster: a subscriber that only listens is asked all the same", broadcaster,
        (0, opened, [HELLO]),
        (50, send(EVENT), [Send(frame(EVENT))]),
        (60, tick, [sent("iamalive", BROKER)]),
        (61, send(EVENT), [Send(frame(EVENT))]),
        (120, tick, [Close(Coded("vtp-silent"), "peer")])),
    case("broadcaster: any word is life", broadcaster,
        (0, opened, [HELLO]),
        (60, tick, [sent("iamalive", BROKER)]),
        (119, frame(b"<a"), [Ignored(Coded("xml-malformed"))]),
        (120, tick, [sent("iamalive", BROKER)])),
    *(case(f"broadcaster: {role} is an answer to the question too", broadcaster,
        (0, opened, [HELLO]),
        (59, send(EVENT), [Send(frame(EVENT))]),
        (60, tick, [sent("iamalive", BROKER)]),
        (61, tell("Hello."), [sent("authenticate", BROKER, result="Hello.")]),
        (80, word, events),
        (121, tick, [sent("iamalive", BROKER)]))
      for role, word, events in (
        ("ack", say("ack", IVORN), [Receipt("ack", IVORN)]),
        ("nak", say("nak", IVORN), [Receipt("nak", IVORN)]),
        ("authenticate", say("authenticate", BROKER), [Wanted()]),
        ("what nobody knows", say("hello", ""), [MISPLACED]),
        ("an event", frame(EVENT), [MISPLACED]))),
    case("broadcaster: a length that is none for an answer", broadcaster,
        (0, opened, [HELLO]),
        (60, tick, [sent("iamalive", BROKER)]),
        (61, bytes(4), [BROKEN])),
    case("broadcaster: told not to ask who is there", lambda: broadcaster(authenticate=False),
        (0, opened, []),
        (60, tick, [sent("iamalive", BROKER)])),
    case("broadcaster: what has no place", broadcaster,
        (0, opened, [HELLO]),
        (1, frame(EVENT) + say("hello", "") + NO_MESSAGE + frame(_pygcn("ack", "ivo://a.b/c?d&e")),
         [MISPLACED] * 2 + [Ignored(Coded("vtp-message")), Ignored(Coded("xml-malformed"))])),
    case("broadcaster: a flood of what has no place", broadcaster,
        (0, opened, [HELLO]),
        (1, NOT_XML * MAX_IGNORED + say("iamalive", BROKER) + NOT_XML * (MAX_IGNORED + 2),
         [Ignored(Coded("xml-malformed"))] * MAX_IGNORED + [Alive(BROKER)]
         + [Ignored(Coded("xml-malformed"))] * (MAX_IGNORED + 1) + [Close(Coded("xml-malformed"), "peer")])),
    case("broadcaster: HTTP", broadcaster, (0, opened, [HELLO]), (1, b"GET / HTTP/1.1\r\n\r\n", [BROKEN])),
    case("broadcaster: cut off for being slow", broadcaster,
        (0, opened, [HELLO]), (1, cut_off, [Close(SLOW, "us")]), (2, stop, []), (3, tell("Too late."), [])),

    # A subscriber
    case("subscriber: an event, acked at once", subscriber,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (1, answer(), [sent("ack", IVORN, SUBSCRIBER)])),
    case("subscriber: an event, refused", subscriber,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (1, answer(refused="No & never."), [sent("nak", IVORN, SUBSCRIBER, result="No & never.")])),
    case("subscriber: many events, answered in any order or not at all", subscriber,
        (0, opened, []),
        (1, frame(EVENT) + frame(OTHER) + frame(EVENT), [Received(PACKET), Received(read(OTHER)), Received(PACKET)]),
        (2, answer(1), [sent("ack", "ivo://example.org/alerts?2", SUBSCRIBER)])),
    case("subscriber: an ampersand in an identifier", subscriber,
        (0, opened, []),
        (1, frame(event("ivo://a.b/c?d&amp;e")), [Received(read(event("ivo://a.b/c?d&amp;e")))]),
        (1, answer(), [sent("ack", "ivo://a.b/c?d&e", SUBSCRIBER)])),
    case("subscriber: asked whether it is there", subscriber,
        (0, opened, []),
        (60, frame(_comet("iamalive", "<Origin>ivo://x.y/a&amp;b</Origin>", _TIME)),
         [sent("iamalive", "ivo://x.y/a&b", SUBSCRIBER), Alive("ivo://x.y/a&b")])),
    case("subscriber: asked who it is", subscriber,
        (0, opened, []),
        (1, say("authenticate", BROKER), [sent("authenticate", BROKER, SUBSCRIBER)])),
    case("subscriber: asked who it is, with filters", lambda: subscriber(filters=("//a", "//b"), version="2.1"),
        (0, opened, []),
        (1, say("authenticate", BROKER), [sent("authenticate", BROKER, SUBSCRIBER, params=(
            ("xpath-filter", "//a"), ("xpath-filter", "//b"), ("voevent-version", "2.1")))]),
        (2, say("authenticate", BROKER, result="Not a filter."), [Told("Not a filter.")])),
    case("subscriber: forgotten", subscriber,
        (0, opened, []),
        (100, frame(EVENT), [Received(PACKET)]),
        (250, tick, [Close(Coded("vtp-silent"), "peer")])),
    case("subscriber: half a message is no sign of life", subscriber,
        (0, opened, []),
        (149, frame(EVENT)[:-1], []),
        (150, tick, [Close(Coded("vtp-silent"), "peer")])),
    case("subscriber: what has no place", subscriber,
        (0, opened, []),
        (1, say("ack", IVORN) + say("nak", IVORN) + say("hello", "") + NOT_XML + DTD,
         [MISPLACED] * 3 + [Ignored(Coded("xml-malformed")), Ignored(Coded("xml-dtd"))])),
    case("subscriber: a flood of what has no place", subscriber,
        (0, opened, []),
        (1, NO_MESSAGE * (MAX_IGNORED + 2),
         [Ignored(Coded("vtp-message"))] * (MAX_IGNORED + 1) + [Close(Coded("vtp-message"), "peer")])),
    case("subscriber: an identifier that could not be sent back", subscriber,
        (0, opened, []),
        (1, frame(event("ivo://" + "x" * 2000)), [Ignored(Coded("vtp-message"))])),
    case("subscriber: a length that is none", subscriber, (0, opened, []), (1, b"\0\1\x86\xa0", [BROKEN])),
    case("subscriber: stopped", subscriber,
        (0, opened, []),
        (1, frame(EVENT), [Received(PACKET)]),
        (1, stop, [DONE]),
        (2, answer(), [])),

    # However far it came, a session may be cut short
    *(case(f"{start.__name__}: {how} after {len(lines)}", start, *lines, (99, do, events))
      for start, lines in (
        (receiver, ()),
        (receiver, ((0, opened, []),)),
        (receiver, ((0, opened, []), (1, frame(EVENT), [Received(PACKET)]))),
        (receiver, ((0, opened, []), (1, frame(EVENT), [Received(PACKET)]), (2, NOT_XML, []))),
        (broadcaster, ()),
        (broadcaster, ((0, opened, [HELLO]),)),
        (broadcaster, ((0, opened, [HELLO]), (60, tick, [sent("iamalive", BROKER)]))),
        (subscriber, ()),
        (subscriber, ((0, opened, []),)))
      for how, do, events in (("hung up on", lost, []), ("stopped", stop, [DONE]))),
    case("author: stopped before it began", author, (1, stop, [Undelivered(Coded("vtp-lost")), DONE])),
)  # fmt: skip
