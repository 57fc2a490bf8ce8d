"""Every decoder of the lower layers ends in a value or a documented error, whatever the bytes, and tells no value.

With Hypothesis always; with atheris, which is guided by coverage, where it can be imported. A long run is
``python tests/fuzz/atheris_run.py NAME``.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from decoders import TARGETS, run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import damages

NO_ATHERIS = "atheris is not here: pip install atheris (there is none for every Python)"


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_good(name: str) -> None:
    for seed in TARGETS[name][1]:
        if name != "schema":  # an empty record is none of its data
            assert run(name, seed)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_seeds(name: str) -> None:
    @settings(max_examples=150)
    @given(st.sampled_from(TARGETS[name][1]), st.lists(damages(), min_size=1, max_size=4))
    def check(data: bytes, blows: list[Callable[[bytes], bytes]]) -> None:
        for damage in blows:
            data = damage(data)
        run(name, data)

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_at_random(name: str) -> None:
    @settings(max_examples=50)
    @given(st.sampled_from(TARGETS[name][1]), st.integers(0, 24), st.binary(max_size=100))
    def check(seed: bytes, kept: int, data: bytes) -> None:
        run(name, seed[:kept] + data)

    check()


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason=NO_ATHERIS)
@pytest.mark.parametrize("name", TARGETS)
def test_guided_by_coverage(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("atheris_run.py")),
            name,
            "-runs=150",
            "-seed=1",
            "-max_len=300",
        ],
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:].decode(errors="replace")
    assert b"Done 150 runs" in done.stderr
