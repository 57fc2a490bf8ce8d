"""Many events to one broker: what is sent and what is not, in what order, and when to give up."""

import asyncio
import io
import sys
from pathlib import Path

import pytest
from alerts import NEWEST, simulated
from cli_runs import packed

from gateway.batch import Job
from gateway.errors import VTPError
from gateway.mapping.settings import Settings
from gateway.sending import Sending, events
from gateway.transports.files import Declared
from gateway.transports.vtp.author import Outcome
from gateway.transports.vtp.loop import run
from gateway.vtp.events import Delivered, Receipt, Undelivered

DATA = Path(__file__).parent / "data/voevent"


def job(to="voevent-2.0"):
    return Job(to, Settings(), Declared())


class Broker:
    """Stands for an `Author`: has an answer for each event, by its place. Real ones are in tests/transports/vtp."""

    def __init__(self, *outcomes):
        self.outcomes, self.payloads, self.at_once, self.most = list(outcomes), [], 0, 0
        self.gate = None

    async def send(self, payload):
        self.payloads.append(payload)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.gate is not None:
            await self.gate(self)
        self.at_once -= 1
        return self.outcomes.pop(0)() if self.outcomes else ack()


def ack():
    return Outcome(Delivered(Receipt("ack", "")))


def seen():
    return Outcome(Delivered(Receipt("nak", "", "Previously seen"), duplicate=True))


def nak():
    error = VTPError("vtp-refused", "No.")
    return Outcome(Undelivered(error, permanent=True, receipt=Receipt("nak", "", "Bad")))


def silent():
    return Outcome(Undelivered(VTPError("vtp-silent", "Nothing.")), attempts=5)


def nobody():
    return Outcome(Undelivered(VTPError("vtp-unreachable", "Nobody.")), attempts=5, reached=False)


def documents(folder, count):
    sample = (DATA / "everything-2.0.xml").read_bytes()
    for number in range(count):
        (folder / f"{number}.xml").write_bytes(sample + b"\n" * number)
    return [(folder / f"{number}.xml").read_bytes() for number in range(count)]


def sending(broker, inputs, at_once=1, to="voevent-2.0"):
    sent = []
    it = Sending(broker, sent.append, at_once)
    run(lambda stop: it.run(events([str(one) for one in inputs], job(to)), stop))
    return it, sent


def test_events_go_in_order_and_unchanged(tmp_path):
    payloads, broker = documents(tmp_path, 5), Broker()
    it, sent = sending(broker, [tmp_path])
    assert broker.payloads == payloads
    assert [one.kind for one in sent] == ["delivered"] * 5
    assert (broker.most, it.exit_code) == (1, 0)


@pytest.mark.parametrize(
    ("outcomes", "kinds", "code"),
    [
        ([ack, seen], ["delivered", "duplicate"], 0),
        ([ack, nak], ["delivered", "refused"], 1),
        ([silent, ack], ["failed", "delivered"], 1),
        ([nak, silent], ["refused", "failed"], 2),
    ],
)
def test_receipts_decide_the_exit_code(tmp_path, outcomes, kinds, code):
    documents(tmp_path, 2)
    it, sent = sending(Broker(*outcomes), [tmp_path])
    assert [one.kind for one in sent] == kinds
    assert it.exit_code == code


def test_what_the_broker_says_is_told(tmp_path):
    documents(tmp_path, 1)
    _, (sent,) = sending(Broker(nak), [tmp_path])
    assert (sent.said, sent.error.code, sent.error.where.input) == (
        "Bad",
        "vtp-refused",
        str(tmp_path / "0.xml"),
    )


def test_after_nobody_could_be_reached_the_rest_is_not_tried(tmp_path):
    documents(tmp_path, 5)
    broker = Broker(ack, nobody)
    it, sent = sending(broker, [tmp_path])
    assert [one.kind for one in sent] == ["delivered", "failed"]
    assert (len(broker.payloads), it.unreachable, it.exit_code) == (2, True, 1)


def test_several_are_under_way_and_no_more_than_allowed(tmp_path):
    documents(tmp_path, 7)
    broker, full = Broker(), asyncio.Event()

    async def gate(broker):
        if broker.at_once == 3:
            full.set()
        await full.wait()

    broker.gate = gate
    it, sent = sending(broker, [tmp_path], at_once=3)
    assert (broker.most, len(sent), it.exit_code) == (3, 7, 0)


def test_stop_lets_what_is_under_way_end(tmp_path):
    documents(tmp_path, 5)
    broker, sent = Broker(), []
    it = Sending(broker, sent.append)

    async def main(stop):
        async def gate(broker):
            stop.set()

        broker.gate = gate
        await it.run(events([str(tmp_path)], job()), stop)

    run(main)
    assert [one.kind for one in sent] == ["delivered"]


def test_an_alert_is_no_event_and_what_cannot_be_read_does_not_stop_the_rest(tmp_path):
    (tmp_path / "1.avro").write_bytes(packed(simulated(NEWEST, 1, "none")))
    (tmp_path / "2.xml").write_bytes(b"<VOEvent")
    (tmp_path / "3.xml").write_bytes((DATA / "everything-2.0.xml").read_bytes())
    it, sent = sending(Broker(), [tmp_path])
    assert [(one.kind, one.error and one.error.code) for one in sent] == [
        ("unsent", "voevent-root"),
        ("unsent", "xml-malformed"),
        ("delivered", None),
    ]
    assert it.exit_code == 1


def test_another_version_goes_as_2_0_unless_as_it_is(tmp_path):
    newer, broker = tmp_path / "newer.xml", Broker()
    newer.write_bytes(
        b'<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.1" ivorn="ivo://org.example/s?1" role="test" '
        b'version="2.1"><Who><Author><Contributor ivorn="ivo://org.example" role="Editor">Somebody</Contributor>'
        b"</Author></Who></voe:VOEvent>"
    )
    _, (sent,) = sending(broker, [newer])
    assert b'version="2.0"' in broker.payloads[0]
    assert sent.losses
    _, (sent,) = sending(broker, [newer], to="voevent")
    assert broker.payloads[1] == newer.read_bytes()
    assert not sent.losses


def test_standard_input_is_read_before_anything_is_sent(monkeypatch):
    document = (DATA / "everything-2.0.xml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    found = events(["-"], job())
    assert sys.stdin.buffer.read() == b""
    (result,) = found
    assert (result.name, result.output.data) == ("-", document)
