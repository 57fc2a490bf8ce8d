"""Who may connect: networks of both kinds of IP, and how many at a time."""

import pytest

from gateway.errors import SettingsError
from gateway.transports.vtp.access import Door, Room, networks


@pytest.mark.parametrize(
    ("lists", "host", "admitted"),
    [
        ([], "192.0.2.1", True),
        ([], "2001:db8::1", True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.0/24"], "2001:db8::1", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.7", True),
        (["2001:db8::/32"], "2001:db8:ffff::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::/32"], "192.0.2.1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", True),
        (["192.0.2.0/24"], None, True),
    ],
)
def test_who_is_on_a_list_may_enter(lists: list[str], host: str | None, admitted: bool) -> None:
    assert Door(networks(lists)).enter(host) == (None if admitted else "network")


@pytest.mark.parametrize("text", ["", "everybody", "192.0.2.1/24", "192.0.2.0/33", "example.org"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.0/24"):
        networks([text])


def test_places_are_counted_in_all_and_for_each_address() -> None:
    door = Door(room=(room := Room(3, 2)))
    assert [door.enter("192.0.2.1") for _ in range(3)] == [None, None, "address"]
    assert [door.enter("192.0.2.2"), door.enter("192.0.2.3")] == [None, "total"]
    assert (room.inside, dict(door.refused)) == (3, {"address": 1, "total": 1})
    door.leave("192.0.2.1")
    assert [door.enter("192.0.2.1"), door.enter("192.0.2.1")] == [None, "total"]


def test_the_doors_of_a_role_share_its_room() -> None:
    room = Room(3, 2)
    one, other = Door(room=room), Door(room=room)
    assert [one.enter("192.0.2.1"), other.enter("192.0.2.1"), other.enter("192.0.2.1")] == [
        None,
        None,
        "address",
    ]
    one.leave("192.0.2.1")
    assert other.enter("192.0.2.1") is None
    assert (one.refused, other.refused["address"]) == ({}, 1)


def test_one_customer_has_a_64_of_ipv6() -> None:
    door = Door(room=Room(per_address=1))
    assert door.enter("2001:db8::1") is None
    assert door.enter("2001:db8::ffff:1") == "address"
    assert door.enter("2001:db8:0:1::1") is None


def test_a_socket_file_counts_in_all_only() -> None:
    door = Door(room=Room(2, 1))
    assert [door.enter(None), door.enter(None), door.enter(None)] == [None, None, "total"]
    door.leave(None)
    assert door.enter(None) is None


def test_addresses_that_are_gone_are_forgotten() -> None:
    door = Door(room=(room := Room()))
    for number in range(1000):
        door.enter(f"192.0.2.{number % 250}")
        door.leave(f"192.0.2.{number % 250}")
    assert (room.inside, len(room._taken)) == (0, 0)
