"""The relay: what becomes of messages between the sockets that they came from and those they go to.

What this package is not: a socket, a file or a clock (`gateway.transports` has them). It does not know who is
connected; it says what an event is for somebody who is, and never reads what the policy has not released.

    relay       Relay: check, policy, blanket filter; what it refuses it says why
    offer       Offer: an event that may go on, in the forms in which audiences get it, each made once
    interest    Interest: what one connection takes
    testevent   the event that says that a broker is alive

    contract    what a source, a sink and a spool promise; message: what goes between them
    route       from a source through the policy to sinks; progress, in order; deadletter: what cannot go on
    delivery    a queue, patience and a spool before a sink; once: nothing twice, whichever worker sends it
    service     routes and deliveries, until they are told to stop
    metrics     the table of what is counted; status and pulse say how it goes
"""

from gateway.relay.interest import Interest
from gateway.relay.offer import Offer
from gateway.relay.relay import Relay, packet_of

__all__ = ["Interest", "Offer", "Relay", "packet_of"]
