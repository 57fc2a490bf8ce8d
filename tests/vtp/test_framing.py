"""Frames: what went in comes out, and no length is believed before it is compared with the limit."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import VTPError
from gateway.vtp.framing import MAX_FRAME, Frames, frame

PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


@given(PAYLOADS, st.lists(st.integers(0, 200), max_size=6))
def test_payloads_come_out_as_they_went_in(payloads: list[bytes], places: list[int]) -> None:
    stream, frames = b"".join(map(frame, payloads)), Frames()
    cuts = pairwise([0, *sorted(min(place, len(stream)) for place in places), len(stream)])
    assert [whole for first, last in cuts for whole in frames.receive(stream[first:last])] == payloads
    assert frames.pending == 0


def test_a_frame_is_a_length_and_a_payload() -> None:
    assert frame(b"<a/>") == b"\0\0\0\4<a/>"


def test_what_is_not_taken_is_given_next_time() -> None:
    frames = Frames()
    frames.receive(frame(b"a") + frame(b"b"))
    assert frames.pending == 10
    assert next(frames.receive(b"")) == b"a"
    assert list(frames.receive(frame(b"c"))) == [b"b", b"c"]


BAD = {
    b"\0\0\0\0": "The length is 0.",
    b"\xff\xff\xff\xff": "The length is 4294967295; the limit is 99999.",
    b"\0\1\x86\xa0": "The length is 100000; the limit is 99999.",
    b"\x64\0\0\0": "The length has its least significant byte first; it must be the other way round.",
    b"\x9f\x86\1\0": "The length has its least significant byte first; it must be the other way round.",
    b"<?xm": "The message comes without its length before it.",
    b"<voe": "The message comes without its length before it.",
    b"<VOE": "The message comes without its length before it.",
    b"GET ": "The peer speaks HTTP.",
    b"POST": "The peer speaks HTTP.",
    b"SSH-": "The peer speaks SSH.",
    b"\x16\3\1\2": "The peer speaks TLS, and this end of the connection does not.",
    b"\x15\3\3\0": "The peer speaks TLS, and this end of the connection does not.",
}


@pytest.mark.parametrize(("prefix", "sentence"), BAD.items())
def test_a_bad_length_is_said_to_be_what_it_is(prefix: bytes, sentence: str) -> None:
    frames = Frames()
    with pytest.raises(VTPError) as error:
        list(frames.receive(prefix))
    assert (error.value.code, error.value.message, error.value.clause) == ("vtp-length", sentence, "VTP-01")


def test_good_frames_come_before_a_bad_length_and_none_after_it() -> None:
    frames = Frames()
    payloads = frames.receive(frame(b"a") + bytes(4) + frame(b"b"))
    assert next(payloads) == b"a"
    with pytest.raises(VTPError):
        next(payloads)
    for more in (b"", frame(b"c")):
        with pytest.raises(VTPError):
            next(frames.receive(more))
    assert frames.broken
    assert frames.pending == len(bytes(4) + frame(b"b"))  # what came after that is not kept


@pytest.mark.parametrize("length", [1, MAX_FRAME])
def test_the_limit_is_a_length(length: int) -> None:
    assert list(Frames().receive(frame(bytes(length)))) == [bytes(length)]


@pytest.mark.parametrize("length", [0, MAX_FRAME + 1])
def test_what_no_peer_takes_is_not_sent(length: int) -> None:
    with pytest.raises(VTPError, match=f"has {length} bytes; 1 to 99999 can be sent"):
        frame(bytes(length))


def test_the_limit_can_be_another() -> None:
    long = frame(bytes(MAX_FRAME + 1), limit=2**20)
    assert list(Frames(limit=2**20).receive(long)) == [bytes(MAX_FRAME + 1)]
    with pytest.raises(VTPError, match="The length is 11; the limit is 10"):
        list(Frames(limit=10).receive(b"\0\0\0\x0b"))


def test_memory_is_taken_for_what_has_come() -> None:
    frames = Frames(limit=2**32 - 1)
    tracemalloc.start()
    try:
        assert list(frames.receive(b"\xff\xff\xff\xfe" + bytes(1000))) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frames.pending == 1004
    assert peak < 20_000
