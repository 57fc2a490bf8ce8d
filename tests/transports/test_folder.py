"""A folder as a sink, and standard output."""

import asyncio
import io
import os
import stat
from pathlib import Path

import pytest

from gateway.errors import DeliveryError, OutputError
from gateway.relay.message import Batch, Product
from gateway.transports.console import StdoutSink
from gateway.transports.folder import FolderSink


def send(sink, *products: Product) -> None:
    async def main() -> None:
        try:
            assert not await sink.send(Batch(products))
        finally:
            await sink.close()

    asyncio.run(main())


def there(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("sync", [False, True])
def test_each_product_is_a_file_and_the_same_again_is_none(tmp_path: Path, sync: bool) -> None:
    one, other = Product(b"<a/>", "event"), Product(b"<b/>", "event")
    for _ in range(2):
        send(
            FolderSink("kept", tmp_path / "deep/kept", sync=sync),
            one,
            other,
            Product(b"{}", "event", ".json"),
        )
    found = there(tmp_path / "deep/kept")
    assert sorted(found.values()) == [b"<a/>", b"<b/>", b"{}"]
    assert found["event.xml"] == b"<a/>"
    assert found["event.json"] == b"{}"


def test_a_private_folder_is_its_owners_alone(tmp_path: Path) -> None:
    send(FolderSink("dead", tmp_path / "dead", private=True), Product(b"{}", "letter", ".json"))
    assert stat.S_IMODE((tmp_path / "dead").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "dead/letter.json").stat().st_mode) == 0o600
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(OutputError) as caught:
        FolderSink("dead", tmp_path / "open", private=True)
    assert caught.value.code == "output-open"


def test_what_the_disk_does_not_take_comes_again(tmp_path: Path) -> None:
    sink = FolderSink("kept", tmp_path / "kept")
    os.rmdir(tmp_path / "kept")
    with pytest.raises(DeliveryError) as caught:
        send(sink, Product(b"<a/>"))
    assert caught.value.code == "delivery-failed"


def test_standard_output_has_a_newline_behind_each() -> None:
    out = io.BytesIO()
    send(StdoutSink("out", out), Product(b"<a/>"), Product(b"{}\n"))
    assert out.getvalue() == b"<a/>\n{}\n"


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as file, pytest.raises(BrokenPipeError):
        send(StdoutSink("out", file), Product(b"<a/>"))


def test_a_full_disk_is_one() -> None:
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(DeliveryError):
        send(StdoutSink("out", file), Product(b"<a/>"))
