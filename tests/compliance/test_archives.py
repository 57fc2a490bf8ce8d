"""Archives, wrappers and folders as targets: every file in them is one, nothing is passed over, nothing grows."""

import bz2
import gzip
import io
import lzma
import os
import tarfile

import pytest
from canaries import CANARY, files, plain_json, votable
from checking import DP1, run, verdicts

from gateway.compliance import archive, sources
from gateway.compliance.check import check
from gateway.compliance.manifest import parse
from gateway.compliance.sources import Source, Unreadable
from gateway.model.audience import PUBLIC
from gateway.policy.engine import Policy


def tar(members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def found(data):
    return list(sources.sources(["-"], io.BytesIO(data)))


def codes(data):
    return [one.error.code if isinstance(one, Unreadable) else one.name for one in found(data)]


def report(data, manifest=DP1):
    declared = parse("m", manifest.encode())
    return check(sources.sources(["-"], io.BytesIO(data)), Policy(), PUBLIC, declared)


WRAPPERS = {"none": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.fixture(scope="module")
def alone():
    """What is said of each file that is in no archive."""
    return run(files(), DP1, profile="rdo013-2025")


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_what_is_in_an_archive_is_judged_as_if_it_was_alone(wrapper, form, alone):
    made = report(WRAPPERS[wrapper](tar(files(), form)))
    assert [one.name for one in made.targets] == [f"-:{one.name}" for one in alone.targets]
    for inside, outside in zip(made.targets, alone.targets, strict=True):
        assert (inside.format, verdicts(inside)) == (outside.format, verdicts(outside))
        assert (inside.error is None) == (outside.error is None)


def test_a_wrapper_is_taken_off_of_anything():
    for wrapper in WRAPPERS.values():
        assert codes(wrapper(votable())) == ["-"]
    (source,) = found(tar({"night/t.parquet.gz": gzip.compress(files()["table.parquet"])}))
    assert source.stem == "t"


def test_a_manifest_names_files_in_archives():
    data = tar({"a/t.vot": votable(), "b/t.vot": votable()})
    manifest = f'[[field]]\nfile = ["*:a/t.vot"]\n{DP1}'
    first, second = report(data, manifest).targets
    assert first.verdicts[0].origin == "data-release dp1"
    assert second.verdicts[0].origin == "not declared"


def test_links_folders_and_devices_have_no_content():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo("x")
            info.type, info.linkname = kind, "/etc/passwd"
            made.addfile(info)
    assert codes(out.getvalue()) == ["input-empty"]


def test_names_that_are_not_text(tmp_path):
    names = {"\udcff\udcfe.json": plain_json(), "a\x1b[31m.json": plain_json(), "../../up.json": plain_json()}
    made = report(tar(names))
    assert [one.name for one in made.targets] == ["-:\\xff\\xfe.json", "-:a\x1b[31m.json", "-:../../up.json"]
    assert not list(tmp_path.iterdir())


HOSTILE = {
    "cut in a file": (lambda: tar({"a.json": plain_json()})[:700], ["input-damaged"]),
    "cut in a wrapper": (lambda: gzip.compress(tar(files()))[:-4000], None),
    "a damaged header": (lambda: _damaged(), ["-:a.json", "input-damaged"]),
    "another behind the end": (lambda: tar({"a": b"{}"}) + tar({"b": b"{}"}), ["-:a", "input-damaged"]),
    "a name of a megabyte": (lambda: tar({"x" * 2**21: b"{}"}), ["limit-size"]),
    "an archive in an archive": (lambda: tar({"b.tar": tar({"a": b"{}"})}), ["input-unknown"]),
    "and in a wrapper": (lambda: tar({"b.tgz": gzip.compress(tar({"a": b"{}"}))}), ["input-unknown"]),
    "an empty file": (lambda: tar({"a": b"", "b.json": b"{}"}), ["input-empty", "-:b.json"]),
    "long names in names in names": (lambda: _nested(5000), ["input-damaged"]),
    "a size of eight exabytes": (lambda: _huge(), ["limit-size", "limit-size"]),
}  # fmt: skip


def _damaged():
    data = bytearray(tar({"a.json": b"{}", "b.json": b"{}"}))
    data[1024 + 5] ^= 0xFF
    return bytes(data)


def _nested(count):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 0
    return info.tobuf(tarfile.GNU_FORMAT) * count + tar({"a": b"{}"})


def _huge():
    info = tarfile.TarInfo("a")
    info.size = 2**63 - 1
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10240)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_a_sentence_for_each_thing_that_is_wrong(name):
    make, expected = HOSTILE[name]
    got = codes(make())
    if expected is None:
        assert got[-1] == "input-damaged"
    else:
        assert got == expected


def test_limits(monkeypatch):
    monkeypatch.setattr(sources, "MAX_UNPACKED", 2**20)
    data = {"large": bytes(2**20 + 1), "b.json": b"{}"}
    for wrapper in (gzip.compress, bz2.compress, lzma.compress):
        assert codes(wrapper(tar(data))) == ["limit-size", "-:b.json"]
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    assert codes(tar(dict.fromkeys("abc", b"{}"))) == ["-:a", "-:b", "limit-size"]
    monkeypatch.setattr(archive, "MAX_ARCHIVE", 2**20)
    assert codes(gzip.compress(tar(data))) == ["limit-size", "limit-size"]


@pytest.mark.parametrize("at", range(0, 4000, 211))
def test_damage_anywhere_in_an_archive_is_an_error_of_ours_or_none(at):
    for wrapper in WRAPPERS.values():
        data = bytearray(wrapper(tar({"a.json": plain_json(), "b.vot": votable()})))
        data[at % len(data)] ^= 0xFF
        for one in report(bytes(data)).targets:
            assert CANARY not in str(one.error)


# Folders


def test_a_folder_that_cannot_be_read_is_reported(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("{}")
    scan = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root, as whom the tests may run, is refused nothing
    first, second = sources.sources([str(tmp_path)])
    assert isinstance(first, Source)
    assert isinstance(second, Unreadable)
    assert (second.name, second.error.code) == (str(tmp_path / "closed"), "input-unreadable")


def test_a_name_in_other_bytes_is_printed(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    with open(os.fsencode(tmp_path) + b"/\xff/\xfe.json", "wb") as file:
        file.write(b"{}")
    (source,) = sources.sources([str(tmp_path)])
    assert source.name == f"{tmp_path}/\\xff/\\xfe.json"


def test_a_pipe_is_read_and_an_endless_device_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "MAX_UNPACKED", 2**20)
    reader, writer = os.pipe()
    os.write(writer, b'{"a": 1}')
    os.close(writer)
    (source,) = sources.sources([f"/dev/fd/{reader}"])
    os.close(reader)
    assert isinstance(source, Source)
    (zero,) = sources.sources(["/dev/zero"])
    assert zero.error.code == "limit-size"
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "a.json").write_text("{}")
    assert [one.name for one in sources.sources([str(tmp_path)])] == [str(tmp_path / "a.json")]
