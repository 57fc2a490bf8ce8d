"""``python -m mutation``: run mutmut where it stopped, print what survived, fail when that is too much.

Rules
1. A mutant is killed when a test fails, when the tests cannot even be collected, or when they do not end in time.
   One that survives, and one that no test reaches, count against the score; one that was not run yet does not.
2. What was decided stays decided until the function changes; `--again` puts the survivors to the tests once more,
   and to slower ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from mutation import plugin

SOURCES = Path("gateway/policy")
MUTANTS = Path("mutants")
LEAST = 90.0
"""Per cent of the mutants that have to be killed."""

OUTCOMES: dict[int | None, str] = {
    None: "not run",
    3: "not run",  # pytest itself failed, and nothing is known
    0: "survived",
    33: "no test",  # mutmut's own, as is 36
    5: "no test",
    36: "timeout",
    24: "timeout",
    -24: "timeout",  # SIGXCPU
    -9: "timeout",
    255: "timeout",
}
COLUMNS = ("killed", "timeout", "survived", "no test", "not run")
SURVIVORS = ("survived", "no test")


def outcome(code: int | None) -> str:
    """What the exit status of the tests says of a mutant (rule 1)."""
    return OUTCOMES.get(code, "killed")


def named(modules: Iterable[str]) -> Iterator[Path]:
    """The files of modules such as ``rule``, ``alerts.judge`` or ``events``; all for none."""
    for name in modules or ("",):
        path = SOURCES.joinpath(*filter(None, name.split(".")))
        files = (
            [path.with_suffix(".py")] if name and path.with_suffix(".py").is_file() else path.rglob("*.py")
        )
        yield from sorted(file for file in files if file.name != "__init__.py")


def decided(file: Path) -> dict[str, int | None]:
    """The exit status by mutant of a module, as far as its mutants have been made."""
    meta = MUTANTS / f"{file}.meta"
    if not meta.is_file():
        return {}
    codes: dict[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    return codes


def changed(file: Path) -> bool:
    """Whether a module changed since its mutants were made."""
    mutated = MUTANTS / file
    return not mutated.is_file() or file.stat().st_mtime >= mutated.stat().st_mtime


def wanted(files: list[Path], again: bool) -> Iterator[str]:
    """The mutants to run by rule 2: their names, or a pattern for all of a module."""
    for file in files:
        codes = decided(file)
        chosen = [
            name for name, code in codes.items() if outcome(code) in (SURVIVORS if again else ("not run",))
        ]
        # A pattern also where there is nothing to spare: mutmut compares each mutant with each name.
        if not again and (changed(file) or len(chosen) == len(codes)):
            yield ".".join(file.with_suffix("").parts) + ".x*"
        else:
            yield from chosen


def report(files: list[Path]) -> bool:
    """Print the survivors and the table; whether enough was killed."""
    rows: dict[str, Counter[str]] = {}
    for file in files:
        codes = decided(file)
        rows[file.relative_to(SOURCES).as_posix()] = Counter(map(outcome, codes.values()))
        for name in (name for name, code in codes.items() if outcome(code) in SURVIVORS):
            click.echo(f"survived: {name}")
    rows["all"] = sum(rows.values(), Counter())
    click.echo(f"\n| Module | Mutants | {' | '.join(COLUMNS)} | per cent killed |")
    click.echo("|---|" + "---|" * (len(COLUMNS) + 2))
    for name, row in rows.items():
        cells = (name, row.total(), *(row[column] for column in COLUMNS), f"{score(row):.1f}")
        click.echo(f"| {' | '.join(map(str, cells))} |")
    click.echo("\nTo see what a mutant is: mutmut show NAME")
    return score(rows["all"]) >= LEAST


def score(row: Counter[str]) -> float:
    """Per cent killed of what was run."""
    run = row.total() - row["not run"]
    return 100 * (row["killed"] + row["timeout"]) / run if run else 100.0


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--again", is_flag=True, help="Put the survivors to the tests once more, and to slower ones.")
@click.option("--report", "only_report", is_flag=True, help="Run nothing.")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
def main(modules: tuple[str, ...], again: bool, only_report: bool, jobs: int) -> None:
    """Mutate the MODULES of gateway/policy (rule, alerts.judge, events), or all, and test."""
    files = list(named(modules))
    if not only_report and (names := list(wanted(files, again))):
        command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(jobs), *names]
        budget = plugin.AGAIN if again else plugin.BUDGET
        environment = os.environ | {"HYPOTHESIS_PROFILE": "mutation", "MUTATION_BUDGET": str(budget)}
        if subprocess.run(command, env=environment, check=False).returncode:
            raise click.ClickException("mutmut stopped; what it says above is why.")
    if not report(files):
        raise click.ClickException(
            f"Less than {LEAST:.0f} per cent killed. Write the tests that are missing."
        )


if __name__ == "__main__":
    main()
