"""A plugin of pytest for the run of one mutant.

Rules
1. Of the tests that reach a function its mutants have those first that noticed another mutant of it, and then those
   that are quick and reach little else, up to `BUDGET` seconds; who survives has `AGAIN` seconds with ``--again``.
2. A mutant that makes them take `LIMIT` seconds of CPU does not end in time.
3. Mutants are forked from a process that has collected the tests, so what the code as it is has cached is forgotten.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from time import process_time

import pytest

BUDGET, AGAIN, LIMIT = 5.0, 30.0, 40
STATISTICS = Path("mutmut-stats.json")
"""What mutmut measured before the first mutant; beside the mutated code, where the tests are run."""
NOTICED = Path("noticed.txt")
"""Line by line a function and a test that noticed a mutant of it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a test costs: seconds, and how many functions it reaches."""

    seconds: float = 0.0
    reach: int = 0


@cache
def costs() -> dict[str, Cost]:
    """Test -> its cost; nothing of a new one. Read before mutants are forked, and then in all of them."""
    found = json.loads(STATISTICS.read_text("utf-8"))
    reach = Counter(chain.from_iterable(found["tests_by_mangled_function_name"].values()))
    return {test: Cost(seconds, reach[test]) for test, seconds in found["duration_by_test"].items()}


def function() -> str:
    """The name of the function of which a mutant is tested; empty when none is."""
    name, mark, _ = os.environ.get("MUTANT_UNDER_TEST", "").partition("__mutmut_")
    return name if mark else ""


def chosen(tests: list[str], noticed: set[str], budget: float) -> list[str]:
    """Rule 1. Each further test of a file counts as dearer, so that every file has its turn."""
    known = {test: costs().get(test, Cost()) for test in tests}
    turns: Counter[str] = Counter()
    order: list[tuple[bool, float, str]] = []
    # No test is free: collecting it, making its fixtures.
    for price, test in sorted((cost.reach * (cost.seconds + 0.05), test) for test, cost in known.items()):
        turns[file := test.partition("::")[0]] += 1
        order.append((test not in noticed, price * turns[file], test))
    found: list[str] = []
    spent = 0.0
    for _, _, test in sorted(order):
        spent += known[test].seconds
        if found and spent > budget:
            break
        found.append(test)
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tests; those of the statistics, and of no mutant, are given by their folder."""
    gc.freeze()  # pytest looks for garbage at its end, in a fork that is about to end too
    if os.environ.get("MUTANT_UNDER_TEST"):
        # Every call of a function of the policy asks the environment; in this process the answer stays the same.
        from mutmut.mutation import trampoline

        trampoline.get_mutant_under_test = cache(trampoline.get_mutant_under_test)
    if STATISTICS.is_file():
        costs()
    if "::" in config.args[0]:
        lines = NOTICED.read_text("utf-8").splitlines() if NOTICED.is_file() else []
        pairs = [line.split(" ", 1) for line in lines]
        noticed = {test for name, test in pairs if name == function()}
        config.args = chosen(config.args, noticed, float(os.environ.get("MUTATION_BUDGET", BUDGET)))
    if function():
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + LIMIT, hard))


def pytest_collection_finish() -> None:
    """Rule 3."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gateway.policy"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what noticed a mutant."""
    if report.failed and (name := function()):
        with NOTICED.open("a", encoding="utf-8") as file:
            file.write(f"{name} {report.nodeid}\n")
