"""Waits: what the standard bounds is within its bounds, and the times between attempts grow."""

from random import Random

from gateway.vtp.timers import MAX_BACKOFF, MAX_QUIET, TIMERS, Backoff


def test_the_bounds_of_the_standard() -> None:
    assert MAX_QUIET <= 90
    # A subscriber must outlast a broker that asks as late as it may, and its answer's way.
    assert TIMERS.idle > 90
    # Nobody waits for a receipt longer than the other end works on it... and still gets one: it may send again.
    assert TIMERS.frame < TIMERS.answer


def test_waits_are_geometric() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.wait() for _ in range(13)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024]


def test_chance_shortens_them_by_half_at_most() -> None:
    random = Random(1)
    backoff, plain = Backoff(random.random), Backoff(lambda: 0.0)
    for _ in range(50):
        wait, longest = backoff.wait(), plain.wait()
        assert longest / 2 < wait <= longest <= MAX_BACKOFF


def test_only_a_connection_that_lasted_begins_anew() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.wait(lasted) for lasted in (0, 0, 0.5, 59.9, 60, 0)] == [1, 2, 4, 8, 1, 2]


def test_the_longest_wait_can_be_another() -> None:
    backoff = Backoff(lambda: 0.0, longest=3)
    assert [backoff.wait() for _ in range(4)] == [1, 2, 3, 3]
