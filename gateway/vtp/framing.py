"""Frames: each message is its length and then its bytes (VTP-01).

Rules
1. The length is four bytes, unsigned, the most significant first. It counts the payload only.
2. A length is believed only after it is compared with the limit, and memory is taken for bytes that have come,
   never for bytes that a length announces.
3. Length 0 is an error, for no message is empty; so is a length over the limit. What else the four bytes look like
   (a length the wrong way round, text, TLS) is said, because that is what has to be mended.
4. After an error nothing more can be read: it is not known where the next frame begins. Good frames that came
   before it are still given.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import VTPError

__all__ = ["MAX_FRAME", "Frames", "frame"]

MAX_FRAME = 99_999
"""Bytes of the largest message sent or taken unless told otherwise: the standard names none (VTP-02), and the broker
Comet drops a connection on which more arrives. Of a million historic VOEvents the largest has 7980."""

_PREFIX = 4

# What some four bytes are that were meant as something else (rule 3).
_LOOKS = {
    b"<": "The message comes without its length before it.",
    b"GET ": "The peer speaks HTTP.",
    b"POST": "The peer speaks HTTP.",
    b"SSH-": "The peer speaks SSH.",
    b"\x16\x03\x01": "The peer speaks TLS, and this end of the connection does not.",
    b"\x15\x03": "The peer speaks TLS, and this end of the connection does not.",
}


def frame(payload: bytes, limit: int = MAX_FRAME) -> bytes:
    """The bytes that say a message. Raises VTPError (vtp-length) when it is empty or longer than `limit`."""
    if not 0 < len(payload) <= limit:
        raise VTPError(
            "vtp-length", f"The message has {len(payload)} bytes; 1 to {limit} can be sent.", clause="VTP-02"
        )
    return len(payload).to_bytes(_PREFIX, "big") + payload


class Frames:
    """Takes bytes as they come and gives whole payloads."""

    __slots__ = ("_buffer", "broken", "limit")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self.limit = limit
        self.broken = False

    @property
    def pending(self) -> int:
        """Bytes that have come of a message that is not whole."""
        return len(self._buffer)

    def receive(self, data: bytes) -> Iterator[bytes]:
        """The payloads that are whole with these bytes; those that are not taken are given next time.

        Raises VTPError (vtp-length), after the payloads that came before the bad length, and from then on always.
        """
        if not self.broken:
            self._buffer += data
        return self._whole()

    def _whole(self) -> Iterator[bytes]:
        buffer = self._buffer
        while len(buffer) >= _PREFIX:
            length = int.from_bytes(buffer[:_PREFIX], "big")
            if not 0 < length <= self.limit:
                self.broken = True
                raise _bad_length(bytes(buffer[:_PREFIX]), self.limit)
            end = _PREFIX + length
            if len(buffer) < end:
                return
            payload = bytes(memoryview(buffer)[_PREFIX:end])
            del buffer[:end]
            yield payload


def _bad_length(prefix: bytes, limit: int) -> VTPError:
    """Rule 3. The number itself is told: it is of the protocol, not of an event."""
    length = int.from_bytes(prefix, "big")
    what = "The length is 0." if length == 0 else f"The length is {length}; the limit is {limit}."
    if 0 < int.from_bytes(prefix, "little") <= limit:
        what = "The length has its least significant byte first; it must be the other way round."
    for start, looks in _LOOKS.items():
        if prefix.startswith(start):
            what = looks
    return VTPError("vtp-length", what, clause="VTP-01")
