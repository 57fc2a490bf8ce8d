"""What would be withheld until somebody classifies it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import lsst.alert.packet
import pytest

from gateway.errors import GatewayError, SchemaError
from gateway.policy.coverage import idle, subject, subjects, unnamed
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.profile import Profile, load
from gateway.schema import registry
from gateway.schema.avsc import read_schema

RECORD = '{"type":"record","name":"x.y","fields":[{"name":"a","type":%s}]}'
DEEP = '{"type":"array","items":' * 70 + '"int"' + "}" * 70
PUBLISHED = Path(lsst.alert.packet.__file__).parent / "schema"


def written(folder: Path, file: str, **changes: Any) -> str:
    """A file with LSST 11.1, changed."""
    declaration = json.loads(json.dumps(registry.get("lsst/11.1").json))
    for key, value in changes.items():
        if key == "fields":
            declaration["fields"] += value
        else:
            declaration[key] = value
    (folder / file).write_text(json.dumps(declaration), "utf-8")
    return str(folder / file)


@pytest.mark.parametrize("name", ["rdo013-2025", "strict", "seed-2018"])
def test_nothing_of_a_released_schema_is_withheld(name: str) -> None:
    profile = load(name)
    about = subjects(profile)
    assert [one.name for one in about] == list(map(str, registry.keys()))
    assert [one.name for one in about if unnamed(profile, one)] == []
    assert idle(profile, [*about, subject("ppdb")]) == []


def test_a_profile_is_asked_about_the_surveys_that_it_knows() -> None:
    assert {one.name.partition("/")[0] for one in subjects(load("packet-only"))} == {"lsst"}
    assert {one.name.partition("/")[0] for one in subjects(load("ztf-public"))} == {"ztf"}


def test_what_a_profile_does_not_speak_of_is_all_withheld() -> None:
    about = subject("ztf/4.02")
    assert len(unnamed(load("packet-only"), about)) == len(about.resources)
    assert (
        len(unnamed(load("packet-only"), subject("ppdb")))
        == len(subject("ppdb").resources) - 53 - 10 - 9 + 72
    )
    assert unnamed(load("rdo013-2025"), subject("ppdb")) == ()


def test_a_field_is_named_by_rules_without_conditions_only() -> None:
    profile = load("packet-only")
    conditional = replace(profile, rules=tuple(rule for rule in profile.rules if rule.where))
    about = subject("lsst/11.1")
    assert len(unnamed(conditional, about)) == len(about.resources)


def test_every_member_of_a_meet_must_speak() -> None:
    meet = replace(load("strict"), members=(load("rdo013-2025"), load("packet-only")))
    assert unnamed(meet, subject("lsst/11.1")) == ()
    assert len(unnamed(meet, subject("ztf/4.02"))) == len(subject("ztf/4.02").resources)


def test_new_fields_of_a_new_minor_version(tmp_path: Path) -> None:
    new = [{"name": "shinyNew", "type": "float"}, {"name": "more", "type": ["null", "string"]}]
    name = written(tmp_path, "lsst.v11_7.alert.avsc", name="lsst.v11_7.alert", fields=new)
    about = subject(name)
    assert str(about.schema.key if about.schema else "") == "lsst/11.1"
    assert list(map(str, unnamed(load("rdo013-2025"), about))) == ["shinyNew", "more"]
    assert about.misfits == ()


def test_fields_that_do_not_fit_any_more(tmp_path: Path) -> None:
    declaration = json.loads(json.dumps(registry.get("lsst/11.1").json))
    names = [field["name"] for field in declaration["fields"]]
    declaration["name"] = "lsst.v11_7.alert"
    declaration["fields"][names.index("diaSourceId")]["type"] = "string"
    del declaration["fields"][names.index("target_name")]
    (tmp_path / "x.avsc").write_text(json.dumps(declaration), "utf-8")
    assert subject(str(tmp_path / "x.avsc")).misfits == ("target_name", "diaSourceId")


@pytest.mark.parametrize("name", ["lsst.v98_0.alert", "topLevelRecord", "org.example.alert"])
def test_all_of_a_schema_that_nothing_reads(name: str, tmp_path: Path) -> None:
    about = subject(written(tmp_path, "x.avsc", name=name, namespace=""))
    assert about.schema is None
    assert len(unnamed(load("rdo013-2025"), about)) == len(about.resources) > 300
    assert idle(load("rdo013-2025"), [about]) == []


def test_rules_that_speak_of_nothing() -> None:
    profile = load("packet-only")
    (packet,) = (rule for rule in profile.rules if rule.id == "alert-packet")
    (streak,) = (rule for rule in profile.rules if rule.id == "satellite-streak")
    old = replace(packet, id="old", paths=(PathPattern.parse("diaSource.programId"),))
    never = replace(streak, id="never", kinds=(KindRange.parse("lsst <4.0"),))
    more: Profile = replace(profile, rules=(*profile.rules, old, never))
    assert idle(more, [subject("lsst/11.1")]) == ["never", "old"]
    assert idle(more, [subject("lsst/5.0")]) == ["never", "withdrawn-rows", "withdrawn-source"]
    assert idle(more, subjects(more)) == []


# Files


@pytest.mark.parametrize("version", ["11/0", "7/4", "3/0"])
def test_the_files_that_the_survey_publishes(version: str) -> None:
    (file,) = (PUBLISHED / version).glob("*.alert.avsc")
    assert str(read_schema(file).key) == f"lsst/{version.replace('/', '.')}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "schema-invalid"),
        ("[" * 100_000, "schema-invalid"),
        (RECORD % '"x.z"', "schema-invalid"),
        (RECORD % '["null","x.y"]', "schema-invalid"),
        (RECORD % DEEP, "limit-depth"),
        (" " * (2 * 2**20 + 1), "limit-size"),
        ("3", "schema-invalid"),
    ],
    ids=["cut", "deep JSON", "no such record", "recursive", "deep", "large", "number"],
)
def test_what_is_no_schema(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "x.avsc").write_text(text, "utf-8")
    with pytest.raises(GatewayError) as caught:
        read_schema(tmp_path / "x.avsc")
    assert caught.value.code == code
    assert caught.value.where.input == "x.avsc"


def test_records_in_files_that_name_each_other(tmp_path: Path) -> None:
    for one, other in (("x.a", "x.b"), ("x.b", "x.a")):
        declaration = {"type": "record", "name": one, "fields": [{"name": "f", "type": other}]}
        (tmp_path / f"{one}.avsc").write_text(json.dumps(declaration), "utf-8")
    with pytest.raises(SchemaError):
        read_schema(tmp_path / "x.a.avsc")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GatewayError) as caught:
        subject(str(tmp_path / "nothing.avsc"))
    assert caught.value.code == "input-unreadable"
    with pytest.raises(SchemaError):
        subject(cast(Any, "nothing"))
