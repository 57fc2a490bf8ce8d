"""A plugin of pytest for the run of one mutant.

Rules
1. Of the tests that reach a function its mutants have the quickest, up to `BUDGET` seconds: what only a slow test
   would notice wants a quick one. A mutant that makes them take `LIMIT` seconds of CPU does not end in time.
2. Mutants are forked from a process that has collected the tests, so what the code as it is has cached is forgotten.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from pathlib import Path
from time import process_time

import pytest

BUDGET, LIMIT = 8, 40
STATISTICS = Path("mutmut-stats.json")
"""What mutmut measured before the first mutant; beside the mutated code, where the tests are run."""


def quickest(tests: list[str]) -> list[str]:
    """Rule 1. To a tenth of a second, so that most tests stay beside those that share their fixtures."""
    durations = json.loads(STATISTICS.read_text("utf-8"))["duration_by_test"]
    chosen: list[str] = []
    spent = 0.0
    for test in sorted(tests, key=lambda test: (round(durations[test], 1), test)):
        spent += durations[test]
        if chosen and spent > BUDGET:
            break
        chosen.append(test)
    return chosen


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tests; those of the statistics, and of no mutant, are given by their folder."""
    gc.freeze()  # pytest looks for garbage at its end, in a fork that is about to end too
    if "::" in config.args[0]:
        config.args = quickest(config.args)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + LIMIT, hard))


def pytest_collection_finish() -> None:
    """Rule 2."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gateway.policy"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
