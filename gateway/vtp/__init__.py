"""The VOEvent Transport Protocol (IVOA VTP 2.0) without input or output: bytes and moments in, events out.

What this package is not: a socket, a thread or a clock (`gateway.transports` has them), a judge of VOEvents (the
codec's `check` is), and not a memory of what was seen (it says by what an event is known: `identity`).

    framing      length + payload, and back
    transport    the Transport element: a value, its writing, its recognition without a parser
    messages     read(payload) -> Transport | Packet
    identity     which bytes of a payload are the event (VTP-41)
    events       what a session says has happened
    timers       how long anything is waited for; back-off
    session      a connection as a table of states and happenings, read by one piece of code
    author       sends one event and waits for the receipt          (to a broker)
    receiver     takes events and gives receipts                    (of a broker, from authors)
    broadcaster  sends events and keeps count of receipts           (of a broker, to one subscriber)
    subscriber   takes events and answers what it is asked          (from a broker)

Codes like VTP-31 are those of docs/standards.md.
"""

from gateway.vtp.author import Author
from gateway.vtp.broadcaster import Broadcaster
from gateway.vtp.framing import Frames, frame
from gateway.vtp.messages import Packet, read
from gateway.vtp.receiver import Receiver
from gateway.vtp.subscriber import Subscriber
from gateway.vtp.transport import Transport, write

__all__ = [
    "Author",
    "Broadcaster",
    "Frames",
    "Packet",
    "Receiver",
    "Subscriber",
    "Transport",
    "frame",
    "read",
    "write",
]
