"""Profiles: what a mistake in one costs. Each file in tests/data/policy/bad has one; its first line says which."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.provenance import Origin
from gateway.policy.profile import load, names

BAD = sorted((Path(__file__).parents[1] / "data/policy/bad").glob("*.toml"))
GOOD = """
id = "x"
title = "T"
valid-from = 2026-01-01
rule = []
"""


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_mistake_is_named_with_its_file_and_rule(file: Path) -> None:
    mistake = file.read_text("utf-8").splitlines()[0].removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        load(str(file))
    assert caught.value.code == "settings-invalid"
    assert mistake in str(caught.value)
    assert str(caught.value).startswith(file.name)


def test_there_are_bad_files() -> None:
    assert len(BAD) >= 30


def test_what_comes_with_the_gateway() -> None:
    assert "packet-only" in names()
    for name in names():
        profile = load(name)
        assert profile.id == name
        assert profile.rules
        assert type(profile.valid_from) is date
        data = (resources.policy() / f"{name}.toml").read_bytes()
        assert profile.sha256 == hashlib.sha256(data).hexdigest()
        for rule in profile.rules:
            assert rule.reason.endswith(".")
            assert rule.origin in {origin.value for origin in Origin}


def test_packet_only_passes_two_things() -> None:
    assert [(rule.origin, rule.schema) for rule in load("packet-only").rules] == [
        ("alert", "released"),
        ("external", "voevent"),
    ]


@pytest.mark.parametrize(
    "name", ["", "nothing", "nothing.toml", "../policy/packet-only.txt", "\0", "\0.toml", "x" * 5000, "."]
)
def test_a_profile_that_is_not_there(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(name)
    assert caught.value.code == "settings-invalid"
    assert "packet-only" in str(caught.value)


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(SettingsError):
        load(str(tmp_path / "x.toml"))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x00", b"[" * 100_000, b"a = " + b"[" * 100_000, b"a = 1\r"])
def test_what_is_no_toml(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        load(str(tmp_path / "x.toml"))
    assert "not TOML" in str(caught.value)


def test_a_profile_of_the_operator(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD, "utf-8")
    profile = load(str(tmp_path / "mine.toml"))
    assert (profile.id, profile.title, profile.valid_from, profile.rules) == ("x", "T", date(2026, 1, 1), ())
