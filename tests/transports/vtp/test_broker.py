"""The broker over real sockets: what authors are told, what subscribers get, and what neither can do to it."""

import asyncio
import gc
import os
import socket
from pathlib import Path

import pytest
from vtp_peers import LOCAL, Listening, Wire, accepted, broker, event, eventually, going, number_of, submit

from gateway.codecs.voevent import decode
from gateway.errors import PolicyError
from gateway.filters.xpath import Filter
from gateway.model.provenance import Provenance
from gateway.model.voevent import (
    AstroCoords,
    AstroCoordSystem,
    Coordinate,
    ObservationLocation,
    ObservatoryLocation,
    Position2D,
    WhereWhen,
)
from gateway.policy.engine import Policy
from gateway.relay import Offer, Relay
from gateway.transports.vtp.access import networks
from gateway.transports.vtp.broker import Limits
from gateway.transports.vtp.intake import MAX_TURN
from gateway.transports.vtp.status import status
from gateway.transports.vtp.subscribers import Wishes
from gateway.vtp import Packet, Transport, frame
from gateway.vtp.timers import Timers


@going
async def test_an_event_goes_from_author_to_subscribers_bit_for_bit(folder: Path) -> None:
    async with broker(folder) as one:
        here = [await one.receive(a) for a in ("127.0.0.1:0", "[::1]:0", f"unix:{folder}/authors")]
        there = [await one.broadcast(a) for a in ("127.0.0.1:0", "[::1]:0", f"unix:{folder}/subscribers")]
        listening = [await Listening.to(port) for port in there]
        await eventually(lambda: len(one.subscribers) == 3)
        documents = [
            b"<?xml version='1.0'?><!-- before -->" + event(n)[38:] + b"<!-- after -->\n" for n in range(3)
        ]
        for port, document in zip(here, documents, strict=True):
            (receipt,) = await submit(port, document)
            assert (receipt.role, receipt.response) == ("ack", LOCAL)
            assert receipt.origin == f"ivo://org.example/events#{number_of(document)}"
        for each in listening:
            assert await each.events(3) == documents
            each.close()


@going
async def test_several_events_of_one_author_are_all_answered(folder: Path) -> None:
    async with broker(folder) as one:
        port = await one.receive("127.0.0.1:0")
        receipts = await submit(port, *map(event, range(5)))
        assert [receipt.origin[-1] for receipt in receipts] == list("01234")
        assert {receipt.role for receipt in receipts} == {"ack"}


@going
async def test_a_duplicate_is_acknowledged_and_goes_no_further(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        for document in (event(1), event(1), event(1) + b"<!-- the same element -->"):
            assert [receipt.role for receipt in await submit(here, document)] == ["ack"]
        await accepted(here, event(2))
        assert list(map(number_of, await subscriber.events(2))) == [1, 2]
        assert (one.intake.counts["accepted"], one.intake.counts["duplicate"]) == (2, 2)
        subscriber.close()


@going
async def test_a_storm_of_duplicates_is_one_event(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        answers = await asyncio.gather(*(submit(here, event(1)) for _ in range(80)))
        assert {receipt.role for receipts in answers for receipt in receipts} == {"ack"}
        await accepted(here, event(2))
        assert list(map(number_of, await subscriber.events(2))) == [1, 2]
        subscriber.close()


@going
async def test_a_bad_event_gets_a_nak_that_says_why_and_no_value(folder: Path) -> None:
    secret = "4f1e-s3ntinel"
    bad = event(1).replace(b"<Who>", b'<Who role="' + secret.encode() + b'">')
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        (receipt,) = await submit(here, bad)
        assert receipt.role == "nak"
        assert "[vtp-invalid] (XSD" in str(receipt.result)
        assert secret not in str(receipt.result)
        await accepted(here, event(2))
        assert list(map(number_of, await subscriber.events(1))) == [2]
        subscriber.close()


def test_a_name_as_long_as_the_event_gets_its_nak_and_no_place_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "gateway.vtp")

    @going
    async def refused(folder: Path) -> None:
        async with broker(folder) as one:
            here = await one.receive("127.0.0.1:0")
            name = b"s3ntinel" * 6240
            (receipt,) = await submit(here, event(1).replace(b"<Who>", b"<" + name + b"/><Who>"))
            assert receipt.role == "nak"
            assert len(str(receipt.result)) < 1000

    refused(tmp_path)
    assert "is refused (vtp-invalid, XSD" in caplog.text
    assert "s3ntinel" not in caplog.text


def test_without_a_declared_origin_there_is_no_relay() -> None:
    with pytest.raises(PolicyError) as caught:
        Relay(Policy(), Provenance())
    assert caught.value.code == "policy-provenance"


@going
async def test_a_test_event_never_reaches_an_address_of_observations(folder: Path) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        all_ = await Listening.to(await one.broadcast("127.0.0.1:0"))
        some = await Listening.to(
            await one.broadcast("127.0.0.1:0", wishes=Wishes(roles=frozenset({"observation"})))
        )
        await eventually(lambda: len(one.subscribers) == 2)
        roles = ("test", "observation", "prediction", "utility", "test", "observation")
        for number, role in enumerate(roles):
            await accepted(here, event(number, role))
        assert len(await all_.events(6)) == 6
        assert list(map(number_of, await some.events(2))) == [1, 5]
        all_.close()
        some.close()


def placed(number: int) -> bytes:
    """An event of 2.1 that 2.0 cannot say all of: its position has an error for each axis."""
    system = AstroCoordSystem("UTC-ICRS-TOPO")
    position = Position2D(
        (Coordinate("10.5"), Coordinate("-30.25")), "deg", error=(Coordinate("0.1"), Coordinate("0.2"))
    )
    where = WhereWhen(
        ObservatoryLocation("Somewhere"),
        ObservationLocation(system, AstroCoords("UTC-ICRS-TOPO", position2d=position)),
    )
    return event(number, version="2.1", wherewhen=where)


@going
async def test_a_version_that_a_subscriber_does_not_take_is_converted_and_the_loss_counted(
    folder: Path,
) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        old, new = await Listening.to(there), await Listening.to(there, version="2.1")
        await eventually(lambda: {peer.interest.newest for peer in one.subscribers} == {"2.0", "2.1"})
        document = placed(1)
        assert (await submit(here, document))[0].role == "ack"
        assert await new.events(1) == [document]
        (given,) = await old.events(1)
        assert decode(given).version == "2.0"
        assert number_of(given) == 1
        assert one.relay.counts["loss"] > 0
        old.close()
        new.close()


@going
async def test_who_says_2_0_gets_it_where_others_get_2_1(folder: Path) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        there = await one.broadcast("127.0.0.1:0", wishes=Wishes(newest="2.1"))
        old, silent = await Listening.to(there, version="2.0"), await Listening.to(there)
        await eventually(lambda: {peer.interest.newest for peer in one.subscribers} == {"2.0", "2.1"})
        await accepted(here, placed(1))
        assert decode((await old.events(1))[0]).version == "2.0"
        assert decode((await silent.events(1))[0]).version == "2.1"
        old.close()
        silent.close()


@going
async def test_a_source_waits_for_the_receipts_of_a_small_window(folder: Path) -> None:
    async with broker(folder, limits=Limits(window=4)) as one:
        wire = await Wire.to(await one.broadcast("127.0.0.1:0"))
        await eventually(lambda: len(one.subscribers) == 1)
        sent = 0
        while one.ready:
            one.publish(event(sent))
            one.intake.turn()
            one.intake._pay()
            sent += 1
        assert (sent, len(one.subscribers)) == (2, 1)
        wire.close()


@going
async def test_a_filter_chooses_and_a_bad_one_closes(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        picky = await Listening.to(there, filters=("//Param[@name='number' and @value=2]",))
        wrong = await Listening.to(there, filters=("//Param[",))
        all_ = await Listening.to(there)
        await wrong.until(lambda listening: bool(listening.told))
        await eventually(lambda: any(peer.interest.filters.filters for peer in one.subscribers))
        for number in range(4):
            await accepted(here, event(number))
        assert len(await all_.events(4)) == 4
        assert list(map(number_of, await picky.events(1))) == [2]
        assert "filter-syntax" in wrong.told[0]
        assert wrong.got == []
        # The subscriber mends its filter, over the same connection.
        wrong.session._params = (("xpath-filter", "//Param[@value=5]"),)
        wrong.wire.send(_authenticate("//Param[@value=5]"))
        await eventually(lambda: all(peer.interest.filters.reason is None for peer in one.subscribers))
        await accepted(here, event(5))
        assert list(map(number_of, await wrong.events(1))) == [5]
        for each in (picky, wrong, all_):
            each.close()


def _authenticate(xpath: str) -> bytes:
    return (
        '<?xml version="1.0"?><trn:Transport xmlns:trn="http://www.telescope-networks.org/xml/Transport/v1.1" '
        f'role="authenticate" version="1.0"><Origin>{LOCAL}</Origin><TimeStamp>2026-11-24T00:00:00Z</TimeStamp>'
        f'<Meta><Param name="xpath-filter" value="{xpath}"/></Meta></trn:Transport>'
    ).encode()


@going
async def test_one_address_cannot_have_all_the_time_that_filters_take(folder: Path) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        greedy, other = await one.broadcast("127.0.0.1:0"), await one.broadcast("[::1]:0")
        costly = [
            await Listening.to(greedy, filters=tuple(f"//*[count(//*[@a]) > {n}{m}]" for m in range(10, 20)))
            for n in range(8)
        ]
        plain = await Listening.to(greedy)
        good = await Listening.to(other, filters=("//Param[@name='number']",))
        count = 0
        while not any(listening.told for listening in costly):
            await accepted(here, event(count, more=100))
            count += 1
            assert len(await good.events(count)) == len(await plain.events(count)) == count
            assert count < 300
        assert "used up" in next(each.told[0] for each in costly if each.told)
        found = status(one)
        assert found["filters_used_up"] == 1
        assert [each["filters_used_up"] for each in found["subscribers"]].count(True) == len(costly)
        for each in (*costly, plain, good):
            each.close()


@going
async def test_a_subscriber_may_ask_for_roles_and_gets_none_that_the_broker_does_not_give(
    folder: Path,
) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        wishes = Wishes(roles=frozenset({"observation", "prediction"}))
        there = await one.broadcast("127.0.0.1:0", wishes=wishes)
        some, all_ = await Listening.to(there, roles=("prediction", "test")), await Listening.to(there)
        await eventually(lambda: {"prediction"} in [peer.interest.roles for peer in one.subscribers])
        for number, role in enumerate(("test", "observation", "prediction", "utility", "prediction")):
            await accepted(here, event(number, role))
        assert list(map(number_of, await all_.events(3))) == [1, 2, 4]
        assert list(map(number_of, await some.events(2))) == [2, 4]
        some.close()
        all_.close()


@going
async def test_no_subscriber_widens_the_filter_of_the_operator(folder: Path) -> None:
    wishes = Wishes(blanket=Filter("//Param[@value > 2]"))
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0", wishes=wishes)
        all_, wide = await Listening.to(there), await Listening.to(there, filters=("true()",))
        await eventually(lambda: any(peer.interest.filters.filters for peer in one.subscribers))
        for number in range(5):
            await accepted(here, event(number))
        for each in (all_, wide):
            assert list(map(number_of, await each.events(2))) == [3, 4]
            each.close()


@going
async def test_a_nak_gives_up_one_event_and_not_the_connection(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        wire = await Wire.to(there)
        assert isinstance(await wire.message(), Transport)
        for number in range(3):
            await accepted(here, event(number))
            packet = await wire.message()
            assert isinstance(packet, Packet)
            assert number_of(packet.payload) == number
            wire.send(
                b'<Transport role="nak" version="1.0"><Origin>' + packet.ivorn.encode()
                + b"</Origin><TimeStamp>2026-11-24T00:00:00Z</TimeStamp></Transport>"
            )  # fmt: skip
        (peer,) = one.subscribers
        await eventually(lambda: peer.counts["nak"] == 3)
        assert peer.session.outstanding == 0
        wire.close()


# Who may not


@going
async def test_who_is_not_allowed_hears_nothing(folder: Path) -> None:
    async with broker(folder) as one:
        nobody = networks(["192.0.2.0/24", "2001:db8::/32"])
        for address in ("127.0.0.1:0", "[::1]:0"):
            for port in (await one.receive(address, nobody), await one.broadcast(address, nobody)):
                wire = await Wire.to(port)
                wire.send(event(1))
                assert await wire.ended()
                wire.close()
        assert sum(door.refused["network"] for door in one.doors) == 4
        assert one.intake.counts["received"] == 0


@going
async def test_connections_are_limited_and_their_places_come_back(folder: Path) -> None:
    async with broker(folder, limits=Limits(connections=2)) as one:
        port = await one.broadcast("127.0.0.1:0")
        inside = [await Wire.to(port) for _ in range(2)]
        for wire in inside:
            assert isinstance(await wire.message(), Transport)
        third = await Wire.to(port)
        assert await third.ended()
        third.close()
        inside[0].close()
        await eventually(lambda: len(one.subscribers) == 1)
        fourth = await Wire.to(port)
        assert isinstance(await fourth.message(), Transport)
        for wire in (inside[1], fourth):
            wire.close()


# What hostile peers send

HOSTILE = {
    "nothing": b"\0\0\0\0",
    "four gigabytes": b"\xff\xff\xff\xff" + event(1),
    "little-endian": len(event(1)).to_bytes(4, "little") + event(1),
    "no XML": frame(b"hello"),
    "a DTD": frame(b'<!DOCTYPE a [<!ENTITY b "c">]>' + event(1)),
    "no VOEvent": frame(b"<html/>"),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_bad_frame_is_answered_with_a_nak_and_the_broker_goes_on(what: str, tmp_path: Path) -> None:
    @going
    async def hostile(folder: Path) -> None:
        async with broker(folder) as one:
            here = await one.receive("127.0.0.1:0")
            wire = await Wire.to(here)
            wire.writer.write(HOSTILE[what])
            answer = await wire.message()
            assert isinstance(answer, Transport)
            assert answer.role == "nak"
            assert await wire.ended()
            wire.close()
            assert (await submit(here, event(2)))[0].role == "ack"

    hostile(tmp_path)


@going
async def test_a_frame_over_the_limit_is_refused_and_one_below_it_is_not(folder: Path) -> None:
    async with broker(folder, limits=Limits(frame=2000)) as one:
        here = await one.receive("127.0.0.1:0")
        assert (await submit(here, event(1, text=1000)))[0].role == "ack"
        assert (await submit(here, event(2, text=2000)))[0].role == "nak"


@going
async def test_peers_that_vanish_or_dribble_or_say_nothing_are_let_go(folder: Path) -> None:
    timers = Timers(quiet=0.2, alive=0.2, frame=0.3)
    async with broker(folder, timers=timers) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        vanishing = await Wire.to(here)
        vanishing.writer.write(frame(event(1))[:100])
        await vanishing.writer.drain()
        vanishing.close()
        silent = [await Wire.to(here), await Wire.to(there)]
        dribbling = await Wire.to(here)
        document = frame(event(2))

        async def dribble() -> None:
            for place in range(len(document)):
                dribbling.writer.write(document[place : place + 1])
                await asyncio.sleep(
                    0.05
                )  # the slowness of this peer: the frame's time runs out at its sixth byte

        task = asyncio.create_task(dribble())
        assert await dribbling.ended()
        task.cancel()
        assert await silent[0].ended()
        messages = [await silent[1].message() for _ in range(3)]
        assert [message.role if message else None for message in messages] == [
            "authenticate",
            "iamalive",
            None,
        ]
        await eventually(lambda: not any(room.inside for room in one.rooms.values()))
        assert one.intake.counts["received"] == 0
        for wire in (*silent, dribbling):
            wire.close()


@going
async def test_a_flood_of_receipts_for_nothing_ends_the_connection(folder: Path) -> None:
    async with broker(folder) as one:
        there = await one.broadcast("127.0.0.1:0")
        flooding, quiet = await Wire.to(there), await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 2)
        ack = b'<Transport role="ack"><Origin>ivo://a.b/c</Origin><TimeStamp/></Transport>'
        flooding.send(*[ack] * 5000)
        assert isinstance(await flooding.message(), Transport)
        assert await flooding.ended()
        await eventually(lambda: len(one.subscribers) == 1)
        flooding.close()
        quiet.close()


@going
async def test_ten_thousand_connections_come_and_go_and_leave_nothing(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")

        async def come_and_go(times: int) -> None:
            for _ in range(times):
                sockets = []
                for port in [here, there] * 100:
                    sockets.append(socket.socket())
                    sockets[-1].setblocking(False)
                    sockets[-1].connect_ex(("127.0.0.1", port.getHost().port))
                await eventually(lambda: len(one._peers) == 200)
                for each in sockets:
                    each.close()
                await eventually(lambda: not one._peers)

        await come_and_go(5)  # what is made once
        before = Traces()
        await come_and_go(50)
        after = Traces()
        assert not any(room.inside for room in one.rooms.values())
        assert (after.files, after.tasks) == (before.files, before.tasks)
        # Not an object for every tenth connection, and not a kilobyte for one.
        assert after.objects - before.objects < 1000
        assert after.memory - before.memory < 10_000 * 1024
        assert (await submit(here, event(1)))[0].role == "ack"


class Traces:
    """What a connection could leave in this process."""

    def __init__(self) -> None:
        gc.collect()
        self.files = len(os.listdir("/proc/self/fd"))
        self.tasks = len(asyncio.all_tasks())
        self.objects = len(gc.get_objects())
        self.memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# Slow subscribers


@going
async def test_who_does_not_read_costs_a_bound_and_nobody_else_anything(folder: Path) -> None:
    queue, size, count = 100_000, 20_000, 60
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        there = await one.broadcast("127.0.0.1:0", wishes=Wishes(queue=queue))
        deaf = [await Wire.deaf(there) for _ in range(10)]
        reading = [await Listening.to(there) for _ in range(90)]
        await eventually(lambda: len(one.subscribers) == 100)
        for number in range(count):
            await accepted(here, event(number, text=size))
            for listening in reading:
                await listening.events(number + 1)
        for listening in reading:
            assert list(map(number_of, listening.got)) == list(range(count))
        waiting = [peer for peer in one.subscribers if peer.outbox.count]
        assert len(waiting) == 10
        assert all(peer.outbox.waiting <= queue and peer.outbox.dropped for peer in waiting)
        # All that waits is the last few documents, once: each is shared by the ten.
        kept = {id(each.send.data) for peer in waiting for each in peer.outbox._queue}
        assert len(kept) <= queue // size + 1
        for wire in deaf:
            wire.close()
        for listening in reading:
            listening.close()


@going
async def test_a_subscriber_that_is_too_slow_can_be_let_go_instead(folder: Path) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        wishes = Wishes(queue=50_000, when_full="drop-connection")
        deaf = await Wire.deaf(await one.broadcast("127.0.0.1:0", wishes=wishes))
        await eventually(lambda: len(one.subscribers) == 1)
        number = 0
        while len(one.subscribers):
            await accepted(here, event(number, text=90_000))
            number += 1
            assert number < 300
        deaf.close()


@going
async def test_the_broker_stops_after_what_waits_is_read(folder: Path) -> None:
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        for number in range(50):
            await accepted(here, event(number, text=50_000))
    await subscriber.until(lambda listening: listening.closed)
    assert list(map(number_of, subscriber.got)) == list(range(50))
    subscriber.close()


# What a turn of the loop holds


@going
async def test_many_events_at_once_are_not_all_held_until_they_are_all_judged(folder: Path) -> None:
    async with broker(folder) as one:
        there = await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        held = []
        for number in range(40):  # all in one turn
            one.publish(event(number, text=90_000))
            packets = [packet for packet, *_ in one.intake._turn]
            held.append(sum(len(packet.payload) for packet in packets))
            assert not packets or not one.intake._owed
        assert MAX_TURN / 2 < max(held) <= MAX_TURN
        assert list(map(number_of, await subscriber.events(40))) == list(range(40))
        subscriber.close()


@going
async def test_a_mistake_in_one_event_keeps_no_other_from_going_out(folder: Path) -> None:
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: raised.append(about["exception"]))
    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        give = one.intake._give

        def mistaken(offer: Offer) -> None:
            assert number_of(offer.packet.payload) != 1, "a mistake of ours"
            give(offer)

        one.intake._give = mistaken
        receipts = await submit(here, *map(event, range(4)))
        assert [receipt.role for receipt in receipts] == ["ack"] * 4
        assert list(map(number_of, await subscriber.events(3))) == [0, 2, 3]
        subscriber.close()
    assert [str(error).partition("\n")[0] for error in raised] == ["a mistake of ours"]
    asyncio.get_running_loop().set_exception_handler(None)
