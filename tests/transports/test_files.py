"""gateway.transports.files: what an input is, is decided by its bytes; what cannot be read comes out in its place."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import sys
import tarfile
import threading

import pytest
from alerts import CONFLUENT, KEYS, NEWEST, SINGLE, released, simulated
from cli_runs import message, packed

from gateway.codecs import alert_json, single_object, voevent, voevent_avro, voevent_json
from gateway.errors import GatewayError
from gateway.mapping.fast import Minter
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.provenance import Origin
from gateway.model.rejected import Rejected
from gateway.schema import registry
from gateway.schema.registry import stored_event
from gateway.transports import files
from gateway.transports.files import Declared, items, of_stream, units

(FOUND,) = simulated(NEWEST, 1, "none")
EVENT = Minter().mint(released(FOUND)).data
JSON_EVENT = voevent_json.encode(voevent.decode(EVENT))


def read(data, declared=None, name="in"):
    stream = io.BufferedReader(io.BytesIO(data))
    return [found for unit in of_stream(name, stream) for found in items(unit, declared or Declared())]


def codes(found):
    return [one.item.error.code for one in found if isinstance(one.item, Rejected)]


def tar(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "framing"),
    [
        (message(FOUND), "confluent"),
        (single_object.frame(FOUND.schema, FOUND.payload), "single-object"),
        (packed([FOUND], "deflate"), "container/deflate"),
        (packed([FOUND], "snappy"), "container/snappy"),
        (alert_json.encode(Alert(FOUND.schema, FOUND.payload, CONFLUENT)), "confluent"),
        (b" \n" + alert_json.encode(Alert(FOUND.schema, FOUND.payload, SINGLE)), "single-object"),
    ],
)
def test_alerts(data, framing):
    (found,) = read(data)
    assert isinstance(found.item, Alert)
    assert (found.item.payload, str(found.item.framing)) == (FOUND.payload, framing)
    assert found.item.provenance.origin is Origin.ALERT
    assert found.item.provenance.source == "in"


@pytest.mark.parametrize(
    "data",
    [
        EVENT,
        b"\xef\xbb\xbf" + EVENT,
        b"\n" + EVENT[EVENT.index(b"\n") + 1 :],
        EVENT.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        EVENT.decode().replace("UTF-8", "UTF-16").encode("utf-16-le"),
        EVENT.decode().replace("UTF-8", "UTF-16").encode("utf-16-be"),
    ],
)
def test_documents(data):
    (found,) = read(data)
    assert isinstance(found.item, Document)
    assert found.item.data == data
    assert found.item.provenance.origin is Origin.EXTERNAL
    assert found.item.as_alert.origin is Origin.ALERT


def test_documents_as_json():
    (found,) = read(JSON_EVENT)
    assert found.item.data == EVENT


def test_stored_documents():
    datum = voevent_avro.encode(voevent.decode(EVENT))
    found = read(packed([Alert(stored_event(), datum), Alert(stored_event(), datum)]))
    assert [one.item.data for one in found] == [EVENT, EVENT]
    assert [one.name for one in found] == ["in[0]", "in[1]"]
    (broken,) = read(packed([Alert(stored_event(), datum.replace(b"observation", b"prediction!", 1))]))
    assert broken.item.error.code == "avro-original"
    assert broken.item.error.where.input == "in"


def test_bare_data():
    (found,) = read(FOUND.payload, Declared(schema=NEWEST))
    assert (found.item.payload, found.item.framing.kind) == (FOUND.payload, "raw")
    (found,) = read(EVENT, Declared(schema=NEWEST))
    assert isinstance(found.item, Document)


def test_json_lines():
    line = alert_json.encode(FOUND)
    found = read(line + b"\n" + JSON_EVENT + b"\nSENTINEL\n" + line)
    # A line that is not JSON makes it one document, which is none.
    assert codes(found) == ["json-malformed"]
    found = read(line + JSON_EVENT + b'\n{"SENTINEL": 1}\n' + line)
    assert [type(one.item).__name__ for one in found] == ["Alert", "Document", "Rejected", "Alert"]
    assert (found[2].item.error.where.record, found[2].name) == (2, "in[2]")
    assert "SENTINEL" not in str(found[2].item.error)
    pretty = alert_json.encode(FOUND).replace(b",", b",\n")
    assert read(pretty)[0].item.payload == FOUND.payload


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_archives(mode):
    members = [("a.msg", message(FOUND)), ("b/c.avro", packed([FOUND] * 2)), ("d.xml", EVENT), ("empty", b"")]
    found = read(tar(members, mode), name="x.tar")
    assert [one.name for one in found] == [
        "x.tar:a.msg",
        "x.tar:b/c.avro[0]",
        "x.tar:b/c.avro[1]",
        "x.tar:d.xml",
        "x.tar:empty",
    ]
    assert codes(found) == ["input-empty"]


def test_members_that_are_no_files_are_passed_over():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo("x")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert codes(read(out.getvalue())) == ["input-empty"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_damaged_archives(mode):
    whole = tar([(f"{number}.msg", message(FOUND)) for number in range(20)], mode)
    for data in (
        whole[: len(whole) // 2],
        whole[: len(whole) // 3] + b"\xff" * 300 + whole[len(whole) // 3 + 300 :],
    ):
        found = read(data)
        assert found
        assert all(isinstance(one.item, Alert) or isinstance(one.item.error, GatewayError) for one in found)
    assert codes(read(whole[: len(whole) // 2])) != []


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_compressed_and_no_archive(pack):
    assert codes(read(pack(EVENT))) == ["input-unreadable"]


def test_a_large_member_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_MESSAGE", 1000)
    assert codes(read(tar([("a", b"\0" * 1001)]))) == ["limit-size"]
    assert codes(read(b"<" + b"x" * 1000)) == ["limit-size"]
    monkeypatch.setattr(files, "MAX_MEMBERS", 2)
    found = read(tar([(str(number), EVENT[:500]) for number in range(4)]))
    assert [type(one.item).__name__ for one in found] == ["Document", "Document", "Rejected"]


def test_a_large_document_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    assert codes(read(EVENT)) == ["limit-size"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 16, 256, 511, 512, 513])
@pytest.mark.parametrize(
    "start", [b"", b"\0", b"\xc3\x01", b"Obj\x01", b"<", b"{", b"\x1f\x8b", b"BZh", b"\xff\xfe", b"ustar"]
)
def test_the_start_of_anything(start, size):
    """Whatever the bytes: an item or an error with the name of the input."""
    for filler in (b"\0", b" ", b"\xff", b"a"):
        for found in read((start + filler * size)[:size]):
            if isinstance(found.item, Rejected):
                assert found.item.error.where.input == "in"


# Files


def test_folders_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("c.msg", "a.msg", "b/x.msg", ".hidden"):
        (tmp_path / name).write_bytes(message(FOUND))
    names = [unit.name for unit in units([str(tmp_path)])]
    assert names == [str(tmp_path / name) for name in (".hidden", "a.msg", "b/x.msg", "c.msg")]


def test_what_cannot_be_opened(tmp_path):
    for argument in (str(tmp_path / "none"), "a\0b", "x" * 5000):
        (unit,) = units([argument])
        assert unit.error.code == "input-unreadable"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes")
def test_a_name_that_is_not_utf8(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff", "wb") as file:
        file.write(b"?")
    (unit,) = units([str(tmp_path)])
    assert unit.name == f"{tmp_path}/\\xff"
    unit.name.encode()


def test_origins_are_the_callers():
    declared = Declared(Origin.DATA_RELEASE, Origin.USER, "dp1")
    (found,) = read(message(FOUND), declared)
    assert (found.item.provenance.origin, found.item.provenance.release) == (Origin.DATA_RELEASE, "dp1")
    (found,) = read(EVENT, declared)
    assert found.item.provenance.origin is Origin.USER
    assert found.item.as_alert.origin is Origin.DATA_RELEASE


def test_ids_of_every_version():
    for name in KEYS:
        key = registry.get(name).key
        if key.family == "lsst":
            (found,) = read(b"\0" + key.wire_id.to_bytes(4, "big") + b"x")
            assert found.item.schema.key == key
            assert codes(read(b"\0" + key.wire_id.to_bytes(4, "little") + b"x")) == ["schema-endian"]


def test_an_empty_folder_or_archive_is_no_success(tmp_path):
    folder, archive = tmp_path / "folder", tmp_path / "none.tar.gz"
    folder.mkdir()
    with tarfile.open(archive, "w:gz"):
        pass
    for argument in (folder, archive):
        (unit,) = units([str(argument)])
        assert unit.error is not None
        assert unit.error.code == "input-empty"


# Blocks that are left in their file


def test_blocks_of_a_file_stay_there_until_they_are_asked_for(tmp_path):
    file = tmp_path / "visit.avro"
    file.write_bytes(packed([FOUND] * 3, "deflate"))
    (unit,) = units([str(file)])
    assert (unit.data, unit.header, unit.block.data) == (b"", None, b"")
    assert unit.size == unit.block.place[1] < len(FOUND.payload) * 3
    found = list(items(pickle.loads(pickle.dumps(unit)), Declared()))
    assert [(one.name, one.item.payload) for one in found] == [
        (f"{file}[{n}]", FOUND.payload) for n in range(3)
    ]


def replaced(file):
    file.with_suffix(".new").write_bytes(file.read_bytes())
    file.with_suffix(".new").replace(file)


@pytest.mark.parametrize(
    "change", [replaced, lambda file: file.unlink(), lambda file: os.truncate(file, file.stat().st_size - 17)]
)
def test_a_file_that_is_no_longer_what_it_was(tmp_path, change):
    file = tmp_path / "visit.avro"
    file.write_bytes(packed([FOUND], "null"))
    (unit,) = units([str(file)])
    change(file)
    (found,) = items(unit, Declared())
    assert isinstance(found.item, Rejected)
    assert found.item.error.code == "input-unreadable"
    assert found.item.error.where.input == str(file)
    assert found.item.data == b""


def test_the_folder_may_be_another_one_by_then(tmp_path, monkeypatch):
    (tmp_path / "visit.avro").write_bytes(packed([FOUND], "null"))
    monkeypatch.chdir(tmp_path)
    (unit,) = units(["visit.avro"])
    monkeypatch.chdir("/")
    (found,) = items(unit, Declared())
    assert (found.name, found.item.payload) == ("visit.avro[0]", FOUND.payload)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = packed([FOUND], "null")
    thread = threading.Thread(target=pipe.write_bytes, args=(data,))
    thread.start()
    (unit,) = units([str(pipe)])
    thread.join()
    assert unit.file is None
    (found,) = items(unit, Declared())
    assert found.item.payload == FOUND.payload
