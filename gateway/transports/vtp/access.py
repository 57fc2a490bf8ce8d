"""Who may connect: from which networks, and how many at a time.

Rules
1. Who is not let in hears nothing: the connection is closed (VTP-50).
2. A network is ``192.0.2.0/24``, ``2001:db8::/32`` or one address. There is a list for authors and one for
   subscribers; without one anybody may come, to an address that is loopback unless the operator said otherwise.
3. An IPv4 address in IPv6's clothes (``::ffff:192.0.2.1``) is that IPv4 address.
4. Connections are counted for each address, those of IPv6 for each ``/64``: that is what one customer of a network
   has.
5. A socket file has no address. Who may open it is said by its mode, so lists and the count of an address leave it
   alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.errors import SettingsError

__all__ = ["MAX_CONNECTIONS", "MAX_PER_ADDRESS", "Door", "Network", "networks"]

MAX_CONNECTIONS = 1000
"""Connections of a role at a time. Each may hold a frame and a queue, and the system gives a process 1024 files
unless it is asked for more; the Rubin documents speak of 100 users."""

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


class Door:
    """Lets connections of one role in, and counts who is in."""

    def __init__(
        self,
        allowed: Iterable[Network] = EVERYWHERE,
        *,
        total: int = MAX_CONNECTIONS,
        per_address: int = MAX_PER_ADDRESS,
    ) -> None:
        self._allowed = tuple(allowed)
        self._total, self._per_address = total, per_address
        self._inside: Counter[str] = Counter()
        self.inside = 0
        self.refused: Counter[str] = Counter()

    def enter(self, host: str | None) -> str | None:
        """Let somebody in. When not, why: ``network``, ``total`` or ``address``, which is counted in `refused`.

        host : the address, None for a socket file
        """
        reason = self._against(host)
        if reason is not None:
            self.refused[reason] += 1
            return reason
        self.inside += 1
        if host is not None:
            self._inside[_customer(host)] += 1
        return None

    def leave(self, host: str | None) -> None:
        """Who was let in goes."""
        self.inside -= 1
        if host is not None:
            customer = _customer(host)
            self._inside[customer] -= 1
            if not self._inside[customer]:
                del self._inside[customer]

    def _against(self, host: str | None) -> str | None:
        if host is not None and not self._is_allowed(host):
            return "network"
        if self.inside >= self._total:
            return "total"
        if host is not None and self._inside[_customer(host)] >= self._per_address:
            return "address"
        return None

    def _is_allowed(self, host: str) -> bool:
        address = _address(host)
        return any(address in network for network in self._allowed)


@lru_cache(maxsize=MAX_CONNECTIONS)
def _address(host: str) -> IPv4Address | IPv6Address:
    """Rule 3. The zone of a link-local address says on which cable, and belongs to no network."""
    address = ip_address(host.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


@lru_cache(maxsize=MAX_CONNECTIONS)
def _customer(host: str) -> str:
    """Rule 4."""
    address = _address(host)
    return str(address) if address.version == 4 else str(IPv6Network((address, 64), strict=False))
