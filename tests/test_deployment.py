"""The unit, the image and the compose file in ``examples/`` say what is: real commands, real options, real files."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from gateway.cli import main
from gateway.config import load
from gateway.relay.service import MAX_DRAIN

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
UNIT = EXAMPLES / "gateway.service"
COMPOSE: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text("utf-8"))

INSTRUCTIONS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)


def is_a_command(words: list[str]) -> None:
    """Parse the words behind ``gateway`` as click does; it raises for what is no command or option."""
    group: click.Command = main
    context = click.Context(main, info_name="gateway")
    while isinstance(group, click.Group):
        name, group, words = group.resolve_command(context, words)
        assert group is not None
        context = click.Context(group, info_name=name, parent=context)
    group.make_context(context.info_name, list(words))


# systemd


def settings(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


UNIT_SETTINGS = settings(UNIT.read_text("utf-8"))


@pytest.mark.parametrize("key", ["ExecStart", "ExecStartPre"])
def test_the_unit_runs_a_command_that_is_there(key: str, tmp_path: Path) -> None:
    (line,) = UNIT_SETTINGS[key]
    program, *words = shlex.split(line)
    assert program == "/opt/voevent-gateway/bin/gateway"
    file = tmp_path / "gateway.toml"
    file.write_text("")
    is_a_command([str(file) if word.endswith(".toml") else word for word in words])


def test_the_unit_waits_for_the_drain_and_keeps_its_state_private() -> None:
    assert int(UNIT_SETTINGS["TimeoutStopSec"][0]) > MAX_DRAIN
    assert UNIT_SETTINGS["StateDirectoryMode"] == ["0700"]
    assert UNIT_SETTINGS["DynamicUser"] == UNIT_SETTINGS["NoNewPrivileges"] == ["yes"]
    assert UNIT_SETTINGS["ProtectSystem"] == ["strict"]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: apt-get install systemd"
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    # The program has to be there for systemd; any will do.
    unit = tmp_path / "voevent-gateway.service"
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/voevent-gateway/bin/gateway", "/bin/true"))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60
    )
    about_it = [line for line in (found.stdout + found.stderr).splitlines() if "voevent-gateway" in line]
    assert (found.returncode, about_it) == (0, [])
    bad = unit.read_text("utf-8").replace("ProtectSystem=strict", "ProtectSystems=strict")
    unit.write_text(bad)
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60
    )
    assert "ProtectSystems" in found.stdout + found.stderr


# Docker


def instructions(text: str) -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in pairs]


DOCKERFILE = instructions((EXAMPLES / "Dockerfile").read_text("utf-8"))


def test_the_image_has_instructions_only_and_ends_as_nobody_in_particular() -> None:
    assert {name for name, _ in DOCKERFILE} <= INSTRUCTIONS
    assert DOCKERFILE[0][0] == "FROM"
    names = [name for name, _ in DOCKERFILE]
    assert names.index("USER") > len(names) - 1 - names[::-1].index("RUN"), "what is built is built by root"
    assert dict(DOCKERFILE)["USER"].isdigit()


def test_what_is_copied_into_the_image_is_there_and_enough_for_a_wheel() -> None:
    copied = [
        source
        for name, rest in DOCKERFILE
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"], "pyproject.toml", "README.md", "LICENSE"} <= set(
        copied
    )
    (install,) = (rest for name, rest in DOCKERFILE if name == "RUN" and "pip install" in rest)
    (extra,) = re.findall(r"\.\[(\w+)\]", install)
    assert extra in project["project"]["optional-dependencies"]


def test_the_image_runs_commands_that_are_there(tmp_path: Path) -> None:
    found = dict(DOCKERFILE)
    program, check = json.loads(found["ENTRYPOINT"]), json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    assert program == check[:1] == ["/opt/voevent-gateway/bin/gateway"]
    file = tmp_path / "gateway.toml"
    file.write_text("")
    is_a_command([str(file) if word.endswith(".toml") else word for word in json.loads(found["CMD"])])
    is_a_command(check[1:])
    assert json.loads(found["VOLUME"]) == ["/var/lib/voevent-gateway"]


# Compose


def test_compose_builds_and_mounts_what_is_there() -> None:
    gateway = COMPOSE["services"]["gateway"]
    context = (EXAMPLES / gateway["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / gateway["build"]["dockerfile"]).is_file()
    mounts = [volume.split(":")[:2] for volume in gateway["volumes"]]
    assert mounts[0] == ["./compose.toml", json.loads(dict(DOCKERFILE)["CMD"])[1]]
    assert mounts[1][0] in COMPOSE["volumes"]
    assert int(gateway["stop_grace_period"].removesuffix("s")) > MAX_DRAIN
    assert gateway["depends_on"] == {"kafka": {"condition": "service_healthy"}}


def test_compose_and_its_configuration_speak_of_the_same_places() -> None:
    config = load(EXAMPLES / "compose.toml")
    kafka, gateway = COMPOSE["services"]["kafka"], COMPOSE["services"]["gateway"]
    advertised = kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    assert list(config.sources["alerts"].bootstrap) == [advertised]
    inside = {config.operations.listen.split(":")[1], config.sinks["world"].broadcast[0].split(":")[1]}
    assert {port.split(":")[2] for port in gateway["ports"]} == inside
    assert all(port.startswith("127.0.0.1:") for port in gateway["ports"])
    assert inside == set(dict(DOCKERFILE)["EXPOSE"].split())
    assert str(config.gateway.state).startswith(gateway["volumes"][1].split(":")[1])


def test_compose_has_the_kafka_that_the_tests_have() -> None:
    version = COMPOSE["services"]["kafka"]["image"].partition(":")[2]
    assert version in (ROOT / "docs/dependencies.md").read_text("utf-8")


@pytest.mark.parametrize("words", [["runs"], ["run", "--no-such-option", "a"], ["top", "a", "b"]])
def test_a_command_that_is_not_there_is_found(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        is_a_command(words)
