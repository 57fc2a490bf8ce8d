"""Object container files: with fastavro in both directions, and whatever can be wrong with a file."""

import io
import json
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO, cast

import cramjam
import fastavro
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import damages, declarations, encode, payloads, zigzag

from gateway.codecs import container
from gateway.codecs.container import compression, reader, stream, writer
from gateway.errors import AvroError, GatewayError, LimitError, SchemaError
from gateway.model.alert import Alert, AlertSchema
from gateway.model.provenance import Origin, Provenance
from gateway.model.rejected import Rejected
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.project import values_of

OLD = sys.version_info < (3, 14)
CODECS = ["null", "deflate", "snappy", "zstandard"]
SECRET = b"s3ntinel"
SMALL = parse_schema(
    {
        "type": "record",
        "name": "test.Small",
        "fields": [{"name": "number", "type": "long"}, {"name": "text", "type": "string"}],
    }
)


def payload(number: int, text: bytes = b"text") -> bytes:
    return encode(SMALL.root, [zigzag(number), text])


def written(schema: AlertSchema, data: list[bytes], codec: str = "null") -> bytes:
    out = io.BytesIO()
    assert container.write(out, schema, data, codec) == len(data)
    return out.getvalue()


def read(data: bytes) -> list[Alert | Rejected]:
    """What is in a container: the same, whether its blocks are taken or left in their file and read later."""
    found = list(container.read(io.BytesIO(data)))
    header, blocks = container.open_blocks(io.BytesIO(data), leave=True)
    left: list[Alert | Rejected] = []
    for block in blocks:
        if isinstance(block, Rejected):
            left.append(block)
            continue
        assert block.data == b""
        assert block.place is not None
        at, size = block.place
        left += container.read_block(header, replace(block, data=data[at : at + size]))
    assert list(map(told, left)) == list(map(told, found))
    return found


def told(item: Alert | Rejected) -> tuple[object, ...]:
    if isinstance(item, Rejected):
        return str(item.error), item.data
    return item.schema.sha256, item.payload, item.framing, item.provenance


def alerts(data: bytes) -> list[Alert]:
    found = read(data)
    assert all(isinstance(one, Alert) for one in found), found
    return cast(list[Alert], found)


def summary(found: list[Alert | Rejected]) -> list[Any]:
    """What came out: numbers of the small records, codes of what was refused."""
    return [one.error.code if isinstance(one, Rejected) else values_of(one)["number"] for one in found]


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file with 12 records in 6 blocks of two."""
    monkeypatch.setattr(writer, "_BLOCK_TARGET", 2 * len(payload(0)))
    return written(SMALL, [payload(n) for n in range(12)])


def starts(data: bytes) -> tuple[bytes, list[int]]:
    """The marker of a file, and where its blocks start."""
    header, found = container.open_blocks(io.BytesIO(data))
    return header.sync, [block.start for block in found if isinstance(block, container.Block)]


# What is right


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ["lsst/11.1", "lsst/3.0", "ztf/4.02"])
def test_there_and_back_and_with_fastavro(codec: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = registry.get(name)
    # Not every long is a datetime of Python's.
    monkeypatch.setitem(fastavro.read.LOGICAL_READERS, "long-timestamp-micros", lambda value, *_: value)
    if codec == "zstandard" and OLD:
        pytest.importorskip("backports.zstd", reason="fastavro reads zstandard with it before Python 3.14")

    @settings(max_examples=5)
    @given(st.lists(payloads(schema, rows=2), max_size=5))
    def check(data: list[bytes]) -> None:
        file = written(schema, data, codec)
        found = alerts(file)
        assert [one.payload for one in found] == data
        assert all(one.schema is schema for one in found)
        assert all(str(one.framing) == f"container/{codec}" for one in found)
        assert [one.provenance.position for one in found] == list(range(len(data)))
        assert written(schema, data, codec) == file
        values = [values_of(one) for one in found]
        theirs = fastavro.reader(io.BytesIO(file))
        assert theirs.codec == codec
        assert repr(list(theirs)) == repr(values)  # repr: NaN is NaN

        # The other way: fastavro's own blocks, marker and header.
        out = io.BytesIO()
        fastavro.writer(out, fastavro.parse_schema(schema.json), values, codec=codec, sync_interval=2000)
        again = alerts(out.getvalue())
        assert repr([values_of(one) for one in again]) == repr(values)
        assert all(one.schema is schema for one in again)

    check()


@given(declarations(), st.sampled_from(CODECS), st.data())
def test_schemas_that_nobody_released(declaration: dict[str, Any], codec: str, data: st.DataObject) -> None:
    schema = parse_schema(declaration)
    record = data.draw(payloads(schema))
    (found,) = alerts(written(schema, [record], codec))
    assert found.payload == record
    assert found.schema.sha256 == schema.sha256
    assert found.schema.json == schema.json


def test_real_files(lsst_container: bytes, ztf_containers: dict[str, bytes]) -> None:
    assert len(alerts(lsst_container)) == 7
    for version, data in ztf_containers.items():
        (alert,) = alerts(data)
        assert str(alert.schema.key) == f"ztf/{version}"
        assert len(list(fastavro.reader(io.BytesIO(data)))) == 1


def test_provenance_is_what_was_declared_with_the_number_of_the_record() -> None:
    declared = Provenance(Origin.ALERT, "dp1", "a.avro")
    found = list(container.read(io.BytesIO(written(SMALL, [payload(1), payload(2)])), declared))
    assert [one.provenance for one in found if isinstance(one, Alert)] == [
        Provenance(Origin.ALERT, "dp1", "a.avro", number) for number in (0, 1)
    ]


def test_a_file_without_codec_and_with_a_header_in_blocks_and_sizes() -> None:
    text = json.dumps(SMALL.json).encode()
    entry = b"".join(zigzag(len(part)) + part for part in (b"avro.schema", text))
    other = b"".join(zigzag(len(part)) + part for part in (b"x", b"y"))
    header = b"Obj\1" + zigzag(-1) + zigzag(len(entry)) + entry + zigzag(1) + other + b"\0" + b"S" * 16
    body = payload(5)
    file = header + zigzag(0) + zigzag(0) + b"S" * 16 + zigzag(1) + zigzag(len(body)) + body + b"S" * 16
    assert summary(read(file)) == [5]


def test_an_empty_container() -> None:
    for codec in CODECS:
        file = written(SMALL, [], codec)
        assert read(file) == []
        assert list(fastavro.reader(io.BytesIO(file))) == []


def test_blocks_are_flushed_at_their_size(blocks: bytes) -> None:
    assert len(starts(blocks)[1]) == 6
    assert summary(read(blocks)) == list(range(12))


def test_writing_the_same_gives_the_same_bytes_and_another_first_datum_another_marker() -> None:
    one, same, other = (written(SMALL, [payload(n)]) for n in (1, 1, 2))
    assert one == same
    assert one[-16:] != other[-16:]
    assert written(SMALL, [payload(1)], "deflate")[-16:] != one[-16:]


def test_a_codec_that_is_none() -> None:
    with pytest.raises(AvroError) as caught:
        container.write(io.BytesIO(), SMALL, [], "xz")
    assert caught.value.code == "avro-codec"


class Counted:
    """A file that is made while it is read, and cannot be kept."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.parts, self.rest = parts, b""

    def read(self, size: int) -> bytes:
        while len(self.rest) < size:
            part = next(self.parts, b"")
            if not part:
                break
            self.rest += part
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


@pytest.mark.parametrize("damaged", [False, True])
def test_memory_is_flat(damaged: bool) -> None:
    record = payload(1, b"x" * 50_000)
    head = written(SMALL, [record])
    _, (start,) = starts(head)
    block = head[start:]
    if damaged:
        block = b"\x01" + block[1:]  # a negative count: the file is searched for the next marker

    def parts() -> Iterator[bytes]:
        yield head[:start]
        for _ in range(1000):
            yield block

    tracemalloc.start()
    found = 0
    for one in container.read(cast(BinaryIO, Counted(parts()))):
        found += 1
        assert isinstance(one, Rejected) is damaged
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == 1000
    assert peak < 20 * len(block)


def test_writing_takes_the_data_one_by_one() -> None:
    class Nothing(io.RawIOBase):
        def write(self, data: Any) -> int:
            return len(data)

    tracemalloc.start()
    total = container.write(
        cast(BinaryIO, Nothing()), SMALL, (payload(n, b"x" * 50_000) for n in range(1000)), "null"
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 1000
    assert peak < 10 * 2**20


# What is wrong with the header


def header(meta: dict[bytes, bytes], sync: bytes = b"S" * 16) -> bytes:
    entries = b"".join(zigzag(len(part)) + part for pair in meta.items() for part in pair)
    return b"Obj\1" + (zigzag(len(meta)) + entries if meta else b"") + b"\0" + sync


TEXT = json.dumps(SMALL.json).encode()
BAD_HEADERS: dict[str, tuple[bytes, type[GatewayError], str]] = {
    "nothing": (b"", AvroError, "avro-truncated"),
    "three bytes": (b"Obj", AvroError, "avro-truncated"),
    "another format": (b"<?xml version='1.0'?>", AvroError, "avro-container"),
    "another version": (b"Obj\2" + header({b"avro.schema": TEXT})[4:], AvroError, "avro-container"),
    "no schema": (header({}), AvroError, "avro-container"),
    "another codec": (header({b"avro.schema": TEXT, b"avro.codec": b"bzip2"}), AvroError, "avro-codec"),
    "codec no text": (
        header({b"avro.schema": TEXT, b"avro.codec": b"\xff" + SECRET}),
        AvroError,
        "avro-codec",
    ),
    "schema no json": (header({b"avro.schema": b"{" + SECRET}), SchemaError, "schema-invalid"),
    "schema no record": (header({b"avro.schema": b'"int"'}), SchemaError, "schema-invalid"),
    "schema not utf-8": (header({b"avro.schema": b'"\xff"'}), SchemaError, "schema-invalid"),
    "no marker": (header({b"avro.schema": TEXT}, b""), AvroError, "avro-truncated"),
    "short marker": (header({b"avro.schema": TEXT}, b"S" * 15), AvroError, "avro-truncated"),
    "endless number": (b"Obj\1" + b"\xff" * 30, AvroError, "avro-container"),
    "a gigabyte": (b"Obj\1" + zigzag(1) + zigzag(2**30), LimitError, "limit-size"),
    "negative size": (b"Obj\1" + zigzag(1) + zigzag(-1), AvroError, "avro-container"),
    "negative block size": (b"Obj\1" + zigzag(-1) + zigzag(-1), AvroError, "avro-container"),
    "huge block size": (b"Obj\1" + zigzag(-1) + zigzag(2**40), LimitError, "limit-size"),
    "many entries": (b"Obj\1" + zigzag(2**62) + b"\0" * 5000, LimitError, "limit-size"),
    "many blocks": (b"Obj\1" + (zigzag(1) + b"\0\0") * 2000, LimitError, "limit-size"),
    "large entries": (header({b"a": bytes(3_000_000), b"b": bytes(3_000_000)}), LimitError, "limit-size"),
    "schema too long": (header({b"avro.schema": b" " * 3_000_000}), LimitError, "limit-size"),
}


@pytest.mark.parametrize(("data", "kind", "code"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_bad_headers(data: bytes, kind: type[GatewayError], code: str) -> None:
    with pytest.raises(kind) as caught:
        read(data)
    assert caught.value.code == code
    assert SECRET.decode() not in f"{caught.value} {caught.value!r}"


def test_a_released_name_does_not_make_a_released_schema() -> None:
    newest = registry.get("lsst/11.1")
    fields = [*cast(Any, newest.json)["fields"], {"name": "private", "type": "int"}]
    forged = parse_schema({**cast(Any, newest.json), "fields": fields})
    (found,) = alerts(written(forged, [encode(newest.root, plain(newest)) + b"\x02"]))
    assert found.schema.name == newest.name
    assert found.schema.key is None


def plain(schema: AlertSchema) -> Any:
    from strategies import _Maker

    return _Maker(0, frozenset(), 0).value(schema.root)


# What is wrong with a block


def test_cut_at_every_byte(blocks: bytes) -> None:
    _, begins = starts(blocks)
    for size in range(len(blocks)):
        if size < begins[0]:
            with pytest.raises(AvroError):
                read(blocks[:size])
            continue
        whole = sum(1 for start in [*begins[1:], len(blocks)] if start <= size)
        expected: list[Any] = list(range(2 * whole))
        if size not in begins:
            expected.append("avro-truncated")
        assert summary(read(blocks[:size])) == expected


@pytest.mark.parametrize("codec", CODECS)
def test_every_byte_changed(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_BLOCK_TARGET", 1)
    texts = [b"%d" % n * 20 for n in range(6)]
    data = written(SMALL, [payload(n, text) for n, text in enumerate(texts)], codec)
    _, begins = starts(data)
    for at in range(begins[1], begins[4]):
        found = read(data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :])
        place = sum(1 for start in begins if start <= at) - 1
        records = [one.payload for one in found if isinstance(one, Alert)]
        # The damaged block may be lost, or (without a checksum) read as something else. The others come out unchanged.
        for number, text in enumerate(texts):
            if number != place:
                assert payload(number, text) in records
        if codec == "snappy":
            assert set(records) <= {payload(n, t) for n, t in enumerate(texts)}


@pytest.mark.parametrize("which", [0, 2, 5])
def test_a_wrong_marker_costs_no_record(blocks: bytes, which: int) -> None:
    _, begins = starts(blocks)
    end = [*begins, len(blocks)][which + 1]
    found = read(blocks[: end - 16] + b"?" * 16 + blocks[end:])
    expected: list[Any] = list(range(12))
    expected.insert(2 * which + 2, "avro-container")
    assert summary(found) == expected
    refused = found[2 * which + 2]
    assert isinstance(refused, Rejected)
    assert refused.data == b"?" * 16
    assert refused.error.where.offset == end - 16
    assert refused.error.where.record == 2 * which + 2


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (zigzag(2**27), "avro-truncated"),
        (zigzag(2**40), "limit-size"),
        (zigzag(-5), "avro-container"),
        (zigzag(3), "avro-container"),
        (zigzag(0), "avro-container"),
        (b"\xff" * 12, "avro-container"),
    ],
)
@pytest.mark.parametrize("which", [0, 3, 5])
def test_a_wrong_size_costs_one_block(blocks: bytes, size: bytes, code: str, which: int) -> None:
    _, begins = starts(blocks)
    start, end = begins[which], [*begins, len(blocks)][which + 1]
    damaged = blocks[: start + 1] + size + blocks[start + 2 :]
    found = read(damaged)
    assert summary(found) == [*range(2 * which), code, *range(2 * which + 2, 12)]
    refused = found[2 * which]
    assert isinstance(refused, Rejected)
    assert refused.data == damaged[start : end + len(size) - 1]
    assert refused.error.where.record == 2 * which
    assert refused.error.where.offset is not None
    assert refused.error.where.offset >= start


def test_a_size_that_swallows_the_rest_to_the_byte(blocks: bytes) -> None:
    # The claimed block ends exactly at the end of the file, with a marker. What is in it is too long for its count.
    _, begins = starts(blocks)
    start = begins[3]
    rest = len(blocks) - start - 16 - 2
    damaged = blocks[: start + 1] + zigzag(rest) + blocks[start + 2 :]
    assert summary(read(damaged))[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert "avro-trailing" in summary(read(damaged))


def test_a_size_that_swallows_the_rest_and_a_wrong_last_marker(blocks: bytes) -> None:
    _, begins = starts(blocks)
    start = begins[3]
    rest = len(blocks) - start - 16 - 2
    damaged = blocks[: start + 1] + zigzag(rest) + blocks[start + 2 : -16] + b"?" * 16
    assert summary(read(damaged)) == [*range(6), "avro-container", *range(8, 12), "avro-container"]


@pytest.mark.parametrize("count", [zigzag(-1), zigzag(-(2**63)), b"\xff" * 11])
def test_a_count_that_cannot_be(blocks: bytes, count: bytes) -> None:
    _, begins = starts(blocks)
    damaged = blocks[: begins[2]] + count + blocks[begins[2] + 1 :]
    assert summary(read(damaged)) == [0, 1, 2, 3, "avro-container", *range(6, 12)]


@pytest.mark.parametrize("count", [3, 2**30, 2**62])
def test_a_count_that_is_too_large(blocks: bytes, count: int) -> None:
    _, begins = starts(blocks)
    damaged = blocks[: begins[2]] + zigzag(count) + blocks[begins[2] + 1 :]
    found = read(damaged)
    assert summary(found) == [0, 1, 2, 3, 4, 5, "avro-truncated", *range(6, 12)]
    refused = found[6]
    assert isinstance(refused, Rejected)
    assert refused.error.where.record == 6
    assert refused.error.where.offset == begins[2]


@pytest.mark.parametrize("count", [0, 1])
def test_a_count_that_is_too_small(blocks: bytes, count: int) -> None:
    _, begins = starts(blocks)
    damaged = blocks[: begins[2]] + zigzag(count) + blocks[begins[2] + 1 :]
    assert summary(read(damaged)) == [*range(4 + count), "avro-trailing", *range(6, 12)]


def test_a_damaged_record_costs_the_rest_of_its_block() -> None:
    data = written(SMALL, [payload(n) for n in range(5)])
    _, (start,) = starts(data)
    place = data.index(b"text", data.index(b"text", start) + 1) - 1
    damaged = data[:place] + b"\x01" + data[place + 1 :]
    found = read(damaged)
    assert summary(found) == [0, "avro-length"]
    refused = found[1]
    assert isinstance(refused, Rejected)
    assert (refused.error.where.record, refused.error.where.offset, refused.error.where.path) == (
        1,
        start,
        "text",
    )
    assert refused.data == damaged[place - 1 : -16]


def test_thousands_of_damaged_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_BLOCK_TARGET", 1)
    data = written(SMALL, [payload(n % 50) for n in range(5000)])
    sync, begins = starts(data)
    damaged = bytearray(data)
    for start in begins[1:-1]:
        damaged[start] = 1
    found = summary(read(bytes(damaged)))
    assert (found[0], found[-1]) == (0, 49)
    assert found[1:-1] == ["avro-container"] * 4998
    # And each claims a block far beyond its end, so that all that follows is held and searched again.
    claims = data[: begins[1]] + (zigzag(1) + zigzag(2**20) + b"x" * 8 + sync) * 5000 + data[begins[-1] :]
    assert summary(read(claims)) == [0, *["avro-truncated"] * 5000, 49]


def test_a_marker_inside_a_record_is_no_end() -> None:
    sync = written(SMALL, [payload(1, b"first")])[-16:]
    records = [payload(1, b"first"), payload(2, sync), payload(3)]
    file = written(SMALL, records)
    assert file[-16:] == sync
    assert [one.payload for one in alerts(file)] == records


@pytest.mark.parametrize("at", [0, 1, 2])
def test_bytes_between_blocks(blocks: bytes, at: int) -> None:
    _, begins = starts(blocks)
    start = begins[3]
    found = summary(read(blocks[:start] + b"\x01" * (at + 1) + blocks[start:]))
    assert [one for one in found if isinstance(one, int)] in ([*range(12)], [*range(6), *range(8, 12)])
    assert [one for one in found if isinstance(one, str)]


# Compression


def compressed(codec: str, data: bytes) -> bytes:
    if codec == "deflate":
        return zlib.compress(data, 9)[2:-4]
    if codec == "snappy":
        return bytes(cramjam.snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4, "big")
    return zstandard.ZstdCompressor().compress(data) if codec == "zstandard" else data


def one_block(codec: str, data: bytes, count: int = 1) -> bytes:
    return (
        header({b"avro.schema": TEXT, b"avro.codec": codec.encode()})
        + zigzag(count)
        + zigzag(len(data))
        + data
        + b"S" * 16
    )


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_is_not_unpacked(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 200_000
    for module in (compression, reader, stream):
        monkeypatch.setattr(module, "MAX_BLOCK", limit)
    fits = payload(1, b"x" * (limit - 4))
    assert len(fits) == limit
    assert summary(read(one_block(codec, compressed(codec, fits)))) == [1]
    bomb = compressed(codec, fits + b"x")
    assert codec == "null" or len(bomb) < limit / 10
    assert summary(read(one_block(codec, bomb))) == ["limit-size"]
    large = one_block(codec, compressed(codec, bytes(50_000_000)))
    tracemalloc.start()
    assert summary(read(large))[0] == "limit-size"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * limit + 5 * min(len(large), 2**20)


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard"])
@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff" * 50, SECRET * 5, b"\x28\xb5\x2f\xfd", b"\xff\xff\xff\xff\x0f" + bytes(9)]
)
def test_what_cannot_be_unpacked(codec: str, data: bytes) -> None:
    (found,) = read(one_block(codec, data))
    assert isinstance(found, Rejected)
    assert found.error.code in ("avro-compression", "avro-truncated", "limit-size")
    assert SECRET.decode() not in f"{found!r} {found.error}"


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard"])
def test_compressed_blocks_cut_at_every_byte(codec: str) -> None:
    whole = payload(1, b"The quick brown fox jumps over the lazy dog. " * 3)
    data = compressed(codec, whole)
    for size in range(len(data)):
        found = read(one_block(codec, data[:size]))
        if any(isinstance(one, Alert) for one in found):
            assert codec == "zstandard"  # all was there but the end of the frame
            assert [one.payload for one in found if isinstance(one, Alert)] == [whole]
        else:
            (refused,) = found
            assert isinstance(refused, Rejected)
            assert refused.error.code in ("avro-compression", "avro-truncated")


def test_a_wrong_checksum_of_snappy() -> None:
    data = compressed("snappy", payload(1))
    (found,) = read(one_block("snappy", data[:-1] + bytes([data[-1] ^ 1])))
    assert isinstance(found, Rejected)
    assert found.error.code == "avro-compression"


def test_the_checksum_that_fastavro_leaves_behind_deflate() -> None:
    assert summary(read(one_block("deflate", zlib.compress(payload(7))[2:]))) == [7]


# Whatever comes


@pytest.mark.parametrize("codec", CODECS)
def test_any_damage(codec: str) -> None:
    data = written(SMALL, [payload(n, SECRET) for n in range(3)], codec)

    @given(st.lists(damages(), min_size=1, max_size=3), st.booleans())
    def check(blows: list[Callable[[bytes], bytes]], behind: bool) -> None:
        start = len(data) - 60 if behind else 0
        damaged = data[start:]
        for blow in blows:
            damaged = blow(damaged)
        try:
            found: list[Any] = read(data[:start] + damaged)
        except GatewayError as error:
            found = [error]
        for one in found:
            assert SECRET.decode() not in repr(one)
            assert SECRET.decode() not in str(one.error if isinstance(one, Rejected) else one)

    check()


@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header(data: bytes) -> None:
    for one in read(header({b"avro.schema": TEXT}) + data):
        assert isinstance(one, (Alert, Rejected))
