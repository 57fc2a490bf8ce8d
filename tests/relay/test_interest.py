"""What one connection takes: roles, filters and versions it asks for, within what the operator grants and the
allowance of its address pays."""

from datetime import UTC, datetime

import pytest

from gateway.codecs.voevent import encode
from gateway.errors import LimitError
from gateway.filters.xpath import Allowances, Filter, FilterSet
from gateway.filters.xpath.allowance import MAX_BURST, MAX_KNOWN, MAX_RATE, PAUSE, READING
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import Param, VOEvent, What, Who
from gateway.policy.engine import Policy
from gateway.relay import Interest, Offer, Relay, packet_of
from gateway.vtp.events import Wanted

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RELAY = Relay(Policy(clock=lambda: NOW), Provenance(Origin.EXTERNAL))
COSTLY = "//*[count(//*[@a]) > {}]"
"""Of the degree that is still taken."""


def offer(role: str = "observation") -> Offer:
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    what = What(tuple(Param(f"p{number}", str(number)) for number in range(100)))
    return RELAY.take(packet_of(encode(VOEvent("2.0", "ivo://org.example/events#1", role, who, what))))


OFFER = offer()


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Address:
    """Connections of one address."""

    def __init__(self, allowances: Allowances, name: str = "192.0.2.1") -> None:
        self._of = lambda: allowances.of(name)

    def asks(self, *xpaths: str) -> Interest:
        interest = Interest(allowance=self._of)
        interest.ask(Wanted(xpaths))
        return interest


def takes(interest: Interest, one: Offer | None = None) -> bool:
    return interest.of(one or OFFER, NOW) is not None


# Roles


def test_a_peer_gets_the_roles_that_it_asks_for() -> None:
    interest = Interest()
    interest.ask(Wanted(roles=("test", "utility")))
    taken = {role: takes(interest, offer(role)) for role in ("observation", "prediction", "utility", "test")}
    assert taken == {"observation": False, "prediction": False, "utility": True, "test": True}
    interest.ask(Wanted())  # each answer replaces the last
    assert takes(interest)


def test_and_none_that_the_operator_does_not_grant() -> None:
    interest = Interest(roles=frozenset({"observation"}))
    interest.ask(Wanted(roles=("observation", "test")))
    assert interest.roles == {"observation"}
    interest.ask(Wanted(roles=("test",)))
    assert not takes(interest, offer("test"))
    assert not takes(interest)
    assert interest.news() is None


def test_a_role_that_there_is_not_closes_the_connection_to_everything() -> None:
    interest = Interest()
    interest.ask(Wanted(("true()",), roles=("observation", "rehearsal")))
    assert not takes(interest)
    said = interest.news()
    assert said is not None
    assert "observation, prediction, utility, test" in said
    assert "rehearsal" not in said
    interest.ask(Wanted(("true()",), roles=("observation",)))
    assert takes(interest)


def test_an_event_that_filters_cannot_read_passes_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(data: bytes) -> None:
        raise LimitError("limit-size", "It is too large.")

    interest = Interest()
    interest.ask(Wanted(("true()",)))
    before, again = RELAY.counts["limit-size"], offer()
    monkeypatch.setattr("gateway.filters.xpath.tree.safexml.parse", too_large)
    assert not takes(interest, again)
    assert not takes(interest, again)
    assert RELAY.counts["limit-size"] == before + 1
    assert takes(Interest(), again)


# The allowance


def used_up(address: Address) -> int:
    """Use up an allowance with filters that nobody has asked before; how many that took."""
    number = 0
    while True:
        interest = address.asks(*(COSTLY.format(number + n) for n in range(10)))
        takes(interest, offer())
        if interest.used_up:
            return number
        number += 10
        assert number < 10_000


def test_the_connections_of_one_address_share_an_allowance_and_nobody_else_is_touched() -> None:
    clock = Clock()
    allowances = Allowances(clock)
    greedy, other = Address(allowances), Address(allowances, "192.0.2.2")
    early, free, elsewhere = greedy.asks("//Param[@name='p1']"), greedy.asks(), other.asks("//Param")
    assert takes(early)
    assert used_up(greedy) > 0
    assert not takes(early)
    assert takes(free)  # it has no filters
    assert takes(elsewhere)
    said = early.news()
    assert said is not None
    assert "used up" in said
    assert "[filter-cost]" in said
    assert not takes(early)
    assert early.news() is None  # it is told once
    assert (elsewhere.news(), free.news()) == (None, None)
    assert allowances.closings == 1
    clock.now += PAUSE
    assert takes(early)


def test_what_is_asked_for_meanwhile_is_read_when_it_can_be_paid_for() -> None:
    clock = Clock()
    allowances = Allowances(clock)
    greedy = Address(allowances)
    used_up(greedy)
    left = allowances.of("192.0.2.1")._left
    late = greedy.asks("//Param[@name='p1']")
    assert "used up" in (late.news() or "")
    assert allowances.of("192.0.2.1")._left == left  # not a character has been read
    assert not takes(late)
    late.ask(Wanted())  # and who asks for no filter after all need not wait
    assert takes(late)
    late.ask(Wanted(("//Param[@name='p1']", "//[")))
    assert not takes(late)
    clock.now += PAUSE
    assert not takes(late)
    assert "filter-syntax" in (late.news() or "")
    late.ask(Wanted(("//Param[@name='p1']",)))
    assert takes(late)


def test_asking_them_costs_for_each_event() -> None:
    clock = Clock()
    allowances = Allowances(clock)
    interest = Address(allowances).asks(*(COSTLY.format(n) for n in range(10)))
    clock.now += 60  # what it took to read them is forgotten
    count = 0
    while takes(interest, offer()) or not allowances.closings:
        count += 1
        assert count < 1000
    assert count > 1
    assert not takes(interest, offer())


def test_reading_filters_costs_too() -> None:
    allowances = Allowances(Clock())
    address = Address(allowances)
    text = "//a" + " " * 900
    for _ in range(MAX_BURST // (READING * 10 * len(text)) + 1):
        assert not allowances.closings
        address.asks(*[text] * 10)
    assert allowances.closings == 1


def test_an_allowance_refills_and_is_never_more_than_full() -> None:
    clock = Clock()
    one = Allowances(clock).of("192.0.2.1")
    one.pay(MAX_BURST)
    assert one.is_open
    clock.now += 1
    one.pay(MAX_RATE)
    assert one.is_open
    clock.now += 3600
    one.pay(MAX_BURST)
    assert one.is_open
    one.pay(1)
    assert not one.is_open
    clock.now += PAUSE - 1
    one.pay(MAX_BURST)
    assert (one.is_open, one.closings) == (False, 1)


def test_the_filter_of_the_operator_costs_nobody_anything() -> None:
    allowances = Allowances(Clock())
    one = allowances.of("192.0.2.1")
    blanket = FilterSet(blanket=Filter(COSTLY.format("-1")))
    interest = Interest(filters=blanket, allowance=lambda: one)
    interest.ask(Wanted(("true()",)))
    before = one._left
    assert takes(interest, offer())
    assert before - one._left < 20


def test_who_comes_back_finds_the_allowance_as_it_was_and_what_is_full_is_forgotten() -> None:
    clock = Clock()
    allowances = Allowances(clock)
    used_up(Address(allowances))
    for number in range(3 * MAX_KNOWN):
        assert allowances.of(f"2001:db8:0:{number:x}::/64").is_open
    assert not allowances.of("192.0.2.1").is_open
    assert len(allowances._known) <= MAX_KNOWN + 1
    clock.now += PAUSE
    for number in range(3 * MAX_KNOWN):
        allowances.of(f"2001:db8:1:{number:x}::/64")
    assert allowances.closings == 1


@pytest.mark.parametrize("count", [1, 100])
def test_typical_filters_of_many_clients_stay_within_the_allowance(count: int) -> None:
    """A visit of LSST: twenty events at once, for as many clients behind one address as there may be."""
    allowances = Allowances(Clock())
    address = Address(allowances)
    clients = [address.asks(f"//Param[@name='p{n}' and @value > 2]") for n in range(count)]
    for _ in range(20):
        visit = offer()
        for client in clients:
            takes(client, visit)
    assert allowances.closings == 0
