"""`gateway vtp send` from the outside, with our own broker: what it says of each event, and what it returns."""

import json

import pytest
from cli_runs import assert_clean, invoke
from interop.ours import serving
from test_vtp_listen import STREAM, event


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("broker") / "ours") as (_, receive, _):
        yield f"127.0.0.1:{receive}"


def send(broker, *arguments, stdin=None):
    result = invoke("vtp", "send", "--to", broker, *arguments, stdin=stdin)
    assert_clean(result)
    return result


def test_a_line_an_event(broker, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(event(name))
    result = send(broker, tmp_path)
    assert result.exit_code == 0
    assert result.stdout == f"delivered   {STREAM}#a\ndelivered   {STREAM}#b\n"
    assert result.stderr == f"2 delivered to {broker}.\n"


def test_json(broker):
    result = send(broker, "-", "--json", stdin=event("json"))
    assert json.loads(result.stdout) == {
        "input": "-",
        "bytes": len(event("json")),
        "result": "delivered",
        "ivorn": f"{STREAM}#json",
        "attempts": 1,
        "losses": [],
    }


def test_what_the_broker_refuses_and_what_is_not_sent(broker, tmp_path):
    (tmp_path / "1.xml").write_bytes(event("refused").replace(b"<Who>", b"<Who><Nobody/>"))
    (tmp_path / "2.xml").write_bytes(b"<VOEvent>")
    (tmp_path / "3.xml").write_bytes(event("good"))
    result = send(broker, tmp_path, "--jobs", "3")
    assert result.exit_code == 1
    assert sorted(result.stdout.splitlines()) == [
        f"delivered   {STREAM}#good",
        f"refused     {STREAM}#refused",
    ]
    assert '[vtp-refused] (VTP-24) The broker says: "' in result.stderr
    assert "[xml-malformed]" in result.stderr
    assert result.stderr.splitlines()[-1] == f"1 delivered to {broker}, 1 refused, 1 unsent."


def test_what_the_policy_withholds_is_not_sent(broker, tmp_path):
    result = send(broker, "-", "--origin", "data-release", "--release", "dp1", stdin=event("withheld"))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "[policy-withheld]" in result.stderr


def test_without_a_broker_the_rest_is_not_tried(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(event(name))
    result = send("127.0.0.1:1", tmp_path, "--attempts", "1")
    assert result.exit_code == 2
    assert result.stdout == f"failed      {STREAM}#a\n"
    assert result.stderr.splitlines()[-1] == (
        "0 delivered to 127.0.0.1:1, 1 failed. The broker cannot be reached, so the rest was not sent."
    )


def test_options_that_cannot_be_are_refused_at_once(tmp_path):
    (tmp_path / "a").write_bytes(event("a"))
    for broker, *options in (["nowhere"], ["unix:/x", "--tls"], ["127.0.0.1:1", "--ca", "no-such-file"]):
        result = send(broker, *options, tmp_path)
        assert result.exit_code == 2
        assert "[settings-value]" in result.stderr
