"""What is in files goes through a route once more."""

from pathlib import Path

import orjson
import pytest
from alerts import simulated
from cli_runs import packed
from click.testing import CliRunner
from wiring_services import DEAD, HEAD, there

from gateway.cli import main
from gateway.codecs.voevent import decode
from gateway.config import loads
from gateway.errors import SchemaError, SettingsError
from gateway.relay.deadletter import Letters
from gateway.wiring import replayed, route_of

KAFKA = """
[sources.alerts]
kind = "kafka"
bootstrap = ["127.0.0.1:1"]
topics = ["alerts"]
group = "group"
origin = "alert"
issued = true
role = "test"
"""
ROUTE = """
[[routes]]
name = "%s"
source = "alerts"
dead_letters = "dead"
[[routes.outputs]]
name = "out"
roles = ["test"]
sinks = ["events"]
"""
SINK = '[sinks.events]\nkind = "files"\ndirectory = "events"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text(HEAD + DEAD + KAFKA + SINK + ROUTE % "route")
    return tmp_path


def replay(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["replay", str(folder / "gateway.toml"), *arguments])
    return done.exit_code, done.output


def test_files_go_where_the_messages_of_the_source_go_and_once_more_if_asked(folder: Path) -> None:
    alerts = simulated("lsst/11.0", count=4)
    (folder / "visit.avro").write_bytes(packed(alerts))
    for _ in range(2):
        code, output = replay(folder, str(folder / "visit.avro"))
        assert (code, output.splitlines()[-1]) == (0, "4 messages went through route")
        events = there(folder / "events")
        assert {decode(data).role for data in events.values()} == {"test"}
        assert len(events) == 4
        for path in (folder / "events").iterdir():
            path.unlink()
    assert not (folder / "state").exists()


def test_a_dead_letter_stands_for_its_message(folder: Path) -> None:
    """A letter of a message that was refused for its schema, when there is one of today: here, one that was not."""
    (alert,) = simulated("lsst/11.0", count=1)
    message = packed([alert])
    error = SchemaError("schema-unknown", "Not yet known.")
    letters = folder / "letters"
    letters.mkdir()
    for name, keep in (("with", True), ("without", False)):
        letter = Letters(lambda item, error, keep=keep: keep, {"audience": "public"}).letter(
            "route", "topic[0]@1", message, error, alert
        )
        (letters / f"{name}.json").write_bytes(letter.data)
    code, output = replay(folder, str(letters))
    assert code == 0
    assert "1 dead letters do not have their message" in output
    assert len(there(folder / "events")) == 1


def test_what_cannot_go_on_today_is_a_letter_again(folder: Path) -> None:
    (folder / "bad").write_bytes(b"\0\0\0\x27\x0fnothing")
    code, output = replay(folder, str(folder / "bad"))
    assert (code, output.splitlines()[-1]) == (0, "1 messages went through route")
    (letter,) = there(folder / "dead").values()
    assert orjson.loads(letter)["code"] == "schema-unknown"


def test_a_route_is_named_when_there_are_several(folder: Path) -> None:
    second = KAFKA.replace("[sources.alerts]", "[sources.others]") + (ROUTE % "two").replace(
        '"alerts"', '"others"'
    )
    text = (folder / "gateway.toml").read_text() + second
    config = loads(text.encode(), "gateway.toml", folder)
    assert route_of(config, "two").source == "others"
    for name in (None, "three"):
        with pytest.raises(SettingsError, match="route, two"):
            route_of(config, name)
    own = replayed(config, route_of(config, "two"), [folder / "x"], folder / "own")
    assert set(own.sources) == {"others"}
    assert own.sources["others"].origin == "alert"
    assert {table.spool for table in own.sinks.values()} == {0}
