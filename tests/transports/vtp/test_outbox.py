"""What waits for a subscriber: in order, within its bound, and what happens beyond it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transports.vtp.outbox import WHEN_FULL, Outbox
from gateway.transports.vtp.spill import Disk
from gateway.vtp.broadcaster import Outgoing, outgoing


def event(number: int, size: int = 100) -> Outgoing:
    return outgoing(str(number).encode().rjust(size - 4, b"0"), f"ivo://org.example/stream#{number}")


class Reader:
    """A connection: it takes `room` events and then says that it is full."""

    def __init__(self, **options) -> None:
        self.room = 0
        self.got: list[Outgoing] = []
        self.outbox = Outbox(self.deliver, **options)

    def deliver(self, one: Outgoing) -> None:
        self.got.append(one)
        self.room -= 1
        if self.room <= 0:
            self.outbox.pauseProducing()

    def read(self, room: int) -> None:
        self.room = room
        self.outbox.resumeProducing()

    @property
    def numbers(self) -> list[int]:
        return [int(one.ivorn.rpartition("#")[2]) for one in self.got]


def test_nothing_waits_while_the_connection_takes_it() -> None:
    reader = Reader()
    reader.room = 10
    assert all(reader.outbox.put(event(number)) for number in range(5))
    assert (reader.numbers, reader.outbox.waiting) == ([0, 1, 2, 3, 4], 0)


def test_the_oldest_are_left_out_and_counted() -> None:
    reader = Reader(limit=300)
    assert all(reader.outbox.put(event(number)) for number in range(6))
    assert (reader.outbox.waiting, reader.outbox.count, reader.outbox.dropped) == (300, 3, 2)
    reader.read(10)
    assert reader.numbers == [0, 3, 4, 5]


def test_the_connection_is_given_up() -> None:
    reader = Reader(limit=300, when_full="drop-connection")
    assert [reader.outbox.put(event(number)) for number in range(5)] == [True] * 4 + [False]
    assert reader.outbox.dropped == 1


def test_what_does_not_fit_goes_to_a_file_and_comes_back_in_order(tmp_path: Path) -> None:
    reader = Reader(limit=300, when_full="spill", folder=tmp_path)
    for number in range(10):
        assert reader.outbox.put(event(number))
    assert (reader.outbox.waiting, reader.outbox.count) == (900, 9)
    reader.read(5)
    assert reader.outbox.put(event(10))
    reader.read(100)
    assert reader.numbers == list(range(11))
    assert reader.got == [event(number) for number in range(11)]
    assert (reader.outbox.waiting, reader.outbox.dropped) == (0, 0)


def test_a_file_has_its_limit_too() -> None:
    reader = Reader(limit=100, when_full="spill", spill_limit=300)
    assert [reader.outbox.put(event(number)) for number in range(5)] == [True] * 4 + [False]
    reader.outbox.stopProducing()


def test_without_a_file_the_connection_is_given_up(tmp_path: Path) -> None:
    reader = Reader(limit=100, when_full="spill", folder=tmp_path / "gone")
    assert [reader.outbox.put(event(number)) for number in range(3)] == [True, True, False]
    assert reader.outbox.dropped == 1


def test_an_event_larger_than_the_limit_waits_alone() -> None:
    reader = Reader(limit=300)
    for number, size in enumerate((100, 100, 1000)):
        reader.outbox.put(event(number, size))
    reader.read(10)
    assert reader.numbers == [0, 2]


def test_what_waits_ends_with_the_connection() -> None:
    reader = Reader(limit=100, when_full="spill")
    for number in range(5):
        reader.outbox.put(event(number))
    reader.outbox.stopProducing()
    assert (reader.outbox.waiting, reader.outbox.dropped) == (0, 4)
    assert reader.outbox.put(event(5))
    reader.read(10)
    assert reader.numbers == [0]


@given(
    steps=st.lists(st.one_of(st.integers(1, 400), st.integers(-5, -1)), max_size=60),
    limit=st.integers(0, 1500),
    when_full=st.sampled_from(WHEN_FULL),
)
def test_order_is_kept_and_the_bound_too(steps: list[int], limit: int, when_full: str) -> None:
    reader = Reader(limit=limit, when_full=when_full)
    put, largest = 0, 0
    for step in steps:
        if step < 0:
            reader.read(-step)
        else:
            largest = max(largest, step + 4)
            reader.outbox.put(event(put, step + 8))
            put += 1
        assert reader.outbox._queued <= max(limit, largest + 4)
    reader.read(1000)
    assert reader.numbers == sorted(set(reader.numbers))
    assert len(reader.numbers) + reader.outbox.dropped == put


@pytest.mark.parametrize("when_full", WHEN_FULL)
def test_what_waits_is_one_document_for_all(when_full: str) -> None:
    readers = [Reader(limit=10**6, when_full=when_full) for _ in range(3)]
    one = event(1, 10_000)
    for reader in readers:
        reader.outbox.pauseProducing()
        reader.outbox.put(one)
        reader.read(1)
    assert {id(reader.got[0]) for reader in readers} == {id(one)}


def test_all_files_together_have_a_limit_too_and_give_their_room_back(tmp_path: Path) -> None:
    disk = Disk(700)
    one, other = (Reader(limit=0, when_full="spill", folder=tmp_path, disk=disk) for _ in range(2))
    for reader in (one, other):
        reader.outbox.pauseProducing()
    assert [one.outbox.put(event(n)) for n in range(4)] == [True] * 4
    assert disk.taken > 400
    assert [other.outbox.put(event(n)) for n in range(2)] == [True, False]
    one.read(10)
    assert one.numbers == [0, 1, 2, 3]
    assert [other.outbox.put(event(n)) for n in range(2, 5)] == [True] * 3
    other.outbox.stopProducing()
    assert disk.taken == 0


def test_a_file_on_a_full_disk_takes_no_room_for_what_it_has_not_got(tmp_path: Path, monkeypatch) -> None:
    disk = Disk(700)
    reader = Reader(limit=0, when_full="spill", folder=tmp_path, disk=disk)
    reader.outbox.pauseProducing()
    monkeypatch.setattr(os, "pwrite", lambda *_: 10)  # as much as there was room for
    assert not reader.outbox.put(event(1))
    assert disk.taken == 0
    reader.outbox.stopProducing()
