"""gateway.workers: answers in order whoever works, and no process left behind."""

import os
import signal
import time
from itertools import count
from multiprocessing import active_children

import pytest

from gateway.errors import LimitError
from gateway.workers import MAX_UNDER_WAY, shared

DEADLINE = 60
"""Seconds after which another process must have taken a load."""


def who(_job):
    return lambda load: (load, os.getpid())


def large(_job):
    """Loads and answers that no pipe holds."""
    return lambda load: (load[0], os.getpid(), load[1])


def deadly(parent):
    def work(_load):
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    return work


def faulty(parent):
    def work(_load):
        if os.getpid() != parent:
            raise ZeroDivisionError
        return os.getpid()

    return work


def endless(item=lambda number: number):
    """Loads for as long as a process may take to start."""
    end = time.monotonic() + DEADLINE
    for number in count():
        assert time.monotonic() < end, "no other process took a load"
        yield item(number)


def until_others_worked(answers, number):
    """The answers until there are so many of others."""
    found, others = [], 0
    while others < number:
        found.append(next(answers))
        others += found[-1][1] != os.getpid()
    return found


def broken(_job):
    raise LimitError("limit-size", "No.")


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_answers_come_in_order(processes):
    assert [load for load, _ in shared(range(50), who, None, processes)] == list(range(50))


def test_others_take_part_and_the_order_stays():
    answers = shared(endless(), who, None, 3)
    found = until_others_worked(answers, 200)
    assert [load for load, _ in found] == list(range(len(found)))
    answers.close()


def test_nobody_waits_for_a_listener():
    content = bytes(500_000)
    answers = shared(endless(lambda number: (number, content)), large, None, 2)
    found = until_others_worked(answers, 5 * MAX_UNDER_WAY)
    assert [answer[0] for answer in found] == list(range(len(found)))
    assert all(answer[2] == content for answer in found)
    answers.close()


def test_the_last_answers_are_waited_for():
    given, others = [], []

    def loads():
        for load in endless():
            if others:
                return
            given.append(load)
            yield load

    answered = []
    for load, process in shared(loads(), who, None, 2):
        answered.append(load)
        if process != os.getpid():
            others.append(process)
    assert answered == given


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_a_worker_that_the_system_ends_is_told():
    with pytest.raises(LimitError) as error:
        list(shared(endless(), deadly, os.getpid(), 2))
    assert error.value.code == "limit-memory"


def test_a_worker_that_fails_is_told(capfd):
    with pytest.raises(RuntimeError, match="failed"):
        list(shared(endless(), faulty, os.getpid(), 2))
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_mistake_in_the_job_is_raised_before_others_are_started(capfd):
    with pytest.raises(LimitError):
        list(shared(endless(), broken, None, 2))
    assert not active_children()
    assert not capfd.readouterr().err


def test_no_more_are_started_than_there_are_loads():
    answers = shared(range(2), who, None, 50)
    next(answers)
    assert len(active_children()) <= 2
    assert len(list(answers)) == 1
    assert not active_children()


def test_nobody_is_left_behind():
    answers = shared(endless(), who, None, 3)
    until_others_worked(answers, 1)
    assert len(active_children()) == 2
    answers.close()
    assert not active_children()
