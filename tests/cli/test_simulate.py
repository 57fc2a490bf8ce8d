"""``gateway simulate``: what it writes is what the library makes, in every framing, and never half of it."""

import importlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import fastavro
import pytest
from click.testing import CliRunner

from gateway.codecs import confluent, container, single_object
from gateway.errors import GatewayError
from gateway.model.alert import Alert
from gateway.schema import registry
from gateway.simulate import identifier, visit

command = importlib.import_module(
    "gateway.cli.simulate"
)  # `gateway.cli.simulate` itself is the command in it


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in an empty folder; errors of ours are raised."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        result = CliRunner().invoke(command.simulate, [str(a) for a in arguments])
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def payloads(count, key="lsst/11.0", **options):
    return [alert.payload for alert in visit(count, schema=registry.get(key), **options)]


def in_container(data):
    items = list(container.read(io.BytesIO(data)))
    assert all(isinstance(item, Alert) for item in items)
    return [item.payload for item in items]


def test_default_file(run):
    result = run(5)
    assert result.exit_code == 0
    assert result.stderr == "5 alerts of lsst/11.0 in simulated-visit.avro. Convert them with --role test.\n"
    assert result.stdout == ""
    data = Path("simulated-visit.avro").read_bytes()
    assert in_container(data) == payloads(5)
    assert len(list(fastavro.reader(io.BytesIO(data)))) == 5


@pytest.mark.parametrize("codec", container.CODECS)
def test_options(run, codec):
    run(
        4,
        "--schema",
        "ztf/4.02",
        "--seed",
        9,
        "--history",
        "new",
        "--cutouts",
        "none",
        "--codec",
        codec,
        "-o",
        "x.avro",
    )
    data = Path("x.avro").read_bytes()
    assert in_container(data) == payloads(4, "ztf/4.02", seed=9, history="new", cutouts="none")
    assert fastavro.reader(io.BytesIO(data)).codec == codec


def test_standard_output(run):
    result = run(3, "-o", "-")
    assert in_container(result.stdout_bytes) == payloads(3)
    assert result.stderr == "3 alerts of lsst/11.0 in standard output. Convert them with --role test.\n"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("where", [("-o", "x.avro"), ("--out-dir", "d")])
def test_json(run, where):
    result = run(3, "--seed", 4, "--codec", "deflate", *where, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "output": where[1],
        "alerts": 3,
        "schema": "lsst/11.0",
        "seed": 4,
        "history": "mixed",
        "cutouts": "real",
        "framing": "container",
        "codec": "deflate",
        "bytes": sum(map(len, payloads(3, seed=4))),
        "simulated": True,
    }


def test_json_and_alerts_do_not_share_standard_output(run):
    result = run(1, "-o", "-", "--json")
    assert result.exit_code == 2
    assert "-o FILE" in result.stderr


def test_not_to_a_terminal():
    pty = pytest.importorskip("pty", reason="there are pseudo-terminals on POSIX systems only")
    ours, theirs = pty.openpty()
    program = "from gateway.cli.simulate import simulate; simulate(['3', '-o', '-'])"
    try:
        result = subprocess.run(
            [sys.executable, "-c", program],
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    finally:
        os.close(ours)
        os.close(theirs)
    assert result.returncode == 2
    assert "Redirect" in result.stderr


@pytest.mark.parametrize(("framing", "codec"), [("confluent", confluent), ("single-object", single_object)])
def test_messages(run, framing, codec):
    run(4, "--framing", framing, "--out-dir", "a/b")
    expected = {
        f"{identifier(alert)}.avro": codec.frame(alert.schema, alert.payload)
        for alert in visit(4, schema=registry.get("lsst/11.0"))
    }
    assert {path.name: path.read_bytes() for path in Path("a/b").iterdir()} == expected
    run(1, "--framing", framing, "-o", "one.avro")
    assert codec.read(Path("one.avro").read_bytes()).payload == payloads(1)[0]


def test_containers_in_a_folder(run):
    run(2, "--out-dir", "d", "--codec", "deflate")
    found = [in_container(path.read_bytes()) for path in sorted(Path("d").iterdir())]
    assert sorted(found) == sorted([payload] for payload in payloads(2))


@pytest.mark.parametrize(
    "arguments",
    [
        ("2", "--framing", "confluent"),
        ("1", "--framing", "confluent", "--codec", "deflate"),
        ("0",),
        ("1", "--seed", "-1"),
        ("1", "--history", "long"),
    ],
    ids=" ".join,
)
def test_wrong_usage(run, arguments):
    assert run(*arguments).exit_code == 2
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("1", "--schema", "lsst/2.0"), "schema-unknown"),
        (("1", "--schema", "ztf/3.3", "--framing", "confluent"), "avro-framing"),
    ],
)
def test_errors(run, arguments, code):
    with pytest.raises(GatewayError) as caught:
        run(*arguments)
    assert caught.value.code == code
    assert list(Path().iterdir()) == []


def test_nothing_is_replaced_without_force(run):
    Path("simulated-visit.avro").write_bytes(b"mine")
    with pytest.raises(GatewayError) as caught:
        run(1)
    assert caught.value.code == "output-exists"
    assert Path("simulated-visit.avro").read_bytes() == b"mine"
    run(1, "--force")
    assert in_container(Path("simulated-visit.avro").read_bytes()) == payloads(1)


def test_interrupted(run, monkeypatch):
    """Ctrl-C in the middle leaves nothing behind."""

    def identify(alert, _seen=[]):  # noqa: B006 (counts its calls)
        _seen.append(alert)
        if len(_seen) == 20:
            assert [path.name for path in Path().iterdir()] != []
            raise KeyboardInterrupt
        return identifier(alert)

    monkeypatch.setattr(command, "identifier", identify)
    result = run(40)
    assert result.exit_code == 1
    assert "Aborted" in result.stderr
    assert list(Path().iterdir()) == []


def test_help_has_examples(run):
    assert "gateway simulate 100\n" in run("--help").stdout
