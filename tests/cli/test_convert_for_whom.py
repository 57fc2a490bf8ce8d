"""`gateway convert` for whom: the public, or the holder of a verified token. Nobody claims rights on a command line."""

import json
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alerts import NEWEST, opened, simulated
from cli_runs import assert_clean, invoke, packed

sys.path.insert(0, str(Path(__file__).parents[1] / "policy"))
from issuer import CLAIMS, RSA, public, signed

from gateway.batch import Job, run
from gateway.mapping.settings import Settings
from gateway.model.provenance import Origin
from gateway.policy.people.principal import Principal
from gateway.transports.files import Declared, units

EVENT = b"""<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="test" ivorn="ivo://a.b/c#1">
<Who><AuthorIVORN>ivo://a.b/c</AuthorIVORN><Date>2026-11-24T00:00:00</Date></Who>
<What><Param name="mag" value="19.2"/><Group name="x y"><Param name="r" value="22.87"/></Group></What></v:VOEvent>"""
DP2 = ("--origin", "data-release", "--release", "dp2")


def token(folder, rights, lasts=timedelta(hours=1)):
    now = datetime.now(UTC)
    times = {"iat": int(now.timestamp()) - 10, "exp": int((now + lasts).timestamp())}
    (folder / "token").write_text(signed({**CLAIMS, **times, "data_rights": rights}))
    (folder / "token").chmod(0o600)
    (folder / "keys.json").write_bytes(public(RSA))
    (folder / "issuer.toml").write_text(
        'issuer = "https://data.example.org"\nclient-id = "voevent-gateway"\n'
        'keys = "keys.json"\nreleases = ["dp1", "dp2"]\n'
    )
    return "--token", folder / "token", "--issuer", folder / "issuer.toml"


@pytest.fixture
def catalogue(tmp_path):
    (tmp_path / "catalogue.avro").write_bytes(packed(simulated(NEWEST, 2, "none")))
    return tmp_path / "catalogue.avro"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_holder_of_rights_gets_what_they_are_rights_to(catalogue, tmp_path):
    public_ = invoke("convert", catalogue, *DP2, "--to", "avro", "-o", tmp_path / "a.avro")
    assert (public_.exit_code, (tmp_path / "a.avro").exists()) == (2, False)
    result = invoke(
        "convert", catalogue, *DP2, *token(tmp_path, "dp2"), "--to", "avro", "-o", tmp_path / "b.avro", "--proof-log",
        tmp_path / "proofs",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "for rights:dp2 and not for the public" in result.stderr
    assert "s3ntinel" not in result.output
    assert opened((tmp_path / "b.avro").read_bytes())[0].payload == opened(catalogue.read_bytes())[0].payload
    (log,) = (tmp_path / "proofs").glob("*.jsonl")
    assert {json.loads(line).get("audience") for line in log.read_bytes().splitlines()} == {
        None,
        "rights:dp2",
    }


@pytest.mark.parametrize("rights", ["", "dp1", "dp2x dp20"])
def test_other_rights_are_none(catalogue, tmp_path, rights):
    result = invoke("convert", catalogue, *DP2, *token(tmp_path, rights), "-o", tmp_path / "x.tar")
    assert result.exit_code == 2
    assert "policy-withheld" in result.stderr


def test_what_is_not_for_everybody_is_for_nobody_else_on_this_machine(catalogue, tmp_path):
    options = [catalogue, *DP2, *token(tmp_path, "dp2"), "--role", "test"]
    assert invoke("convert", *options, "--out-dir", tmp_path / "out").exit_code == 0
    assert invoke("convert", *options, "-o", tmp_path / "x.tar").exit_code == 0
    assert {mode(path) for path in (tmp_path / "out").iterdir()} == {0o600}
    assert mode(tmp_path / "out") == 0o700
    assert mode(tmp_path / "x.tar") == 0o600
    invoke("simulate", "1", "-o", tmp_path / "later.avro")
    assert mode(tmp_path / "later.avro") != 0o600  # the umask is what it was


def test_a_token_that_does_not_hold_stops_the_command(catalogue, tmp_path):
    expired = token(tmp_path, "dp2", lasts=timedelta(seconds=-5))
    result = invoke("convert", catalogue, *expired, "-o", tmp_path / "x.tar")
    assert result.exit_code == 2
    assert "policy-token-expired" in result.output
    assert not (tmp_path / "x.tar").exists()
    assert_clean(result)


def test_a_token_needs_its_issuer(catalogue, tmp_path):
    both = token(tmp_path, "dp2")
    assert invoke("convert", catalogue, *both[:2]).exit_code == 2
    assert invoke("convert", catalogue, *both[2:]).exit_code == 2


def test_rights_that_end_meanwhile_end_at_once(catalogue):
    """L23: asked at each item, and not when the run began."""
    lapsed = Principal(frozenset({"dp2"}), datetime(2020, 1, 1, tzinfo=UTC))
    holder = Principal(frozenset({"dp2"}), datetime.now(UTC) + timedelta(hours=1))
    declared = Declared(Origin.DATA_RELEASE, Origin.DATA_RELEASE, "dp2")
    for principal, good in ((lapsed, False), (holder, True)):
        job = Job("voevent", Settings(), declared, principal=principal)
        assert all((result.output is not None) is good for result in run(units([str(catalogue)]), job))


def test_no_command_takes_a_claim_of_rights_for_what_it_releases():
    for command in ("convert", "inspect", "demo"):
        text = invoke(command, "--help").output
        assert "--rights" not in text
        assert "--audience" not in text


# Fields that come from elsewhere


def test_a_field_of_an_event_that_comes_from_elsewhere(tmp_path):
    elsewhere = ("--field-origin", "What.x y.**=data-release:dp2")
    result = invoke("convert", "-", "--to", "voevent", *elsewhere, stdin=EVENT)
    assert result.exit_code == 0
    assert b"22.87" not in result.stdout_bytes
    assert b"19.2" in result.stdout_bytes
    holder = invoke("convert", "-", *elsewhere, *token(tmp_path, "dp2"), stdin=EVENT)
    assert holder.stdout_bytes == EVENT
    assert "22.87" not in invoke("inspect", "-", *elsewhere, stdin=EVENT).output


def test_a_field_of_an_alert_that_comes_from_elsewhere(tmp_path, catalogue):
    result = invoke("convert", catalogue, "--field-origin", "diaSource.psfFlux=data-release:dp2", "--role", "test",
                    "--out-dir", tmp_path / "out")  # fmt: skip
    assert result.exit_code == 0
    assert all(b'name="psfFlux"' not in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_an_alert_that_is_taken_out_of_an_event_is_as_restricted_as_its_parts(tmp_path):
    found = simulated(NEWEST, 1, "none")[0]
    (tmp_path / "one.avro").write_bytes(packed([found]))
    event = invoke("convert", tmp_path / "one.avro", "--detail", "full", "--role", "test").stdout_bytes
    assert invoke("convert", "-", "--to", "avro", stdin=event).exit_code == 0
    elsewhere = ("--field-origin", "What.diaSource.**=data-release:dp2")
    result = invoke("convert", "-", "--to", "avro", *elsewhere, stdin=event)
    assert result.exit_code == 2
    assert "policy-withheld" in result.output
    assert (
        invoke("convert", "-", "--to", "avro", *elsewhere, *token(tmp_path, "dp2"), stdin=event).exit_code
        == 0
    )


@pytest.mark.parametrize("text", ["diaSource=user", "What.x", "What.x=nowhere"])
def test_a_declaration_that_says_nothing_is_refused(text):
    result = invoke("convert", "-", "--field-origin", text, stdin=EVENT)
    assert result.exit_code == 2
    assert "settings-value" in result.output
