"""Who may connect: from which networks, and how many at a time.

Rules
1. Who is not let in hears nothing: the connection is closed (VTP-50).
2. A network is ``192.0.2.0/24``, ``2001:db8::/32`` or one address. There is a list for authors and one for
   subscribers; without one anybody may come, to an address that is loopback unless the operator said otherwise.
3. An IPv4 address in IPv6's clothes (``::ffff:192.0.2.1``) is that IPv4 address.
4. Connections are counted for each role, and in it for each address, those of IPv6 for each ``/64``: that is what one
   customer of a network has.
5. A socket file has no address. Who may open it is said by its mode, so lists and the count of an address leave it
   alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.errors import SettingsError

__all__ = ["MAX_CONNECTIONS", "MAX_PER_ADDRESS", "Door", "Network", "Room", "customer", "networks"]

MAX_CONNECTIONS = 1000
"""Connections of a role at a time, if there are so many descriptors (`gateway.transports.vtp.descriptors`). Each
may hold a frame and a queue; the Rubin documents speak of 100 users."""

MAX_PER_ADDRESS = 100
"""Connections from one address at a time: an observatory behind one address has many clients, and nobody all
places."""

Network = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a list (rule 2); all there are for an empty one. Raises SettingsError (settings-value)."""
    try:
        return tuple(ip_network(text.strip()) for text in texts) or EVERYWHERE
    except ValueError:
        raise SettingsError(
            "settings-value",
            "A network is an address with the number of its fixed bits, such as 192.0.2.0/24 or 2001:db8::/32, "
            "and all other bits are 0.",
        ) from None


class Room:
    """The places of one role, whatever the addresses are at which it is taken: `total`, and `per_address` of them for
    those who come from one address. `inside` are taken."""

    def __init__(self, total: int = MAX_CONNECTIONS, per_address: int = MAX_PER_ADDRESS) -> None:
        self._total, self._per_address = total, per_address
        self._taken: Counter[str] = Counter()
        self.inside = 0

    def enter(self, host: str | None) -> str | None:
        """Take a place. When there is none, why: ``total`` or ``address``."""
        if self.inside >= self._total:
            return "total"
        if host is not None and self._taken[customer(host)] >= self._per_address:
            return "address"
        self.inside += 1
        if host is not None:
            self._taken[customer(host)] += 1
        return None

    def leave(self, host: str | None) -> None:
        """Give a place back."""
        self.inside -= 1
        if host is not None:
            self._taken[customer(host)] -= 1
            if not self._taken[customer(host)]:
                del self._taken[customer(host)]


class Door:
    """Lets connections into a room, from some networks, and counts in `refused` those that it does not."""

    def __init__(self, allowed: Iterable[Network] = EVERYWHERE, room: Room | None = None) -> None:
        self._allowed = tuple(allowed)
        self._room = room or Room()
        self.refused: Counter[str] = Counter()

    def enter(self, host: str | None) -> str | None:
        """Let somebody in. When not, why: ``network``, ``total`` or ``address``.

        host : the address, None for a socket file
        """
        known = host is None or any(_address(host) in network for network in self._allowed)
        reason = self._room.enter(host) if known else "network"
        if reason is not None:
            self.refused[reason] += 1
        return reason

    def leave(self, host: str | None) -> None:
        """Who was let in goes."""
        self._room.leave(host)


@lru_cache(maxsize=MAX_CONNECTIONS)
def _address(host: str) -> IPv4Address | IPv6Address:
    """Rule 3. The zone of a link-local address says on which cable, and belongs to no network."""
    address = ip_address(host.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


@lru_cache(maxsize=MAX_CONNECTIONS)
def customer(host: str) -> str:
    """Whose connection this is (rule 4)."""
    address = _address(host)
    return str(address) if address.version == 4 else str(IPv6Network((address, 64), strict=False))
