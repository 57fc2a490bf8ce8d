"""`gateway convert` from the outside: what it writes, says and returns; and what bad input does to it."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from alerts import KEYS, NEWEST, alert, changed, long, opened, real_lsst, simulated, values
from cli_runs import SENTINEL, assert_clean, invoke, message, packed

from gateway.codecs import confluent, single_object, voevent
from gateway.codecs.voevent.check import check
from gateway.mapping.restore import alert_of
from gateway.schema import registry


def run(*arguments, stdin=None):
    return invoke("convert", *arguments, stdin=stdin)


@pytest.fixture
def visit(tmp_path):
    """A container with three alerts."""
    file = tmp_path / "visit.avro"
    file.write_bytes(packed(simulated(NEWEST, 3, "none")))
    return file


@pytest.fixture
def one(tmp_path):
    """A Confluent message."""
    file = tmp_path / "one.msg"
    file.write_bytes(message(simulated(NEWEST, 1, "none")[0]))
    return file


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_option_is_named_as_it_is_written(one):
    assert "--record" in run(one, "--detail", "full", "--record", "diaSource").output


# What is written


@pytest.mark.parametrize(
    ("to", "version"), [("voevent", "2.0"), ("voevent-2.0", "2.0"), ("voevent-2.1", "2.1")]
)
def test_a_message_becomes_an_event(one, to, version):
    result = run(one, "--to", to)
    assert result.exit_code == 0
    assert voevent.decode(result.stdout_bytes).version == version
    assert "org.example" in result.stderr  # the authority is nobody's
    assert run(one, "--to", to, "--authority", "org.mine.x").stderr == ""


def test_standard_input(one):
    result = run("-", stdin=one.read_bytes())
    assert result.stdout_bytes == run(one).stdout_bytes
    assert result.exit_code == 0


def test_all_options_of_an_event(tmp_path):
    file = tmp_path / "one.avro"
    found = next(found for found in simulated("lsst/11.0", 20, "image") if values(found)["prvDiaSources"])
    file.write_bytes(packed([found]))
    options = [
        "--authority",
        "org.mine",
        "--stream",
        "a/b",
        "--separator",
        "#",
        "--role",
        "utility",
        "--cite",
        "latest",
    ]
    options += [
        "--cutout-url",
        "https://x.org/{id}/{name}",
        "--record",
        "diaSource",
        "--record",
        "cutoutDifference",
    ]
    event = voevent.decode(run(file, *options).stdout_bytes)
    assert event.ivorn.startswith("ivo://org.mine/a/b#")
    assert event.role == "utility"
    assert [item.name for item in event.what.items] == ["diaSource", "cutoutDifference", "avro"]
    assert event.what.group("cutoutDifference").items[1].uri.startswith("https://x.org/")
    assert event.citations is not None
    again = voevent.decode(run(file, "--reprocessed", "--classify").stdout_bytes)
    assert [one.cite for one in again.citations.events] == ["supersedes"]


def test_a_folder_of_files(visit, tmp_path):
    result = run(visit, "--out-dir", tmp_path / "out", "--detail", "full")
    assert result.exit_code == 0
    assert "3 converted, 0 refused" in result.stderr
    ids = {f"{found_id(found)}.xml" for found in simulated(NEWEST, 3, "none")}
    assert set(tree(tmp_path / "out")) == ids
    for data in tree(tmp_path / "out").values():
        assert [found for found in check(data) if found.severity.name == "ERROR"] == []


def found_id(found):
    from gateway.simulate import identifier

    return identifier(found)


@pytest.mark.parametrize(
    "name", ["events.tar", "events.tar.gz", "events.tgz", "events.tar.bz2", "events.tar.xz"]
)
def test_an_archive_and_back(visit, tmp_path, name):
    archive, back = tmp_path / name, tmp_path / "back.avro"
    assert run(visit, "-o", archive, "--detail", "full").exit_code == 0
    with tarfile.open(archive) as made:
        assert len(made.getnames()) == 3
    assert run(archive, "--to", "avro", "-o", back).exit_code == 0
    assert [found.payload for found in opened(back.read_bytes())] == [
        a.payload for a in opened(visit.read_bytes())
    ]
    assert opened(back.read_bytes())[0].framing.codec == "deflate"


@pytest.mark.parametrize("key", KEYS)
def test_there_and_back_for_every_schema(key, tmp_path):
    file = tmp_path / "in.avro"
    file.write_bytes(packed(simulated(key, 2, "none"), "null"))
    assert run(file, "--detail", "full", "--to", "voevent-2.1", "-o", tmp_path / "x.tar").exit_code == 0
    assert run(tmp_path / "x.tar", "--to", "avro", "-o", tmp_path / "back.avro").exit_code == 0
    payloads = [found.payload for found in opened((tmp_path / "back.avro").read_bytes())]
    assert payloads == [found.payload for found in simulated(key, 2, "none")]


@pytest.mark.parametrize("frame", [confluent.frame, single_object.frame])
def test_a_message_comes_back_in_its_framing(tmp_path, frame):
    for key in ("lsst/8.0", NEWEST):
        found = simulated(key, 1, "none")[0]
        data = frame(found.schema, found.payload)
        event = run("-", "--detail", "full", stdin=data).stdout_bytes
        assert run("-", "--to", "avro", stdin=event).stdout_bytes == data
        via_json = run("-", "--to", "json", stdin=data).stdout_bytes
        assert run("-", "--to", "avro", stdin=via_json).stdout_bytes == data


def test_bare_data(tmp_path):
    found = simulated("ztf/4.02", 1, "none")[0]
    event = run("-", "--schema", "ztf/4.02", "--detail", "full", stdin=found.payload)
    assert event.exit_code == 0
    assert run("-", "--to", "avro", stdin=event.stdout_bytes).stdout_bytes == found.payload


def test_several_messages_become_a_container(tmp_path):
    alerts = simulated(NEWEST, 2, "none")
    for number, found in enumerate(alerts):
        (tmp_path / f"{number}.msg").write_bytes(message(found))
    out = tmp_path / "out.avro"
    assert run(tmp_path / "0.msg", tmp_path / "1.msg", "--to", "avro", "-o", out).exit_code == 0
    assert [found.payload for found in opened(out.read_bytes())] == [found.payload for found in alerts]


def test_json_lines(visit):
    result = run(visit, "--to", "json")
    lines = result.stdout.splitlines()
    assert [json.loads(line)["schema"] for line in lines] == [NEWEST] * 3
    assert run("-", "--to", "json", stdin=result.stdout_bytes).stdout_bytes == result.stdout_bytes


def test_a_foreign_event_comes_back_as_it_was(tmp_path):
    foreign = (
        b"<?xml version='1.0'?>\r\n<v:VOEvent xmlns:v='http://www.ivoa.net/xml/VOEvent/v2.0' "
        b"ivorn='ivo://a.b/c#d' version='2.0' role='test'></v:VOEvent><!-- end -->"
    )
    stored = run("-", "--to", "avro", stdin=foreign).stdout_bytes
    assert stored.startswith(b"Obj\1") or stored
    assert run("-", "--to", "voevent", stdin=foreign).stdout_bytes == foreign
    (tmp_path / "x.xml").write_bytes(foreign)
    (tmp_path / "y.xml").write_bytes(foreign.replace(b"#d", b"#e"))
    both = tmp_path / "both.avro"
    assert run(tmp_path / "x.xml", tmp_path / "y.xml", "--to", "avro", "-o", both).exit_code == 0
    assert run(both, "--to", "voevent", "--out-dir", tmp_path / "back").exit_code == 0
    assert sorted(tree(tmp_path / "back").values()) == sorted([foreign, foreign.replace(b"#d", b"#e")])


def test_a_projection_is_reported(shared, lsst_container, tmp_path):
    file = tmp_path / "fink.avro"
    file.write_bytes(lsst_container)
    refused = run(file)
    assert refused.exit_code == 2
    assert "policy-withheld" in refused.stderr
    result = run(file, "--project", "lsst/10.0", "--detail", "full", "-o", tmp_path / "x.tar", "--json")
    assert result.exit_code == 0
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(reports) == 7
    assert all(report["exact"] for report in reports)
    assert any("not in the released schema" in loss for loss in reports[0]["losses"])
    assert run(tmp_path / "x.tar", "--to", "avro", "-o", tmp_path / "b.avro").exit_code == 0
    back = opened((tmp_path / "b.avro").read_bytes())
    assert [found.payload for found in back] == [found.payload for found in real_lsst(lsst_container)]


def test_reports_as_json(visit, tmp_path):
    broken = tmp_path / "broken.msg"
    broken.write_bytes(b"\0\0\0\4")
    result = run(visit, broken, "--out-dir", tmp_path / "out", "--json")
    assert result.exit_code == 1
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [("error" in report) for report in reports] == [False] * 3 + [True]
    assert (
        Path(reports[0]["output"]).read_bytes()
        == (tmp_path / "out" / Path(reports[0]["output"]).name).read_bytes()
    )
    assert reports[0]["input"] == f"{visit}[0]"
    assert reports[0]["ivorn"].startswith("ivo://org.example/alerts?")
    assert reports[3]["error"]["code"] == "avro-truncated"


def test_losses_are_said(visit, tmp_path):
    result = run(visit, "--out-dir", tmp_path / "out", "--json")
    losses = [loss for line in result.stdout.splitlines() for loss in json.loads(line)["losses"]]
    assert any("left out at this level of detail" in loss for loss in losses)


# Files that are there already


def test_the_same_again_is_the_same_file(visit, tmp_path):
    for _ in range(2):
        assert run(visit, "--out-dir", tmp_path / "out").exit_code == 0
    assert len(tree(tmp_path / "out")) == 3


def test_other_content_never_replaces_a_file(visit, tmp_path):
    out = tmp_path / "out"
    run(visit, "--out-dir", out)
    before = tree(out)
    run(visit, "--out-dir", out, "--role", "test")
    after = tree(out)
    assert len(after) == 6
    assert before.items() <= after.items()
    run(visit, "--out-dir", out, "--role", "utility", "--force")
    assert len(tree(out)) == 6
    assert sum(b'role="utility"' in data for data in tree(out).values()) == 3


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_two_events_of_one_name_are_two_files(tmp_path, force):
    found = simulated(NEWEST, 1, "none")[0]
    other = changed(found, diaSource__visit=long(7))
    file = tmp_path / "two.avro"
    file.write_bytes(packed([found, other]))
    assert run(file, "--out-dir", tmp_path / "out", *force).exit_code == 0
    assert len(tree(tmp_path / "out")) == 2


def test_two_events_of_one_name_in_an_archive(tmp_path):
    found = simulated(NEWEST, 1, "none")[0]
    file = tmp_path / "two.avro"
    file.write_bytes(packed([found, changed(found, diaSource__visit=long(7))]))
    assert run(file, "-o", tmp_path / "out.tar").exit_code == 0
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert len(set(archive.getnames())) == 2


def test_an_existing_file_is_kept(one, tmp_path):
    out = tmp_path / "out.xml"
    out.write_text("mine")
    result = run(one, "-o", out)
    assert (result.exit_code, out.read_text()) == (2, "mine")
    assert "output-exists" in result.stderr
    assert run(one, "-o", out, "--force").exit_code == 0
    assert out.read_bytes().startswith(b"<?xml")


def test_a_folder_where_a_file_should_be(one, tmp_path):
    name = f"{found_id(simulated(NEWEST, 1, 'none')[0])}.xml"
    (tmp_path / "out" / name).mkdir(parents=True)
    for force in ([], ["--force"]):
        result = run(one, "--out-dir", tmp_path / "out", *force)
        assert_clean(result)
        assert result.exit_code in (0, 2)
    assert_clean(run(one, "-o", tmp_path / "out", "--force"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(one, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    assert run(one, "--out-dir", tmp_path / "out").exit_code == 2
    assert run(one, "-o", tmp_path / "out" / "x.xml").exit_code == 2


@pytest.mark.parametrize(
    "options", [["-o", "{}/no/such/x.xml"], ["--out-dir", "/dev/null/x"], ["--rejects", "/dev/null/x"]]
)
def test_what_cannot_be_written(one, tmp_path, options):
    result = run(one, *(option.format(tmp_path) for option in options))
    assert result.exit_code == 2
    assert "output-unwritable" in result.stderr
    assert_clean(result)


def test_one_xml_file_takes_one_event(visit, tmp_path):
    result = run(visit, "-o", tmp_path / "x.xml")
    assert result.exit_code == 2
    assert "--out-dir" in result.stderr
    assert list(tmp_path.iterdir()) == [visit]


def test_one_container_takes_one_schema(tmp_path):
    for key in ("lsst/10.0", "lsst/11.0"):
        (tmp_path / f"{key[5:]}.avro").write_bytes(packed(simulated(key, 1, "none")))
    out = tmp_path / "out.avro"
    result = run(tmp_path / "10.0.avro", tmp_path / "11.0.avro", "--to", "avro", "-o", out)
    assert result.exit_code == 2
    assert "different schemas" in result.stderr
    assert not list(tmp_path.glob("*out.avro*"))
    assert not list(tmp_path.glob(".*.part"))


# Rejects


def damaged(folder):
    """A message that ends early, and a container with a damaged block."""
    whole = packed(simulated(NEWEST, 3, "none"), "null")
    (folder / "damaged.msg").write_bytes(message(simulated(NEWEST, 1, "none")[0])[:500])
    (folder / "damaged.avro").write_bytes(whole[:-40] + b"x" * 24 + whole[-16:])
    return folder / "damaged.msg", folder / "damaged.avro"


def records(folder):
    return [json.loads(data) for name, data in tree(folder).items() if name.endswith(".json")]


def test_what_is_damaged_is_recorded_and_not_kept(visit, tmp_path):
    """L20: somebody may have put anything into it, and nobody can look."""
    result = run(visit, *damaged(tmp_path), "--out-dir", tmp_path / "out", "--rejects", tmp_path / "rejects")
    assert result.exit_code == 1
    assert sorted(name.rpartition(".")[2] for name in tree(tmp_path / "rejects")) == ["json", "json", "txt"]
    for record in records(tmp_path / "rejects"):
        assert record["input"].startswith(str(tmp_path / "damaged"))
        assert record["code"].startswith("avro-")
        assert record["advice"]
        assert record["bytes"] > 400
        assert (record["kept"], record["audience"], record["profile"]) == (False, "public", "rdo013-2025")


def test_what_came_straight_from_the_survey_is_kept(tmp_path):
    inputs = damaged(tmp_path)
    assert run(*inputs, "--issued", "-o", tmp_path / "x.tar", "--rejects", tmp_path / "r").exit_code == 1
    kept = [data for name, data in tree(tmp_path / "r").items() if name.endswith(".bin")]
    assert len(kept) == 2
    assert inputs[0].read_bytes()[5:] in kept
    assert all(record["kept"] for record in records(tmp_path / "r"))


def test_of_rows_of_a_programme_that_may_not_be_public_nothing_is_kept(tmp_path):
    (tmp_path / "ztf.msg").write_bytes(packed(simulated("ztf/4.02", 1, "none"), "null")[:-100])
    run(tmp_path / "ztf.msg", "--issued", "-o", tmp_path / "x.tar", "--rejects", tmp_path / "r")
    assert [record["kept"] for record in records(tmp_path / "r")] == [False]


def test_xml_that_cannot_be_read_is_not_kept(tmp_path):
    """It may have an address with a credential in it, which goes to nobody."""
    (tmp_path / "bad.xml").write_text(f'<a><Reference uri="https://x.org/?token={SENTINEL}"/>')
    run(tmp_path / "bad.xml", "--issued", "-o", tmp_path / "x.tar", "--rejects", tmp_path / "r")
    assert [record["code"] for record in records(tmp_path / "r")] == ["xml-malformed"]
    assert not any(SENTINEL.encode() in data for data in tree(tmp_path / "r").values())


@pytest.mark.parametrize("origin", ["data-release", "prompt-visit", "user"])
def test_what_the_policy_refuses_is_not_kept(visit, tmp_path, origin):
    """Neither whole items, nor what is too damaged for the policy to be asked."""
    whole = visit.read_bytes()
    (tmp_path / "damaged.avro").write_bytes(whole[:-40] + b"x" * 24 + whole[-16:])
    (tmp_path / "damaged.msg").write_bytes(message(simulated(NEWEST, 1, "none")[0])[:50])
    (tmp_path / "unknown.msg").write_bytes(b"\0\0\0\xff\xff" + SENTINEL.encode())
    event = run("-", "--detail", "full", stdin=message(simulated(NEWEST, 1, "none")[0])).stdout_bytes
    (tmp_path / "event.xml").write_bytes(event)
    (tmp_path / "tampered.xml").write_bytes(event.replace(b'value="simulated"', b'value="SENTINEL"'))
    (tmp_path / "broken.xml").write_bytes(event[:500])
    inputs = sorted(path for path in tmp_path.iterdir() if path.is_file())
    for to in ("voevent", "avro", "json"):
        result = run(
            *inputs,
            "--origin",
            origin,
            "--to",
            to,
            "--out-dir",
            tmp_path / "out",
            "--rejects",
            tmp_path / "rejects",
        )
        assert result.exit_code == 2
        assert "policy-withheld" in result.stderr
    assert tree(tmp_path / "out") == {}
    assert [name for name in tree(tmp_path / "rejects") if name.endswith(".bin")] == []


# Processes


def test_processes_make_the_same(tmp_path):
    files = []
    for key in ("lsst/9.0", "lsst/11.0", "ztf/3.3"):
        files.append(tmp_path / f"{key.replace('/', '-')}.avro")
        files[-1].write_bytes(packed(simulated(key, 6, "none")))
    (tmp_path / "bad.msg").write_bytes(b"\0\0\0\0\0")
    inputs = [*files, tmp_path / "bad.msg", *files]
    outputs = []
    for jobs in (1, 2):
        out, rejects = tmp_path / f"out-{jobs}.tar", tmp_path / f"rejects-{jobs}"
        command = [
            *gateway("convert"),
            *map(str, inputs),
            "-o",
            str(out),
            "--jobs",
            str(jobs),
            "--rejects",
            str(rejects),
            "--json",
        ]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 1
        report = done.stdout.replace(f"out-{jobs}".encode(), b"out")
        outputs.append((out.read_bytes(), report, tree(rejects)))
    assert outputs[0] == outputs[1]
    assert len(outputs[0][1].splitlines()) == 37


def gateway(*arguments):
    return [sys.executable, "-c", "from gateway.cli import main; main()", *arguments]


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_run_leaves_nothing_half_done(tmp_path, jobs):
    """Ctrl-C goes to the whole process group, workers too; the input, which does not end, holds the run where it is."""
    members = io.BytesIO()
    with tarfile.open(fileobj=members, mode="w|") as archive:
        # The second refusal is said when the run has come to where it waits for more; with workers, which have
        # some items under way, a few items later.
        some = [message(simulated(NEWEST, 1, "none")[0])] * 9
        for number, data in enumerate(
            [b"garbage", *some, b"garbage", *(some if jobs > 1 else ()), b"x" * 30_000]
        ):
            member = tarfile.TarInfo(f"{number}.msg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with subprocess.Popen(
        [*gateway("convert"), "-", "-o", str(tmp_path / "out.tar"), "--jobs", str(jobs)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as done:
        done.stdin.write(members.getvalue()[:-20_000])
        done.stdin.flush()
        for _ in range(2):
            assert b"input-unknown" in done.stderr.readline()
        assert list(tmp_path.iterdir()) == [tmp_path / ".out.tar.part"]
        os.killpg(done.pid, signal.SIGINT)
        _, stderr = done.communicate()
    assert done.returncode not in (0, None)
    assert b"Traceback" not in stderr, stderr.decode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--to", "json"], ["--to", "json", "--jobs", "2"], ["--to", "avro", "--detail", "full"]]
)
def test_a_reader_who_has_seen_enough(tmp_path, options):
    file = tmp_path / "many.avro"
    file.write_bytes(packed(simulated(NEWEST, 12, "none") * 8, "null"))
    with subprocess.Popen(
        [*gateway("convert"), str(file), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as done:
        assert done.stdout.read(1) in b"{O"
        done.stdout.close()
        stderr = done.stderr.read().decode()
    assert stderr == ""


def test_pipes():
    found = simulated(NEWEST, 1, "none")[0]
    mine = ["--authority", "org.mine"]
    with (
        subprocess.Popen(
            [*gateway("convert"), "-", "--detail", "full", *mine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as first,
        subprocess.Popen(
            [*gateway("convert"), "-", "--to", "avro"], stdin=first.stdout, stdout=subprocess.PIPE
        ) as second,
    ):
        first.stdin.write(message(found))
        first.stdin.close()
        assert second.communicate()[0] == message(found)
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_closed_standard_input():
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *gateway("convert"), "-"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"input-unreadable" in done.stderr
    assert b"Traceback" not in done.stderr


# Wrong use


@pytest.mark.parametrize(
    "options",
    [
        ["--authority", "a b"],
        ["--stream", "/"],
        ["--cutout-url", "https://x.org/{ra}"],
        ["--record", "diaSource", "--detail", "full"],
        ["--record", "nosuch"],
        ["--schema", "lsst/99.0"],
        ["--project", "lsst/99.0"],
        ["--policy", "nosuch"],
        ["--policy", "/nosuch.toml"],
        ["--json"],
        ["--json", "-o", "-"],
        ["-o", "x.xml", "--out-dir", "y"],
        ["--to", "nothing"],
        ["--jobs", "-1"],
        ["--origin", "nowhere"],
    ],
)
def test_wrong_options(one, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(one, *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert_clean(result)
    assert list(tmp_path.iterdir()) == [one]


def test_no_input():
    assert run().exit_code == 2


def test_nothing_in_a_folder(tmp_path):
    result = run(tmp_path, "--out-dir", tmp_path / "out")
    assert result.exit_code == 2


# Bad input: one sentence with file, place and code; no traceback, no value


def secret():
    """An alert with a value that no message may repeat."""
    return changed(
        simulated(NEWEST, 1, "none")[0],
        target_name=SENTINEL.encode(),
        observation_reason=SENTINEL.encode() * 20,
    )


def _event():
    return run("-", "--detail", "full", stdin=message(secret())).stdout_bytes


def _corrupt_block():
    data = bytearray(packed([secret()] * 2, "deflate"))
    data[-60:-30] = b"\xff" * 30
    return bytes(data)


def _huge_block():
    whole = packed([secret()], "null")
    header = whole.index(whole[-16:]) + 16
    return whole[:header] + b"\2" + HUGE_LENGTH + whole[header:]


def _wrong_types():
    found = secret()
    return message(alert(NEWEST, found.payload.replace(SENTINEL.encode(), b"\xff" * len(SENTINEL), 1)))


BOMB = "<!DOCTYPE a [<!ENTITY a 'SENTINEL'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
) + "]><a>&i;</a>"  # fmt: skip
HUGE_LENGTH = b"\x80\x80\x80\x80\x08"  # 2**30, a gibibyte

BAD = {
    "truncated": (lambda: message(secret())[:300], "avro-truncated", "byte 295"),
    "truncated-header": (lambda: b"\0\0\0", "avro-truncated", "byte 3"),
    "truncated-container": (lambda: packed([secret()], "null")[:-30], "avro-truncated", "byte "),
    "unknown-id": (lambda: b"\0\0\0\x27\x10" + SENTINEL.encode(), "schema-unknown", "byte 1"),
    "little-endian-id": (lambda: b"\0" + (1100).to_bytes(4, "little") + secret().payload, "schema-endian", "byte 1"),
    "unknown-fingerprint": (lambda: b"\xc3\x01" + b"SENTINEL" + secret().payload, "schema-unknown", "byte 2"),
    "corrupt-block": (_corrupt_block, "avro-c", "byte "),
    "glued": (lambda: message(secret()) * 2, "avro-", "byte "),
    "other-schema": (lambda: confluent.frame(registry.get("lsst/7.0"), secret().payload), "avro-", "byte "),
    "invalid-utf8": (_wrong_types, "avro-text", ""),
    "length-1-gb": (lambda: b"\0\0\0\4\x4d" + b"\2" * 8 + HUGE_LENGTH * 3 + b"SENTINEL", "avro-", "byte "),
    "block-1-gb": (_huge_block, "limit-size", "byte "),
    "entity-bomb": (lambda: BOMB.encode(), "xml-dtd", ""),
    "entity-bomb-utf16": (lambda: BOMB.encode("utf-16"), "xml-", ""),
    "external-entity": (
        lambda: b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "xml-dtd",
        "",
    ),
    "bad-utf8-xml": (lambda: _event().replace(SENTINEL.encode(), b"\xff\xfe", 1), "xml-malformed", "line "),
    "duplicate-attributes": (lambda: _event().replace(b" role=", b' role="test" role='), "xml-malformed", "line 2"),
    "unfinished-xml": (lambda: _event()[:2000], "xml-malformed", "line "),
    "other-xml": (lambda: b"<html>SENTINEL</html>", "voevent-root", ""),
    "changed-json": (
        lambda: run("-", "--to", "json", stdin=message(secret())).stdout_bytes.replace(b"SENTINEL", b"SENTINEl", 1),
        "convert-mismatch",
        "record 0",
    ),
    "broken-json": (lambda: b'{"SENTINEL": ', "json-malformed", ""),
    "other-json": (lambda: b'{"SENTINEL": "SENTINEL"}', "json-form", ""),
    "deep-json": (lambda: b'{"a":' * 100_000, "", ""),
    "empty": (lambda: b"", "input-empty", ""),
    "garbage": (lambda: b"SENTINEL garbage", "input-unknown", "byte 0"),
    "random": (lambda: b"\xde\xad\xbe\xef" * 50, "input-unknown", "byte 0"),
    "damaged-gzip": (lambda: b"\x1f\x8b" + SENTINEL.encode(), "input-unreadable", ""),
    "damaged-bzip2": (lambda: b"BZh9" + SENTINEL.encode(), "input-unreadable", ""),
    "damaged-xz": (lambda: b"\xfd7zXZ\0" + SENTINEL.encode(), "input-unreadable", ""),
    "container-of-nothing": (lambda: b"Obj\1", "avro-", "byte "),
    "container-other-codec": (lambda: packed([secret()], "null").replace(b"null", b"nulI", 1), "avro-codec", ""),
    "container-no-schema": (lambda: b"Obj\1\0" + b"s" * 16, "avro-container", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("to", ["voevent", "avro", "json"])
def test_bad_input(name, to, tmp_path):
    make, code, place = BAD[name]
    file = tmp_path / f"{name}.bad"
    file.write_bytes(make())
    result = run(
        file, "--to", to, "--detail", "full", "--out-dir", tmp_path / "out", "--rejects", tmp_path / "rejects"
    )
    assert_clean(result)
    assert result.exit_code in (1, 2)
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("gateway: "))
    if name != "changed-json" or to == "avro":
        assert f"[{code}" in line, line
    assert str(file) in line
    assert place in line
    assert re.search(r"\[[a-z]+-[a-z0-9]+\]", line)
    reasons = [json.loads(path.read_bytes()) for path in (tmp_path / "rejects").glob("*.json")]
    assert len(reasons) == 1
    assert SENTINEL not in json.dumps(reasons)


def test_files_that_are_not_there(tmp_path, one):
    result = run(tmp_path / "no-such.avro", one, "--out-dir", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{tmp_path / 'no-such.avro'}: " in result.stderr
    assert "input-unreadable" in result.stderr
    assert len(tree(tmp_path / "out")) == 1


def test_a_bad_item_does_not_stop_the_batch(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (make, *_) in BAD.items():
        (folder / name).write_bytes(make())
    (folder / "good").write_bytes(message(simulated(NEWEST, 1, "none")[0]))
    result = run(folder, "--out-dir", tmp_path / "out", "--rejects", tmp_path / "rejects")
    assert result.exit_code == 1
    assert_clean(result)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes")
def test_names_that_are_not_utf8(tmp_path, one):
    odd = os.fsencode(tmp_path) + b"/in/odd\xff[b].msg"
    (tmp_path / "in").mkdir()
    with open(odd, "wb") as file:
        file.write(one.read_bytes())
    with open(odd + b"2", "wb") as file:
        file.write(b"garbage")
    result = run(tmp_path / "in", "--out-dir", tmp_path / "out", "--rejects", tmp_path / "rejects", "--json")
    assert result.exit_code == 1
    assert_clean(result)
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert all("odd\\xff[b].msg" in report["input"] for report in reports)


@pytest.mark.parametrize("framing", ["evil", "container/evil"])
def test_a_forged_framing_does_not_stop_the_batch(tmp_path, framing):
    event = run("-", "--detail", "full", stdin=message(simulated(NEWEST, 1, "none")[0])).stdout_bytes
    (tmp_path / "1.xml").write_bytes(event.replace(b'value="confluent"', b'value="%b"' % framing.encode()))
    (tmp_path / "2.xml").write_bytes(event)
    result = run(tmp_path / "1.xml", tmp_path / "2.xml", "--to", "avro", "--out-dir", tmp_path / "out")
    assert result.exit_code == 1
    assert_clean(result)
    assert len(tree(tmp_path / "out")) == 1


def test_names_from_documents_stay_in_the_folder(tmp_path):
    for number, name in enumerate(
        ("../../evil", "/etc/evil", "..", ".hidden", "a\\b", "x" * 400, "CON", "a&amp;b", "")
    ):
        (tmp_path / f"{number}.xml").write_text(
            '<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="test" '
            f'ivorn="ivo://a.b/c?{name}"/>'
        )
    out = tmp_path / "deep" / "out"
    result = run(*tmp_path.glob("*.xml"), "--out-dir", out)
    assert result.exit_code == 0
    assert len(tree(out)) == 9
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*\.xml", name) for name in tree(out))
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".xml") == ["deep"]


def test_provenance_of_the_event_decides(tmp_path):
    """An event made from an alert gives the alert back for who may see alerts."""
    event = run("-", "--detail", "full", stdin=message(simulated(NEWEST, 1, "none")[0])).stdout_bytes
    assert alert_of(event)
    assert run("-", "--to", "avro", "--origin", "alert", stdin=event).exit_code == 0
    assert run("-", "--to", "voevent", "--origin", "data-release", stdin=event).exit_code == 2
