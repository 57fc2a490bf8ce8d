"""`gateway vtp listen` from the outside, with our own broker: what it prints, keeps and returns, and how it ends."""

import json
import re
import signal
import stat
import time

import pytest
from cli_runs import assert_clean, invoke
from interop.ours import OURS, serving
from interop.process import running
from test_convert_for_whom import token

from gateway.model.voevent import ROLES
from gateway.transports.vtp.status import ask

STREAM = "ivo://org.example/stream"


def event(local, role="observation"):
    return (
        f'<?xml version="1.0"?>\n<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" '
        f'ivorn="{STREAM}#{local}" role="{role}" version="2.0"><Who><AuthorIVORN>ivo://org.example</AuthorIVORN>'
        "<Date>2026-02-14T05:14:31</Date></Who><Why><Description>SENTINEL</Description></Why></voe:VOEvent>\n"
    ).encode()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """The ports of a broker of ours, for authors and for subscribers, and its state."""
    folder = tmp_path_factory.mktemp("broker") / "ours"
    with serving(folder) as (_, receive, broadcast):
        yield receive, broadcast, folder / "state"


@pytest.fixture
def listen(broker, tmp_path):
    """Starts a subscriber to it in this test's folder, and waits until it is one."""

    class Listening:
        def __init__(self, *options):
            self.running = running([*OURS, "vtp", "listen", f"127.0.0.1:{broker[1]}", *options], tmp_path)

        def __enter__(self):
            program = self.running.__enter__()
            program.said("connected")
            return program

        def __exit__(self, *about):
            self.running.__exit__(*about)

    return Listening


@pytest.fixture
def send(broker, tmp_path):
    """Gives events to the broker; each is another one than those of other tests."""

    def send(*events):
        folder = tmp_path / "sent"
        folder.mkdir()
        for number, document in enumerate(events):
            (folder / f"{number}.xml").write_bytes(document)
        result = invoke("vtp", "send", "--to", f"127.0.0.1:{broker[0]}", folder)
        assert result.exit_code == 0, result.output

    return send


def test_a_line_an_event(listen, send):
    with listen("--count", "2") as program:
        send(event("line-1"), event("line-2", "utility"))
        assert program.ended() == 0
    lines = [line for line in program.lines if "ivo://" in line]
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ  observation  {STREAM}#line-1", lines[0])
    assert lines[1].split()[1:] == ["utility", f"{STREAM}#line-2"]
    assert program.lines[-1] == "2 events, 0 refused"
    assert "SENTINEL" not in program.text


def test_the_broker_is_asked_for_the_roles_that_are_wanted(listen, broker):
    with listen(), listen("--role", "prediction", "--role", "utility"):
        end = time.monotonic() + 30  # it asks when it is asked who it is
        while ["prediction", "utility"] not in (
            given := [one["roles"] for one in ask(broker[2])["subscribers"]]
        ):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert sorted(ROLES) in given  # who says nothing is still told that there are tests


def test_json_and_files(listen, send, broker, tmp_path):
    with listen("--count", "1", "--json", "--out-dir", "kept") as program:
        send(event("json"))
        assert program.ended() == 0
    (line,) = (json.loads(line) for line in program.lines if line.startswith("{"))
    assert line.pop("time").endswith("Z")
    assert line == {
        "broker": f"127.0.0.1:{broker[1]}",
        "bytes": len(event("json")),
        "ivorn": f"{STREAM}#json",
        "role": "observation",
        "output": "kept/org.example_stream_json.xml",
        "losses": [],
    }
    assert (tmp_path / line["output"]).read_bytes() == event("json")


def test_tests_are_heard_alone(listen, send):
    with listen() as others, listen("--role", "test", "--count", "1") as tests:
        send(event("a-test", "test"), event("no-test"))
        assert tests.ended() == 0
        others.said("no-test")
        others.process.send_signal(signal.SIGINT)
        assert others.ended() == 0
    assert [line.split()[-1] for line in tests.lines if "ivo://" in line] == [f"{STREAM}#a-test"]
    assert [line.split()[-1] for line in others.lines if "ivo://" in line] == [f"{STREAM}#no-test"]
    assert others.lines[-1] == "1 events, 0 refused, 1 of other roles; test events are heard with --role test"


def test_what_the_policy_withholds_is_reported_and_not_shown(listen, send):
    with listen(
        "--origin", "data-release", "--release", "dp1", "--count", "1", "--out-dir", "kept"
    ) as program:
        send(event("withheld"))
        assert program.ended() == 1
    program.said(r"^gateway: .*\[policy-withheld\]")
    assert "#withheld" not in program.text
    assert "SENTINEL" not in program.text
    assert program.lines[-1] == "0 events, 1 refused"


def test_a_command_that_fails_is_said(listen, send):
    with listen("--exec", "false", "--count", "1") as program:
        send(event("failing"))
        assert program.ended() == 1
    program.said(r"status 1\. \[output-command\]")
    assert program.lines[-1] == "1 events, 0 refused, 1 whose command failed"


def test_to_stop_twice_ends_it_at_once(listen, send, tmp_path):
    script = tmp_path / "handler"
    script.write_text("#!/bin/sh\necho begun\nsleep 600\n")
    script.chmod(0o700)
    with listen("--exec", "./handler", "--exec-seconds", "500") as program:
        send(event("stopped"))
        program.said("begun")
        program.process.send_signal(signal.SIGINT)
        program.said("1 acknowledged events are still to be handled")
        program.process.send_signal(signal.SIGINT)
        assert program.ended() == 130
    assert "Traceback" not in program.text


def test_without_a_broker_it_is_an_error(tmp_path):
    with running([*OURS, "vtp", "listen", "127.0.0.1:1"], tmp_path) as program:
        program.said(
            r"^127.0.0.1:1: The broker cannot be connected to: Connection refused. The next attempt is in [01]\.\d s"
        )
        program.process.send_signal(signal.SIGINT)
        assert program.ended() == 2


def test_it_ends_after_a_time():
    result = invoke("vtp", "listen", "127.0.0.1:1", "--for", "0.01")
    assert result.exit_code == 2
    assert_clean(result)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--role", "test", "--role", "observation"], "settings-value"),
        (["--exec", "no-such-program"], "settings-missing"),
        (["--policy", "no-such-profile"], "settings-"),
        (["--ca", "no-such-file"], "settings-value"),
    ],
)
def test_options_that_cannot_be_are_refused_at_once(options, code):
    result = invoke("vtp", "listen", "127.0.0.1:1", *options)
    assert result.exit_code == 2
    assert f"[{code}" in result.stderr
    assert_clean(result)


# For whom, and what is declared

DP2 = ("--origin", "data-release", "--release", "dp2")


def test_the_holder_of_rights_hears_what_they_are_rights_to_and_keeps_it_for_himself(listen, send, tmp_path):
    shown = token(tmp_path, "dp2")
    with listen("--count", "1", *DP2, *map(str, shown), "--out-dir", "kept") as program:
        send(event("rights"))
        assert program.ended() == 0
    assert "for rights:dp2 and not for the public" in program.text
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.read_bytes() == event("rights")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    result = invoke("vtp", "listen", "127.0.0.1:1", *shown[:2])
    assert (result.exit_code, "go together" in result.stderr) == (2, True)


def test_what_the_policy_refuses_is_recorded_without_its_bytes(listen, send, tmp_path):
    with listen("--count", "1", *DP2, "--rejects", "rejects") as program:
        send(event("refused"))
        assert program.ended() == 1
    (record,) = (tmp_path / "rejects").glob("*.json")
    found = json.loads(record.read_bytes())
    assert found["code"] == "policy-withheld"
    assert found["input"].startswith("127.0.0.1:")
    assert not found["kept"]
    assert not list((tmp_path / "rejects").glob("*.bin"))
    assert "SENTINEL" not in record.read_text()


def test_a_part_that_comes_from_elsewhere_is_declared(listen, send, tmp_path):
    with listen("--count", "1", "--field-origin", "Why=data-release:dp2", "--out-dir", "kept") as program:
        send(event("part"))
        assert program.ended() == 0
    (kept,) = (tmp_path / "kept").iterdir()
    assert b"SENTINEL" not in kept.read_bytes()
    assert b"AuthorIVORN" in kept.read_bytes()
    result = invoke("vtp", "send", "--to", "127.0.0.1:1", "--field-origin", "nothing", "event.xml")
    assert (result.exit_code, "settings-value" in result.stderr) == (2, True)
