"""The relay: what becomes of one event between the socket it came from and those it goes to.

What this package is not: a socket, a file or a clock (`gateway.transports` has them). It does not know who is
connected; it says what an event is for somebody who is, and never reads what the policy has not released.

    relay       Relay: check, policy, blanket filter; what it refuses it says why
    offer       Offer: an event that may go on, in the forms in which audiences get it, each made once
    interest    Interest: what one connection takes
    testevent   the event that says that a broker is alive
"""

from gateway.relay.interest import Interest
from gateway.relay.offer import Offer
from gateway.relay.relay import Relay, packet_of

__all__ = ["Interest", "Offer", "Relay", "packet_of"]
