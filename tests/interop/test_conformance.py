"""`gateway vtp conformance` against programs that we did not write, whose deviations are known, and against ours, which
have none. Checks that wait for minutes are left out here."""

import asyncio
import sys

import pytest
from interop.ours import serving
from interop.peers import SCRIPTS, comet, need

from gateway.conformance import Settings, examine
from gateway.conformance.check import Verdict
from gateway.conformance.documents import Events
from gateway.conformance.examine import table
from gateway.conformance.reports import FORMS

DEAR = "B42"
"""After it Comet computes for a minute, and cannot be ended."""
OURS = f"{sys.executable} -c 'from gateway.cli import main; main()' vtp"


def found(settings: Settings) -> dict[str, Verdict]:
    """What was found but is no pass; every quick check must have been judged."""
    report = asyncio.run(examine(settings))
    print(FORMS["text"](report))
    quick = {check.number for check in table(settings.role) if not check.slow}
    judged = {one.number for one in report.outcomes if one.verdict is not Verdict.NOT_RUN}
    assert judged == (quick & settings.only if settings.only else quick)
    return {
        one.number: one.verdict
        for one in report.outcomes
        if one.number in judged and one.verdict is not Verdict.MET
    }


def broker(receive: int, broadcast: int, **more) -> Settings:
    return Settings("broker", ("127.0.0.1", receive), ("127.0.0.1", broadcast), slow=False, **more)


def guest(role: str, command: str) -> Settings:
    return Settings(role, ("127.0.0.1", 0), command=command, slow=False, patience=5.0)


@pytest.fixture
def event(tmp_path):
    file = tmp_path / "event.xml"
    file.write_bytes(Events().event()[1])
    return file


def test_our_broker_conforms(tmp_path):
    with serving(tmp_path / "broker") as (_, receive, broadcast):
        assert found(broker(receive, broadcast)) == {}


def test_our_author_conforms(event):
    command = f"{OURS} send --attempts 1 --to {{host}}:{{port}} {event}"
    assert found(guest("author", command)) == {}


def test_our_subscriber_conforms():
    assert found(guest("subscriber", f"{OURS} listen --role test {{host}}:{{port}}")) == {}


def test_what_comet_does_otherwise_as_a_broker(tmp_path):
    only = frozenset(check.number for check in table("broker")) - {DEAR}
    with comet(tmp_path, receive=True, broadcast=True) as peer:
        assert found(broker(peer.receive, peer.broadcast, patience=5.0, only=only)) == {
            "B08": Verdict.FAIL,  # it tells events by their role, and drops one without
            "B14": Verdict.FAIL,  # a message over 99 999 bytes ends the connection without a word
            "B15": Verdict.FAIL,  # a duplicate gets a nak
            "B18": Verdict.FAIL,  # a comment makes an event a new one
            "B21": Verdict.FAIL,  # a nak ends the connection
            "B28": Verdict.DEVIATION,  # a filter that cannot be used lets everything through
        }


def test_comet_as_an_author(tmp_path, event):
    need("comet")
    command = f"{sys.executable} {SCRIPTS / 'comet-sendvo'} --host={{host}} --port={{port}} --file={event}"
    # What it does otherwise takes minutes to see: it waits for a receipt for ever (A14).
    assert found(guest("author", command)) == {}


def test_what_pygcn_does_otherwise(tmp_path, monkeypatch):
    need("gcn")
    monkeypatch.chdir(tmp_path)  # it keeps what it hears where it runs
    command = f"{sys.executable} {SCRIPTS / 'pygcn-listen'} {{host}}:{{port}}"
    assert found(guest("subscriber", command)) == {
        "S02": Verdict.FAIL,  # an identifier with & makes a receipt that is no XML
        "S13": Verdict.DEVIATION,  # three namespaces that it does not know
        "S14": Verdict.DEVIATION,
        "S15": Verdict.DEVIATION,
        "S16": Verdict.FAIL,  # it does not answer VOEvent 2.1
    }
