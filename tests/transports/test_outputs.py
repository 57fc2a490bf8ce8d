"""gateway.transports.outputs: complete files or none, and nothing overwritten by surprise."""

import io
import os
import tarfile
import time

import pytest
from alerts import NEWEST, simulated

from gateway.codecs import container
from gateway.codecs.datum import Datum
from gateway.errors import OutputError, SettingsError
from gateway.transports.outputs import Directory, OneFile

ALERTS = simulated(NEWEST, 3, "none")
SCHEMA = ALERTS[0].schema


def datum(number, codec=None):
    return Datum(SCHEMA, ALERTS[number].payload, codec)


def write(place, *results, then=None):
    with place:
        for result in results:
            place.put(*result)
        if then is not None:
            raise then


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_directory(tmp_path):
    with Directory(tmp_path / "a" / "b") as place:
        assert place.put(b"1", "x", ".xml") == str(tmp_path / "a" / "b" / "x.xml")
        assert place.put(b"1", "x", ".xml") == str(tmp_path / "a" / "b" / "x.xml")
        assert place.put(b"2", "x", ".xml").endswith("x-2.xml")
        assert place.put(b"2", "x", ".xml").endswith("x-2.xml")
        assert place.put(b"3", "x", ".json").endswith("x.json")
    assert contents(tmp_path / "a" / "b") == {"x.xml": b"1", "x-2.xml": b"2", "x.json": b"3"}


def test_force_replaces_what_an_earlier_run_wrote_and_not_what_this_one_did(tmp_path):
    (tmp_path / "x.xml").write_bytes(b"old")
    with Directory(tmp_path, force=True) as place:
        for data in (b"1", b"2", b"1"):
            place.put(data, "x", ".xml")
    assert contents(tmp_path) == {"x.xml": b"1", "x-2.xml": b"2"}


def test_a_container_is_made_where_the_alert_had_one(tmp_path):
    with Directory(tmp_path) as place:
        place.put(ALERTS[0].payload, "a", ".avro", datum(0, "deflate"))
        place.put(b"framed", "b", ".avro", datum(0))
    (found,) = container.read(io.BytesIO((tmp_path / "a.avro").read_bytes()))
    assert (found.payload, found.framing.codec) == (ALERTS[0].payload, "deflate")
    assert (tmp_path / "b.avro").read_bytes() == b"framed"


def test_a_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        Directory(tmp_path / "file")
    with pytest.raises(OutputError):
        Directory(tmp_path / "file" / "x")


def test_a_name_that_is_a_folder(tmp_path):
    (tmp_path / "x.xml").mkdir()
    with Directory(tmp_path) as place:
        assert place.put(b"1", "x", ".xml").endswith("x-2.xml")
    with pytest.raises(OutputError):
        write(Directory(tmp_path, force=True), (b"1", "x", ".xml"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x-2.xml", "x.xml"]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.TGZ", "a.tar.bz2", "a.tar.xz"])
def test_an_archive(tmp_path, name):
    with OneFile(str(tmp_path / name)) as place:
        for data in (b"1", b"2"):
            place.put(data, "x", ".xml")
        place.put(b"3", "x-2", ".xml")
        place.put(ALERTS[0].payload, "a", ".avro", datum(0, "null"))
        assert not (tmp_path / name).exists()
    with tarfile.open(tmp_path / name) as archive:
        read = {member.name: archive.extractfile(member).read() for member in archive}
    assert list(read) == ["x.xml", "x-2.xml", "x-2-2.xml", "a.avro"]
    assert read["x-2-2.xml"] == b"3"
    assert read["a.avro"].startswith(b"Obj\1")
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_the_same_results_make_the_same_archive(tmp_path, name, monkeypatch):
    """Whenever, and under whatever name, it is written."""
    made = []
    for now in (1_000_000_000, 2_000_000_000):
        monkeypatch.setattr(time, "time", lambda now=now: float(now))
        path = tmp_path / f"{now}-{name}"
        write(OneFile(str(path)), (b"1" * 100_000, "x", ".xml"), (b"2", "x", ".xml"))
        made.append(path.read_bytes())
    assert made[0] == made[1]
    with tarfile.open(path) as archive:
        assert [(member.name, member.mtime) for member in archive] == [("x.xml", 0), ("x-2.xml", 0)]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.avro", "a.xml", "a.json"])
def test_what_is_not_finished_is_not_there(tmp_path, name):
    result = (b"{}", "x", ".json") if name != "a.avro" else (b"", "x", ".avro", datum(0, "null"))
    with pytest.raises(KeyboardInterrupt):
        write(OneFile(str(tmp_path / name)), result, then=KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_kept_until_the_new_is_complete(tmp_path):
    file = tmp_path / "x.xml"
    file.write_bytes(b"old")
    with pytest.raises(OutputError) as error:
        OneFile(str(file))
    assert error.value.code == "output-exists"
    with pytest.raises(KeyboardInterrupt):
        write(OneFile(str(file), force=True), (b"new", "x", ".xml"), then=KeyboardInterrupt)
    assert contents(tmp_path) == {"x.xml": b"old"}
    with OneFile(str(file), force=True) as place:
        place.put(b"new", "x", ".xml")
    assert contents(tmp_path) == {"x.xml": b"new"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are named pipes on POSIX systems only")
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path, force):
    """A device or a pipe: as root, -o /dev/null would put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(OneFile(str(pipe), force=force), (b"1", "x", ".xml"))
        assert os.read(reader, 10) == b"1"
        with pytest.raises(KeyboardInterrupt):
            write(OneFile(str(pipe), force=force), (b"2", "x", ".xml"), then=KeyboardInterrupt)
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_nothing_leaves_no_file(tmp_path):
    for name in ("a.tar", "a.avro", "a.xml"):
        with OneFile(str(tmp_path / name)):
            pass
    assert list(tmp_path.iterdir()) == []


def test_one_message_keeps_its_framing_and_two_make_a_container(tmp_path):
    with OneFile(str(tmp_path / "one")) as place:
        place.put(b"framed", "x", ".avro", datum(0))
    assert (tmp_path / "one").read_bytes() == b"framed"
    with OneFile(str(tmp_path / "two")) as place:
        place.put(b"framed", "x", ".avro", datum(0))
        place.put(b"framed", "y", ".avro", datum(1))
        place.put(b"framed", "z", ".avro", datum(2, "deflate"))
    found = list(container.read(io.BytesIO((tmp_path / "two").read_bytes())))
    assert [one.payload for one in found] == [one.payload for one in ALERTS]


def test_one_alert_of_a_container_makes_a_container(tmp_path):
    with OneFile(str(tmp_path / "one")) as place:
        place.put(b"", "x", ".avro", datum(0, "snappy"))
    (found,) = container.read(io.BytesIO((tmp_path / "one").read_bytes()))
    assert str(found.framing) == "container/snappy"


def test_two_documents_do_not_fit_into_one(tmp_path):
    with pytest.raises(SettingsError):
        write(OneFile(str(tmp_path / "x.xml")), (b"<a/>", "x", ".xml"), (b"<b/>", "y", ".xml"))
    assert list(tmp_path.iterdir()) == []


def test_two_schemas_do_not_fit_into_one(tmp_path):
    (other,) = simulated("lsst/10.0", 1, "none")
    odd = Datum(other.schema, other.payload, "null")
    with pytest.raises(SettingsError):
        write(
            OneFile(str(tmp_path / "x.avro")), (b"", "x", ".avro", datum(0, "null")), (b"", "y", ".avro", odd)
        )
    assert list(tmp_path.iterdir()) == []


def test_payloads_are_not_in_the_repr():
    assert "payload" not in repr(datum(0))
