"""The proof log is written and continued: what a crash leaves is repaired and said, anything else is refused."""

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_proofrecord import KEY, NOW, proof

from gateway.errors import LimitError, OutputError
from gateway.policy.proof import log as prooflog
from gateway.policy.proof.check import HEAD_FILE, log_files, verify
from gateway.policy.proof.log import ProofLog
from gateway.policy.proof.record import Head


def written(folder: Path, count: int = 3, **more: Any) -> Path:
    with ProofLog(folder, clock=lambda: NOW, **more) as log:
        for number in range(count):
            log.append(proof(id=f"ivo://example.org/alerts?{number}"))
    return folder


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in log_files(folder) for line in file.read_bytes().splitlines()]


def refused(folder: Path, code: str = "output-log", **more: Any) -> OutputError:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError) as caught:
        ProofLog(folder, **more)
    assert caught.value.code == code
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before  # evidence stays as it is
    return caught.value


def test_a_log_says_what_was_released(tmp_path: Path) -> None:
    folder = written(tmp_path / "a" / "log")
    opened, *released = records(folder)
    assert opened["kind"] == "open"
    assert (opened["format"], opened["chain"]) == ("gateway-proof-log/1", "sha256")
    assert [record["seq"] for record in released] == [1, 2, 3]
    assert [record["id"][-2:] for record in released] == ["?0", "?1", "?2"]
    assert {record["kind"] for record in released} == {"release"}
    verdict = verify(folder)
    assert verdict.codes() == set()
    assert verdict.head.count == 4
    assert (folder / HEAD_FILE).read_text() == f"{verdict.head}\n"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = written(tmp_path / "log")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_times_are_utc(tmp_path: Path) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    with ProofLog(tmp_path, clock=lambda: east) as log:
        log.append(proof())
    assert {record["time"] for record in records(tmp_path)} == {"2026-12-01T12:00:00.000005Z"}
    with ProofLog(tmp_path / "now") as log:
        log.append(proof())
    assert abs(datetime.fromisoformat(records(tmp_path / "now")[1]["time"]) - datetime.now(UTC)) < timedelta(
        hours=1
    )


def test_append_returns_the_head(tmp_path: Path) -> None:
    with ProofLog(tmp_path) as log:
        heads = [log.head, log.append(proof()), log.append(proof())]
        assert heads[-1] == log.head
    assert heads == [Head(record["seq"] + 1, record["hash"]) for record in records(tmp_path)]


def test_a_log_is_continued(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path)
    assert [record["kind"] for record in records(tmp_path)] == ["open", *["release"] * 6]
    assert verify(tmp_path).codes() == set()


@pytest.mark.parametrize("sync", ["every", "batch"])
def test_a_record_is_in_the_file_before_append_returns(tmp_path: Path, sync: Any) -> None:
    with ProofLog(tmp_path, sync=sync) as log:
        for number in range(1, 4):
            log.append(proof())
            assert len(records(tmp_path)) == number + 1


@pytest.mark.parametrize(("sync", "syncs"), [("every", 5), ("batch", 0)])
def test_what_is_synced(tmp_path: Path, sync: Any, syncs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fdatasync", calls.append)
    with ProofLog(tmp_path, sync=sync) as log:
        for _ in range(5):
            log.append(proof())
    assert len(calls) == syncs


def test_the_head_follows_at_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prooflog, "CHECKPOINT", 3)

    def head() -> Head:
        return Head.parse((tmp_path / HEAD_FILE).read_text())

    with ProofLog(tmp_path, sync="batch") as log:
        assert head() == log.head
        counts = [(log.append(proof()), head().count)[1] for _ in range(7)]
        assert counts == [1, 1, 4, 4, 4, 7, 7]
        assert log.checkpoint() == head() == log.head
        log.append(proof())
        assert head().count == 8
    assert head().count == 9


def test_files_follow_each_other(tmp_path: Path) -> None:
    with ProofLog(tmp_path, max_file=1500) as log:
        for _ in range(9):
            log.append(proof())
        log.rotate()
        log.append(proof())
    names = [file.name for file in log_files(tmp_path)]
    assert names == [f"proof-{number:08}.jsonl" for number in range(1, len(names) + 1)]
    assert len(names) > 3
    assert all(file.stat().st_size < 1500 + 700 for file in log_files(tmp_path))
    found = records(tmp_path)
    assert [record["seq"] for record in found] == list(range(len(found)))
    assert all(after["prev"] == before["hash"] for before, after in pairwise(found))
    assert sum(record["kind"] == "release" for record in found) == 10
    written(tmp_path, 1)
    assert verify(tmp_path).codes() == set()
    assert log_files(tmp_path)[-1].name == names[-1]


def test_a_file_is_on_disk_before_the_next_is_begun(tmp_path: Path) -> None:
    with ProofLog(tmp_path, sync="batch") as log:
        head = log.append(proof())
        log.rotate()
        assert (tmp_path / HEAD_FILE).read_text() == f"{head}\n"


def test_a_log_with_a_key(tmp_path: Path) -> None:
    written(tmp_path, key=KEY)
    written(tmp_path, key=KEY)
    assert verify(tmp_path, key=KEY).codes() == set()
    opened = records(tmp_path)[0]
    assert opened["chain"] == "hmac-sha256"
    assert KEY.hex() not in json.dumps(records(tmp_path))
    refused(tmp_path)
    refused(tmp_path, key=KEY[::-1])


def test_a_key_comes_with_the_first_record(tmp_path: Path) -> None:
    refused(written(tmp_path), key=KEY)


def test_one_process_writes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from gateway.policy.proof.log import ProofLog\n"
        "from gateway.errors import OutputError\n"
        "try: ProofLog(Path(sys.argv[1])).close()\n"
        "except OutputError as error: print(error.code)\n"
    )

    def other() -> str:
        run = subprocess.run(
            [sys.executable, "-c", script, tmp_path],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ},
        )
        return run.stdout.strip()

    with ProofLog(tmp_path) as log:
        assert other() == "output-locked"
        refused(tmp_path, "output-locked")
        log.append(proof())
    assert other() == ""
    assert verify(tmp_path).codes() == set()


def test_threads_share_a_log(tmp_path: Path) -> None:
    with ProofLog(tmp_path, sync="batch", max_file=5000) as log:
        threads = [
            threading.Thread(target=lambda: [log.append(proof()) for _ in range(50)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify(tmp_path).codes() == set()
    assert sum(record["kind"] == "release" for record in records(tmp_path)) == 200


def test_a_record_that_is_too_long_leaves_no_trace(tmp_path: Path) -> None:
    with ProofLog(tmp_path) as log:
        with pytest.raises(LimitError):
            log.append(proof(rules={f"rule-{number:050}": 1 for number in range(400)}))
        log.append(proof())
    assert [record["seq"] for record in records(tmp_path)] == [0, 1]
    assert verify(tmp_path).codes() == set()


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = ProofLog(tmp_path)
    log.close()
    log.close()
    for use in (log.checkpoint, log.rotate, lambda: log.append(proof())):
        with pytest.raises(OutputError) as caught:
            use()
        assert caught.value.code == "output-log"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "log"):
        with pytest.raises(OutputError) as caught:
            ProofLog(folder)
        assert caught.value.code == "output-unwritable"


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = written(tmp_path / "log")
    (file,) = log_files(folder)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    refused(folder, "output-unwritable")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that is full: the kernel writes what fits and then refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_a_record_there_is_an_error_until_it_is_opened_anew(tmp_path: Path) -> None:
    log = ProofLog(tmp_path)
    log.append(proof())
    with largest_file(log_files(tmp_path)[0].stat().st_size + 100):
        with pytest.raises(OutputError) as caught:
            log.append(proof())
        assert caught.value.code == "output-unwritable"
    with pytest.raises(OutputError) as caught:
        log.append(proof())
    assert caught.value.code == "output-log"
    log.close()
    written(tmp_path, 1)
    assert verify(tmp_path).codes() == {"PL-12"}
    (repair,) = [record for record in records(tmp_path) if record["kind"] == "repair"]
    assert (repair["fault"], repair["bytes"]) == ("torn", 100)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The only file of a log whose writer ended without a word after three records."""
    folder = tmp_path_factory.mktemp("crashed")
    log = ProofLog(folder, sync="batch", clock=lambda: NOW)
    for number in range(3):
        log.append(proof(id=str(number)))
    data = log_files(folder)[0].read_bytes()
    log.close()
    return data


class TestCrash:
    @given(data=st.data())
    def test_at_any_byte(
        self, crashed: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(1, len(crashed)))
        garbage = data.draw(st.sampled_from([b"", b"\0" * 700]))  # blocks that were never written are zeros
        folder = tmp_path_factory.mktemp("log")
        kept = crashed[:cut]
        (folder / "proof-00000001.jsonl").write_bytes(kept + garbage)
        first = json.loads(crashed.splitlines()[0])
        if b"\n" in kept:
            (folder / HEAD_FILE).write_text(str(Head(1, first["hash"])))
        written(folder, 1)
        torn = len(kept + garbage) - kept.rfind(b"\n") - 1
        assert verify(folder).codes() == ({"PL-12"} if torn else set())
        found = records(folder)
        repairs = [record["bytes"] for record in found if record["kind"] == "repair"]
        assert repairs == ([torn] if torn else [])
        assert sum(record["kind"] == "release" for record in found) == max(0, kept.count(b"\n") - 1) + 1
        shutil.rmtree(folder)

    def test_a_crash_while_it_is_repaired_hides_nothing(self, crashed: bytes, tmp_path: Path) -> None:
        """The repair is written over the torn line; what is left of that is torn again."""
        (tmp_path / "proof-00000001.jsonl").write_bytes(crashed + b"\0" * 5000)
        first = json.loads(crashed.splitlines()[0])
        (tmp_path / HEAD_FILE).write_text(str(Head(1, first["hash"])))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "ftruncate", lambda *_: os.close(-1))
            with pytest.raises(OutputError):
                ProofLog(tmp_path)
        written(tmp_path, 1)
        assert [record["fault"] for record in records(tmp_path) if record["kind"] == "repair"] == [
            "torn",
            "torn",
        ]
        assert verify(tmp_path).codes() == {"PL-12"}

    @pytest.mark.parametrize("left", [b"", b'{"seq":4,"ti'])
    def test_when_the_next_file_is_begun(self, tmp_path: Path, left: bytes) -> None:
        written(tmp_path)
        (tmp_path / "proof-00000002.jsonl").write_bytes(left)
        written(tmp_path, 1)
        assert verify(tmp_path).codes() == ({"PL-12"} if left else set())
        assert [file.name for file in log_files(tmp_path)] == ["proof-00000001.jsonl", "proof-00000002.jsonl"]

    def test_when_the_first_file_is_begun(self, tmp_path: Path) -> None:
        (tmp_path / "proof-00000001.jsonl").touch()
        written(tmp_path)
        assert verify(tmp_path).codes() == set()

    def test_when_the_head_is_written(self, tmp_path: Path) -> None:
        written(tmp_path)
        (tmp_path / f"{HEAD_FILE}.part").write_text("1")
        written(tmp_path)
        assert verify(tmp_path).codes() == set()

    def test_a_head_that_is_gone_is_said(self, tmp_path: Path) -> None:
        written(tmp_path)
        (tmp_path / HEAD_FILE).unlink()
        written(tmp_path)
        assert verify(tmp_path).codes() == {"PL-12"}
        assert [record.get("fault") for record in records(tmp_path)][4] == "no-head"


class TestNoCrash:
    """What a crash cannot have done is not continued, and not touched."""

    def test_an_end_that_was_cut_off(self, tmp_path: Path) -> None:
        (file,) = log_files(written(tmp_path))
        lines = file.read_bytes().splitlines(keepends=True)
        for kept in (lines[:-1], lines[:1], [*lines[:-1], lines[-1][:-9]], [b""], [lines[0][:9]]):
            file.write_bytes(b"".join(kept))
            refused(tmp_path)

    def test_a_torn_line_before_the_last_file(self, tmp_path: Path) -> None:
        (file,) = log_files(written(tmp_path))
        file.write_bytes(file.read_bytes() + b'{"seq":4')
        (tmp_path / "proof-00000002.jsonl").touch()
        refused(tmp_path)

    def test_a_record_that_was_changed(self, tmp_path: Path) -> None:
        (file,) = log_files(written(tmp_path))
        data = file.read_bytes()
        for line in range(4):
            lines = data.splitlines(keepends=True)
            lines[line] = lines[line].replace(b"12:00:00", b"12:00:01")
            file.write_bytes(b"".join(lines))
            refused(tmp_path)

    def test_another_end(self, tmp_path: Path) -> None:
        (file,) = log_files(written(tmp_path / "one"))
        with ProofLog(tmp_path / "two") as log:
            for _ in range(5):
                log.append(proof(id="other"))
        shutil.copy(log_files(tmp_path / "two")[0], file)
        refused(tmp_path / "one")

    def test_files_that_are_gone(self, tmp_path: Path) -> None:
        written(tmp_path, 5, max_file=1500)
        for file in reversed(log_files(tmp_path)):
            file.unlink()
            refused(tmp_path)

    def test_a_head_that_cannot_be_read(self, tmp_path: Path) -> None:
        written(tmp_path)
        (tmp_path / HEAD_FILE).write_text("")
        refused(tmp_path)
