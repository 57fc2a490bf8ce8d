"""The command `gateway` itself."""

import subprocess
import sys

import pytest
from cli_runs import invoke

import gateway

COMMANDS = ("inspect", "convert", "validate", "schema", "simulate", "demo")


def test_version():
    assert gateway.__version__ in invoke("--version").stdout


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_every_command(arguments):
    result = invoke(*arguments)
    assert result.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command):
    text = invoke(command, "--help").stdout
    assert "Example" in text
    assert f"gateway {command}" in text


@pytest.mark.parametrize("command", [*COMMANDS, "schema list", "schema show", "schema diff"])
def test_every_command_can_speak_to_machines(command):
    assert command == "schema" or " --json " in invoke(*command.split(), "--help").stdout


@pytest.mark.parametrize("arguments", [["nosuch"], ["convert"], ["convert", "--nosuch", "x"], ["inspect"]])
def test_wrong_use(arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage" in result.stderr


def test_help_waits_for_nothing():
    """The heavy libraries are imported by the commands that need them."""
    program = (
        "import sys\nfrom gateway.cli import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "print([name for name in ('numpy', 'fastavro', 'lxml', 'astropy', 'orjson') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
