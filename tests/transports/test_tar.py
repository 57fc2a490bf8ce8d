"""gateway.transports.tar: the bytes are those that `tarfile` writes."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from gateway.transports.tar import Archive

MEMBERS = [
    ("170000000000000001", b""),
    ("x" * 96, b"1" * 511),
    ("x" * 97, b"2" * 512),
    ("Größe", b"3" * 513),
    ("a", b"4" * 20_000),
]


def by_tarfile(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for stem, data in members:
            member = tarfile.TarInfo(f"{stem}.xml")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def written(name, members):
    file = io.BytesIO()
    archive = Archive.named(name, file)
    for stem, data in members:
        archive.add(data, stem, ".xml")
    archive.finish()
    return file.getvalue()


@pytest.mark.parametrize(
    "members", [MEMBERS[:count] for count in range(1, 6)] + [[member] for member in MEMBERS]
)
def test_an_archive_has_the_bytes_that_tarfile_writes(members):
    assert written("a.tar", members) == by_tarfile(members)


def test_a_member_too_large_for_the_number_in_its_header(monkeypatch):
    monkeypatch.setattr("gateway.transports.tar._LARGEST", 512)
    assert written("a.tar", MEMBERS) == by_tarfile(MEMBERS)


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("A.TGZ", gzip.decompress),
        ("a.tar.gz", gzip.decompress),
        ("a.tar.bz2", bz2.decompress),
        ("a.tar.xz", lzma.decompress),
    ],
)
def test_a_compressed_archive_has_the_same_bytes_inside(name, opened):
    assert opened(written(name, MEMBERS)) == by_tarfile(MEMBERS)


def test_other_names_are_no_archives():
    assert [Archive.named(name, io.BytesIO()) for name in ("a.xml", "tar", "a.tar.zip", "-")] == [None] * 4
