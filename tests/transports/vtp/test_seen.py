"""What a broker remembers: duplicates, what it still owes, across runs and kills, and what it forgets."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.errors import OutputError
from gateway.transports.vtp.seen import STEPS, Seen

DAY = 86_400.0
NOW = 2_000_000_000.0


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seen.db"


def test_an_event_is_new_once_and_in_the_next_run_no_more(file: Path) -> None:
    seen = Seen(file)
    assert seen.accept(digest("a"), b"A", NOW) is not None
    assert seen.accept(digest("a"), b"A", NOW) is None
    seen.commit()
    assert seen.accept(digest("a"), b"A", NOW) is None
    seen.close()
    seen = Seen(file)
    assert seen.accept(digest("a"), b"A", NOW) is None
    assert seen.count == 1
    seen.close()


def test_what_is_not_done_waits_in_the_next_run(file: Path) -> None:
    seen = Seen(file)
    numbers = [seen.accept(digest(text), text.encode(), NOW) for text in "abc"]
    assert numbers[1] is not None
    seen.done(numbers[1])
    seen.close()
    seen = Seen(file)
    assert [payload for _, payload in seen.waiting()] == [b"a", b"c"]
    for number, _ in seen.waiting():
        seen.done(number)
    seen.close()
    seen = Seen(file)
    assert list(seen.waiting()) == []
    seen.close()


def test_what_this_run_accepts_does_not_wait_in_it(file: Path) -> None:
    seen = Seen(file)
    seen.accept(digest("a"), b"a", NOW)
    seen.close()
    seen = Seen(file)
    number = seen.accept(digest("b"), b"b", NOW)
    seen.commit()
    assert [payload for _, payload in seen.waiting()] == [b"a"]
    assert number is not None
    seen.done(number)
    assert [payload for _, payload in seen.waiting()] == [b"a"]
    seen.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from gateway.transports.vtp.seen import Seen
seen = Seen(Path(sys.argv[1]))
seen.accept(b"1" * 32, b"committed", 0.0)
seen.commit()
seen.accept(b"2" * 32, b"not committed", 0.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_commit_outlives_a_kill_and_nothing_else_does(file: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file)], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    seen = Seen(file)
    assert [payload for _, payload in seen.waiting()] == [b"committed"]
    assert seen.accept(b"1" * 32, b"committed", 0.0) is None
    assert seen.accept(b"2" * 32, b"not committed", 0.0) is not None
    seen.close()


def test_old_events_are_forgotten_part_by_part(file: Path) -> None:
    seen = Seen(file, retention=30)
    old = [digest(f"old {number}") for number in range(300)]
    for one in old:
        seen.done(seen.accept(one, b"", NOW - 31 * DAY) or 0)
    for number in range(300):
        seen.accept(digest(f"new {number}"), b"", NOW - 29 * DAY)
    seen.commit()
    forgotten = [seen.prune(NOW) for _ in range(STEPS)]
    assert (sum(forgotten), seen.count) == (300, 300)
    assert max(forgotten) < 10
    assert seen.accept(old[0], b"", NOW) is not None
    seen.close()


def test_the_last_part_has_the_last_digest(file: Path) -> None:
    seen = Seen(file)
    seen.accept(b"\xff" * 32, b"", 0.0)
    seen.accept(b"\0" * 32, b"", 0.0)
    seen.commit()
    assert sum(seen.prune(NOW) for _ in range(STEPS)) == 2
    seen.close()


def test_a_second_broker_is_refused(file: Path) -> None:
    seen = Seen(file)
    with pytest.raises(OutputError) as caught:
        Seen(file)
    assert caught.value.code == "output-locked"
    seen.close()
    Seen(file).close()


def test_the_file_is_for_its_owner(file: Path) -> None:
    Seen(file).close()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(file.parent).st_mode) == 0o700


def test_files_of_others_are_refused(file: Path) -> None:
    Seen(file).close()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for content in (None, b"this is no database" * 100):
        if content:
            file.write_bytes(content)
        with pytest.raises(OutputError) as caught:
            Seen(file)
        assert caught.value.code == "output-unwritable"
