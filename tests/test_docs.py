"""The documentation says what is: every example runs, every command, error and limit is on its page.

Rules
1. The lines of a ``console`` block that begin with ``$`` are run by a shell, in order, all blocks of a page in one
   folder, which is empty at first. Exit code 0 is expected, or n after the comment ``# exit n``.
2. Other lines of the block are the output of the command above, standard output and error together; ``...`` stands for
   anything. Without such lines any output is fine.
3. A ``python`` block is run in the same folder, with the names that the blocks above it made.
4. All alerts in the documentation are simulated, so no page leaves an event that says it is an observation.
5. ``sh`` blocks show what cannot be run here (installing, make) and hold no ``gateway``.
"""

import contextlib
import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gateway.cli import main
from gateway.errors import CODES
from gateway.relay.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])

sys.path.insert(0, str(ROOT / "docs/_ext"))
import reference  # noqa: E402

_BLOCK = re.compile(r"^```(console|python|sh)\n(.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"^\$ (.*?)(?:\s+# exit (\d+))?$", re.M)
_SHIM = (
    f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -c "from gateway.cli import main; main()" "$@"\n'
)


def blocks(page: str) -> list[tuple[str, str]]:
    """(kind, content) of each block that rules 1 to 5 speak of."""
    return [(match[1], match[2]) for match in _BLOCK.finditer(page)]


def commands(block: str) -> Iterator[tuple[str, int, str]]:
    """(command, exit code, output) of each command of a ``console`` block."""
    found = list(_COMMAND.finditer(block))
    for number, match in enumerate(found, start=1):
        end = found[number].start() if number < len(found) else len(block)
        yield match[1], int(match[2] or 0), block[match.end() : end].strip()


def same(expected: str, actual: str) -> bool:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return not expected or doctest.OutputChecker().check_output(expected + "\n", actual, options)


def run_page(page: str, folder: Path) -> None:
    tools, work, names = folder / "bin", folder / "work", {"__name__": "__main__"}
    tools.mkdir()
    work.mkdir()
    (tools / "gateway").write_text(_SHIM)
    (tools / "gateway").chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "COLUMNS": "100", "NO_COLOR": "1"}
    for kind, content in blocks(page):
        if kind == "python":
            with contextlib.chdir(work):
                exec(compile(content, "<example>", "exec"), names)
        for command, code, expected in commands(content) if kind == "console" else ():
            run = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=work,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            assert run.returncode == code, f"{command}\n{run.stdout}"
            assert same(expected, run.stdout), f"{command}\n{run.stdout}"
    made = [file.read_bytes() for file in work.rglob("*.xml")] + [names.get("event", b"")]
    assert not any(b'role="observation"' in event for event in made), "simulated alerts are no observations"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    run_page(page.read_text("utf-8"), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_is_not_run_is_not_the_command(page: Path) -> None:
    for kind, content in blocks(page.read_text("utf-8")):
        assert kind != "sh" or "gateway " not in content


def every_command(
    command: click.Command = main, path: str = "gateway"
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, **command.context_settings)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every_command(inner, f"{path} {name}")


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_an_example(path: str) -> None:
    examples = re.split("Examples?:", COMMANDS[path].help or "")[1:]
    assert any(re.search(rf"^\s+(.*\| )?{path}\b", example, re.M) for example in examples), (
        f"`{path} --help` shows no example"
    )


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_explained(path: str) -> None:
    for parameter in COMMANDS[path].params:
        assert not isinstance(parameter, click.Option) or parameter.help, (
            f"{path} {parameter.opts[0]} has no help"
        )


@pytest.mark.parametrize(
    "path", [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]
)
def test_a_page_uses_the_command(path: str) -> None:
    used = [
        command
        for page in PAGES
        for kind, content in blocks(page.read_text("utf-8"))
        for command, *_ in commands(content)
    ]
    assert any(f"{path} " in command + " " for command in used), f"no page shows `{path}` at work"


def test_reference_has_every_command() -> None:
    page = reference.commands()
    assert [f"## {path}" in page for path in COMMANDS if path != "gateway"] == [True] * (len(COMMANDS) - 1)


def test_reference_has_every_code() -> None:
    page = reference.errors()
    assert [code for code in CODES if f"| `{code}` |" not in page] == []


def test_every_limit_has_its_reason() -> None:
    limits = list(reference.found_limits())
    assert ("gateway.safexml", "MAX_BYTES", 16 * 2**20) in [limit[:3] for limit in limits]
    assert [f"{module}.{name}" for module, name, _, reason in limits if not reason] == []


def test_metrics_are_all_there_with_what_they_mean() -> None:
    page = reference.metrics()
    assert (
        "| `gateway_dead_total` | counter | `route`, `code` | Dead letters, by the code of the error. |\n"
        in page
    )
    assert page.count("\n| `gateway_") == len(METRICS)
    assert "generated/metrics.md" in (ROOT / "docs/metrics.md").read_text("utf-8")


def test_mapping_shows_a_field_of_each_survey() -> None:
    assert re.search(
        r"\| `psfFlux` \| 5.0 to 11.1 \| `[a-z.;]+` \| `nJy` \| float \|", reference.mapping("lsst")
    )
    assert re.search(
        r"\| `magpsf` \| 3.2 to 4.02 \| `[a-zA-Z.;]+` \| `mag` \| float \|", reference.mapping("ztf")
    )


def test_every_page_of_facts_is_included() -> None:
    included = {
        name
        for page in PAGES
        for name in re.findall(r"{include} generated/([\w-]+)\.md", page.read_text("utf-8"))
    }
    assert included == set(reference.PAGES)


def test_dependencies_have_their_reasons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    names = {re.split(r"[\[<>=; ]", name)[0] for name in wanted}
    assert [name for name in sorted(names) if not re.search(rf"^\|[^|]*\b{name}\b", page, re.M)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


class TestTheseTests:
    """What runs the examples finds what is wrong with them."""

    @pytest.mark.parametrize(
        "page",
        [
            "```console\n$ gateway no-such-command\n```\n",
            "```console\n$ gateway --version  # exit 2\n```\n",
            "```console\n$ true\n$ false | true\n```\n",
            "```console\n$ echo one\ntwo\n```\n",
            "```python\nassert 1 == 2\n```\n",
            "```console\n$ gateway simulate 1 -o a && gateway convert a -o a.xml\n```\n",
            "```python\nevent = b' role=\"observation\"'\n```\n",
        ],
    )
    def test_a_bad_example_fails(self, page: str, tmp_path: Path) -> None:
        with pytest.raises(AssertionError):
            run_page(page, tmp_path)

    @pytest.mark.parametrize(
        "page",
        [
            "```console\n$ gateway --version\ngateway, version ...\n```\n",
            "```console\n$ gateway no-such-command  # exit 2\n...No such command...\n```\n",
            "```console\n$ echo one > file\n```\n\nthen\n\n```console\n$ cat file\none\n```\n",
            "```python\nname = 1\n```\n\n```python\nassert name == 1\n```\n",
            "```sh\nrm -rf .\n```\n",
        ],
    )
    def test_a_good_example_passes(self, page: str, tmp_path: Path) -> None:
        run_page(page, tmp_path)
