"""GCN's JSON notices: held to the schema that they name, with schemas written here and with GCN's own."""

import json
from pathlib import Path

import pytest

from gateway.codecs.notices import MAX_NOTICE, NoticeSchemas
from gateway.errors import GatewayError, JSONError, LimitError, SettingsError
from gateway.model.provenance import Origin, Provenance

ROOT = Path(__file__).resolve().parents[2]
GCN = ROOT / ".laboratory" / "gcn"
BASE = "https://gcn.example/schema/v1.2.0/gcn/notices"
ALERT = {
    "$id": f"{BASE}/a/alert.schema.json",
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "allOf": [{"$ref": "../core/core.schema.json"}],
    "properties": {"$schema": True, "rate": {"type": "number"}},
    "unevaluatedProperties": False,
}
CORE = {"$id": f"{BASE}/core/core.schema.json", "properties": {"ra": {"type": "number"}}}
GOOD = {"$schema": ALERT["$id"], "ra": 1.5, "rate": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, schema in (("alert", ALERT), ("core", CORE)):
        (tmp_path / f"{name}.schema.json").write_text(json.dumps(schema))
    return tmp_path


def document(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


@pytest.mark.parametrize(
    "named",
    [
        ALERT["$id"],
        ALERT["$id"].replace("v1.2.0", "v1.0.0"),
        ALERT["$id"].replace("v1.2.0", "main"),
    ],
)
def test_a_notice_is_held_to_its_schema_of_any_version(folder: Path, named: str) -> None:
    declared = Provenance(Origin.EXTERNAL)
    data = document(**{"$schema": named})
    notice = NoticeSchemas(folder).read(data, declared)
    assert (notice.data, notice.schema, notice.provenance) == (data, ALERT["$id"], declared)
    assert notice.value["ra"] == 1.5
    assert "1.5" not in repr(notice)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (document(ra="s3ntinel"), "json-schema"),
        (document(s3ntinel=1), "json-schema"),
        (document(**{"$schema": "https://gcn.example/schema/v1.2.0/gcn/notices/s3ntinel"}), "json-schema"),
        (document(**{"$schema": 1}), "json-schema"),
        (b'{"ra": 1}', "json-schema"),
        (b"[1]", "json-schema"),
        (b'{"s3ntinel": 1, "s3ntinel": 2}', "json-form"),
        (b'{"s3ntinel', "json-malformed"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "json-schema"),
        (b'{"a": ' + b"[" * 100_000, "limit-depth"),
    ],
)
def test_what_is_no_notice_is_refused_without_a_value_of_it(folder: Path, data: bytes, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        NoticeSchemas(folder).read(data)
    assert caught.value.code == code
    assert "s3ntinel" not in str(caught.value)


def test_a_long_one_is_refused_before_it_is_read(folder: Path) -> None:
    with pytest.raises(LimitError):
        NoticeSchemas(folder).read(b"{" + b" " * MAX_NOTICE)


def test_nothing_is_fetched(folder: Path) -> None:
    (folder / "core.schema.json").unlink()
    with pytest.raises(JSONError, match="refers to is not there"):
        NoticeSchemas(folder).read(document())


@pytest.mark.parametrize("text", [None, "{", "[]", '{"type": "nonsense"}', '{"type": "object"}'])
def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "a.schema.json").write_text(text)
    with pytest.raises(SettingsError, match="GCN's schemas cannot be used"):
        NoticeSchemas(tmp_path)


needs_gcn = pytest.mark.skipif(
    not GCN.is_dir(), reason="GCN's schemas are not here: `make laboratory` gets them"
)


@needs_gcn
def test_the_examples_of_gcn_satisfy_their_schemas() -> None:
    schemas = NoticeSchemas(GCN)
    examples = sorted(GCN.rglob("*.example.json"))
    assert len(examples) > 40
    for example in examples:
        assert schemas.read(example.read_bytes()).schema.endswith(".schema.json")


@needs_gcn
def test_an_example_with_a_wrong_value_does_not() -> None:
    schemas = NoticeSchemas(GCN)
    example = json.loads((GCN / "notices" / "swift" / "bat" / "Guano.example.json").read_bytes())
    example["rate_snr"] = "high"
    with pytest.raises(JSONError, match=r"Guano\.schema\.json"):
        schemas.read(json.dumps(example).encode())
