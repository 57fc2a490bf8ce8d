"""gateway.transports.rejects: the bytes that were refused, and why."""

import hashlib
import json

import pytest

from gateway.errors import AvroError, OutputError, Where
from gateway.transports.rejects import Rejects

ERROR = AvroError("avro-truncated", "The data end inside a value.", where=Where("in", offset=3), clause="X-1")


def test_bytes_and_reason(tmp_path):
    Rejects(tmp_path / "a" / "b").put("in", b"SENTINEL", ERROR)
    digest = hashlib.sha256(b"SENTINEL").hexdigest()
    stem = tmp_path / "a" / "b" / digest[:16]
    assert stem.with_suffix(".bin").read_bytes() == b"SENTINEL"
    reason = json.loads(stem.with_suffix(".json").read_text())
    assert reason == {
        "input": "in",
        "code": "avro-truncated",
        "message": "The data end inside a value.",
        "advice": ERROR.advice,
        "where": "in, byte 3",
        "clause": "X-1",
        "sha256": digest,
        "bytes": 8,
    }


def test_without_bytes_there_is_the_reason(tmp_path):
    rejects = Rejects(tmp_path)
    rejects.put("one", b"", ERROR)
    rejects.put("two", b"", ERROR)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json", ".json"]
    assert {json.loads(path.read_text())["sha256"] for path in tmp_path.iterdir()} == {None}


def test_the_same_bytes_are_kept_once(tmp_path):
    rejects = Rejects(tmp_path)
    for _ in range(3):
        rejects.put("in", b"x", ERROR)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        Rejects(tmp_path / "file")
    rejects = Rejects(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OutputError):
        rejects.put("in", b"x", ERROR)
