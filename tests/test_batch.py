"""gateway.batch: the same results in the same order, in one process or several; errors are results."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from alerts import NEWEST, changed, simulated
from cli_runs import message, packed

from gateway.batch import MAX_UNITS, Job, Tally, _start, cores, run
from gateway.codecs import container
from gateway.errors import SettingsError
from gateway.mapping.settings import Settings
from gateway.model.provenance import Origin
from gateway.schema.parse import parse_schema
from gateway.transports.files import Declared, Unit, units
from gateway.workers import MAX_UNDER_WAY

JOB = Job("voevent", Settings(detail="full"), Declared())


@pytest.fixture
def inputs(tmp_path):
    good, bad = tmp_path / "good.avro", tmp_path / "bad.msg"
    good.write_bytes(packed(simulated(NEWEST, 3, "none"), "null"))
    bad.write_bytes(b"\0\0\0\4\x4dx")
    return [str(good), str(bad), str(tmp_path / "none"), str(good)]


def told(results):
    return [
        (one.name, one.size, one.output and one.output.data, one.error and str(one.error), one.data)
        for one in results
    ]


def test_results_come_in_order(inputs):
    results = list(run(units(inputs), JOB))
    good, bad, none, _ = inputs
    assert [one.name for one in results] == [
        *(f"{good}[{n}]" for n in range(3)),
        bad,
        none,
        *(f"{good}[{n}]" for n in range(3)),
    ]
    assert [one.output is None for one in results] == [False] * 3 + [True] * 2 + [False] * 3
    assert results[3].error.where.input == bad


def test_processes_make_no_difference(inputs):
    assert told(run(units(inputs), JOB, jobs=2)) == told(run(units(inputs), JOB))


def test_results_survive_the_way_from_a_worker(inputs):
    work = _start(JOB)
    load = list(units(inputs))
    sent = pickle.loads(pickle.dumps(work(pickle.loads(pickle.dumps(load)))))
    assert told(sent) == told(run(load, JOB))


def test_inputs_are_not_read_ahead_of_the_work(inputs):
    """However many inputs there are, few are under way."""
    taken = 0

    def endless():
        nonlocal taken
        while True:
            for unit in units(inputs[:1]):
                taken += 1
                yield unit

    results = run(endless(), JOB, jobs=2)
    for _ in range(30):
        next(results)
    results.close()
    assert taken <= 30 / 3 + (2 * MAX_UNDER_WAY + 1) * MAX_UNITS


def test_what_the_policy_refuses_has_no_bytes(inputs):
    for origin in (Origin.DATA_RELEASE, Origin.USER):
        job = Job("avro", Settings(), Declared(origin, origin))
        assert all(one.data == b"" and one.output is None for one in run(units(inputs), job))


def test_what_is_refused_is_kept_when_it_is_public(tmp_path):
    """As the survey issued it: to what went through other hands somebody may have put something."""
    file = tmp_path / "cut.msg"
    file.write_bytes(message(changed(simulated()[0], target_name=b"x"))[:200])
    (handled,) = run(units([str(file)]), JOB)
    (issued,) = run(units([str(file)]), replace(JOB, declared=replace(JOB.declared, issued=True)))
    assert handled.data == b""
    assert issued.data == file.read_bytes()[5:]


def test_a_mistake_in_the_job_is_raised():
    with pytest.raises(SettingsError):
        list(run(units([]), Job("xml", Settings(), Declared())))


def test_tally(inputs):
    tally = Tally()
    assert tally.exit_code == 2
    for result in run(units(inputs), Job("voevent", Settings(), Declared())):
        tally.take(result)
    assert (tally.converted, tally.refused, tally.minted, tally.exit_code) == (6, 2, 6, 1)
    first, *rest = tally.lines(1.25)
    assert first == "6 converted, 2 refused, in 1.2 s"
    assert any("left out" in line for line in rest)


def test_payloads_are_not_in_the_repr(inputs):
    for result in run(units(inputs), JOB):
        assert "data=" not in repr(result)


def test_cores():
    assert cores() >= 1


@pytest.mark.parametrize(("origin", "data"), [("external", b"\x00\x00\x00\x04\x4c"), ("alert", b"<VOEvent")])
def test_what_is_damaged_is_kept_only_if_it_would_be_public_whatever_it_is(origin: str, data: bytes) -> None:
    declared = Declared(Origin(origin), Origin(origin))
    (result,) = run([Unit("x", "message", data)], Job("json", Settings(), declared))
    assert result.error is not None
    assert result.data == b""


def test_a_name_does_not_make_a_schema_known(tmp_path: Path) -> None:
    """A container whose record is called like our stored events, but is not one, is not kept when refused."""
    named = parse_schema(
        {
            "type": "record",
            "name": "voevent_gateway.v1_0.voevent",
            "fields": [{"name": "x", "type": "string"}],
        }
    )
    path = tmp_path / "named.avro"
    with path.open("wb") as file:
        container.write(file, named, [b"\x0cSECRET"])
    (result,) = run(units([str(path)]), Job("json", Settings(), Declared()))
    assert result.error is not None
    assert result.error.code == "policy-withheld"
    assert result.data == b""
