"""gateway.private: nobody but the owner may read, whatever the umask; and a folder says for whom it is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import OutputError
from gateway.private import LABEL_FILE, label, opener, private_folder, write_private


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_mode_of_a_file_is_not_that_of_the_umask(tmp_path: Path, umask: int) -> None:
    for _ in range(2):
        write_private(tmp_path / "file", b"x")
        assert mode(tmp_path / "file") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_was_open_to_others_is_so_no_more(tmp_path: Path) -> None:
    (tmp_path / ".file.part").write_bytes(b"what a crash left")
    (tmp_path / ".file.part").chmod(0o666)
    write_private(tmp_path / "file", b"x")
    assert (tmp_path / "file").read_bytes() == b"x"
    assert mode(tmp_path / "file") == 0o600


def test_a_folder_is_its_owners(tmp_path: Path) -> None:
    before = os.umask(0)
    private_folder(tmp_path / "a" / "b")
    os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700
    private_folder(tmp_path / "a" / "b")


@pytest.mark.parametrize("open_to", [0o750, 0o701, 0o770])
def test_a_folder_that_others_may_enter_is_refused_and_left_as_it_is(tmp_path: Path, open_to: int) -> None:
    tmp_path.chmod(open_to)
    with pytest.raises(OutputError) as caught:
        private_folder(tmp_path)
    assert caught.value.code == "output-open"
    assert mode(tmp_path) == open_to


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        opener(str(tmp_path / "link"), os.O_WRONLY | os.O_CREAT)
    assert not (tmp_path / "elsewhere").exists()


def test_a_label_is_written_once_and_not_over_another(tmp_path: Path) -> None:
    label(tmp_path, "For: public\n")
    label(tmp_path, "For: public\n")
    with pytest.raises(OutputError) as caught:
        label(tmp_path, "For: rights:dp1\n")
    assert caught.value.code == "output-label"
    assert (tmp_path / LABEL_FILE).read_text() == "For: public\n"
