"""Which schema an id stands for: memory, disk, registry, released ones; and what a registry that is away costs.

The registry is a server of ours that speaks as much of Confluent's interface as is asked of it here; tests/kafka has a
real one.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.codecs import confluent
from gateway.errors import SchemaError
from gateway.schema import registry as released
from gateway.transports.schemas import Cache, Registry, Schemas
from gateway.transports.schemas.schemas import AGAIN, MAX_KNOWN

TEXTS = {
    1: json.dumps(released.get("lsst/10.0").json),
    2: json.dumps({"type": "record", "name": "other", "fields": [{"name": "a", "type": "int"}]}),
    3: "{",
}


class Stand:
    """A registry that can be told not to answer, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.texts = dict(TEXTS)
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand.asked.append(self.path)
                number = int(self.path.rpartition("/")[2].partition("?")[0])
                text = stand.texts.get(number)
                body = {"schema": text} if text is not None else {"error_code": 40403, "message": "none"}
                data = json.dumps(body).encode()
                self.send_response(200 if text is not None else 404)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.close()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def message(number: int) -> bytes:
    return b"\0" + number.to_bytes(4, "big") + b"datum"


def prepare(schemas: Schemas, *numbers: int) -> None:
    asyncio.run(schemas.prepare([message(number) for number in numbers]))


def test_what_the_registry_says_holds_and_is_asked_once(stand: Stand) -> None:
    schemas = Schemas(Registry(stand.url))
    prepare(schemas, 1, 2, 1)
    prepare(schemas, 1, 2)
    assert len(stand.asked) == 2
    assert schemas.find(1) is released.get("lsst/10.0")
    assert (schemas.find(2).key, schemas.find(2).name) == (None, "other")
    assert confluent.read(message(1), find=schemas.find).schema is released.get("lsst/10.0")


def test_it_tells_where_a_schema_was_found(stand: Stand, tmp_path: Path) -> None:
    found: list[str] = []
    cache = Cache(tmp_path / "schemas", stand.url)
    prepare(Schemas(Registry(stand.url), cache, told=found.append), 1, 99)
    assert sorted(found) == ["nowhere", "registry"]
    found.clear()
    prepare(Schemas(Registry(stand.url), cache, told=found.append), 1)
    assert found == ["cache"]


def test_without_a_registry_ids_are_those_of_the_released_schemas() -> None:
    schemas = Schemas()
    prepare(schemas, 1100)
    assert schemas.find(1100) is released.get("lsst/11.0")
    with pytest.raises(SchemaError, match=r"Schema id 1207 .* nearest is lsst/11\.1, with id 1101") as caught:
        schemas.find(1207)
    assert caught.value.code == "schema-unknown"


def test_a_released_schema_stands_in_for_a_registry_that_is_away(stand: Stand) -> None:
    stand.close()
    schemas = Schemas(Registry(stand.url))
    prepare(schemas, 1100)
    assert schemas.find(1100) is released.get("lsst/11.0")


def test_what_the_registry_says_goes_before_the_released_numbers(stand: Stand) -> None:
    stand.texts[1100] = TEXTS[2]
    schemas = Schemas(Registry(stand.url))
    prepare(schemas, 1100)
    assert schemas.find(1100).name == "other"


def test_a_registry_that_does_not_know_is_asked_again_later(stand: Stand) -> None:
    clock = Clock()
    schemas = Schemas(Registry(stand.url), clock=clock)
    for _ in range(5):
        prepare(schemas, 9)
    assert len(stand.asked) == 1
    stand.texts[9] = TEXTS[2]
    clock.now = AGAIN
    prepare(schemas, 9)
    assert schemas.find(9).name == "other"


def test_a_text_that_is_no_schema_is_not_used(stand: Stand, tmp_path: Path) -> None:
    schemas = Schemas(Registry(stand.url), Cache(tmp_path, stand.url))
    prepare(schemas, 3)
    with pytest.raises(SchemaError):
        schemas.find(3)
    assert Cache(tmp_path, stand.url).get(3) is None


def test_the_disk_remembers_for_the_next_run(stand: Stand, tmp_path: Path) -> None:
    prepare(Schemas(Registry(stand.url), Cache(tmp_path, stand.url)), 2)
    stand.close()
    schemas = Schemas(Registry(stand.url), Cache(tmp_path, stand.url))
    prepare(schemas, 2)
    assert schemas.find(2).name == "other"
    assert len(stand.asked) == 1
    other = Cache(tmp_path, "http://127.0.0.1:1")
    assert other.get(2) is None


def test_a_damaged_cache_is_asked_for_anew(stand: Stand, tmp_path: Path) -> None:
    cache = Cache(tmp_path, stand.url)
    (cache.folder / "2.avsc").write_bytes(b"\xff{")
    (cache.folder / "1.avsc").write_text("{")
    schemas = Schemas(Registry(stand.url), cache)
    prepare(schemas, 1, 2)
    assert schemas.find(2).name == "other"
    assert schemas.find(1).key is not None
    assert cache.get(1) == TEXTS[1]


def test_a_disk_that_fails_stops_nothing(
    stand: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path, stand.url)
    (cache.folder / ".2.avsc.part").mkdir()
    schemas = Schemas(Registry(stand.url), cache)
    prepare(schemas, 2)
    assert schemas.find(2).name == "other"
    assert "cannot be kept" in caplog.text


def test_noise_does_not_fill_the_memory(stand: Stand) -> None:
    stand.close()
    schemas = Schemas(Registry(stand.url))

    class Deaf:
        def get(self, number: int) -> None:
            return None

    schemas._registry = Deaf()  # a thousand connections that are refused take too long
    prepare(schemas, *range(5000, 5000 + MAX_KNOWN + 5))
    assert len(schemas._asked) <= MAX_KNOWN


def test_a_password_is_not_shown(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    stand.close()
    registry = Registry(stand.url, "somebody", "s3ntinel")
    assert registry.get(1) is None
    assert "s3ntinel" not in repr(registry) + caplog.text
    assert "does not answer for schema 1" in caplog.text
