"""gateway.transports.rejects: records of what was refused, and the bytes that may be kept."""

import json
import stat

import pytest

from gateway.errors import AvroError, OutputError, Where
from gateway.model.audience import PUBLIC, Audience
from gateway.private import LABEL_FILE
from gateway.transports.rejects import Rejects

ERROR = AvroError("avro-truncated", "The data end inside a value.", where=Where("in", offset=3), clause="X-1")


def rejects(folder, audience=PUBLIC, profile="strict"):
    return Rejects(folder, audience, profile)


def found(folder, suffix):
    return sorted(path for path in folder.iterdir() if path.suffix == suffix)


def test_bytes_and_reason(tmp_path):
    folder = tmp_path / "a" / "b"
    rejects(folder).put("in", 8, b"SENTINEL", ERROR)
    (kept,), (record,) = found(folder, ".bin"), found(folder, ".json")
    assert kept.stem == record.stem
    assert kept.read_bytes() == b"SENTINEL"
    assert json.loads(record.read_text()) == {
        "input": "in",
        "where": "in, byte 3",
        "bytes": 8,
        "code": "avro-truncated",
        "message": "The data end inside a value.",
        "advice": ERROR.advice,
        "clause": "X-1",
        "audience": "public",
        "profile": "strict",
        "kept": True,
    }


def test_nobody_else_may_read_it_and_it_says_for_whom_it_is(tmp_path):
    folder = tmp_path / "rejects"
    rejects(folder, Audience(frozenset({"dp1"}))).put("in", 1, b"x", ERROR)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert (folder / LABEL_FILE).read_text().startswith("For: rights:dp1\nProfile: strict\n")


def test_without_bytes_there_is_a_record_that_says_nothing_about_them(tmp_path):
    ours = rejects(tmp_path)
    for name in ("one", "two"):
        ours.put(name, 5, b"", ERROR)
    ours.put("two", 5, b"", AvroError("avro-truncated", "The data end.", where=Where("two", record=7)))
    assert found(tmp_path, ".bin") == []
    records = [json.loads(path.read_text()) for path in found(tmp_path, ".json")]
    assert len(records) == 3
    assert {record["bytes"] for record in records} == {5}
    assert {record["kept"] for record in records} == {False}
    assert not any("sha256" in record for record in records)


def test_the_same_bytes_are_kept_once(tmp_path):
    ours = rejects(tmp_path)
    for _ in range(3):
        ours.put("in", 1, b"x", ERROR)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "other", [{"audience": Audience(frozenset({"dp1"}))}, {"profile": "rdo013-2025"}], ids=str
)
def test_a_folder_is_for_one_audience_and_profile(tmp_path, other):
    rejects(tmp_path)
    rejects(tmp_path)
    with pytest.raises(OutputError) as caught:
        rejects(tmp_path, **other)
    assert caught.value.code == "output-label"


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        rejects(tmp_path / "file")
    ours = rejects(tmp_path / "gone")
    for path in (tmp_path / "gone").iterdir():
        path.unlink()
    (tmp_path / "gone").rmdir()
    with pytest.raises(OutputError):
        ours.put("in", 1, b"x", ERROR)
