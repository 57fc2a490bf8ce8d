"""Profiles: what comes with the gateway, and what a mistake in one costs.

Each file in tests/data/policy/bad has one mistake. Its first line says on which line it is found and what is said.
"""

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest
from sentences import is_sentence

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.provenance import Origin
from gateway.policy import lists
from gateway.policy.profile import DEFAULT, MAX_NESTED, load, names

BAD = sorted((Path(__file__).parents[1] / "data/policy/bad").glob("*.toml"))
HEAD = 'id = "x"\ntitle = "T"\nvalid-from = 2026-01-01\n'
RULE = """
[[rule]]
id = "a"
effect = "pass"
origin = ["alert"]
kind = ["lsst"]
clause = "P01"
source = "S"
certainty = "primary"
reason = "R."
"""
LSST = ("seed-2018", "ldm612-2019", "rdo013-2025")


def refused(path: Path) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(str(path))
    assert caught.value.code == "settings-invalid"
    return caught.value


# Mistakes


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_mistake_is_named_with_its_file_and_line(file: Path) -> None:
    line, _, message = file.read_text("utf-8").splitlines()[0].removeprefix("# ").partition(": ")
    error = refused(file)
    assert message in error.message
    assert error.where.input == file.name
    assert str(error.where.line or "-") == line
    assert str(error).startswith(file.name)


def test_there_are_bad_files() -> None:
    assert len(BAD) >= 90


def test_a_mistake_in_a_rule_names_the_rule() -> None:
    error = refused(BAD[0].with_name("rule-misspelt-key.toml"))
    assert error.where.path == "a"


def test_a_mistake_in_an_included_profile_is_named_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text(HEAD + RULE.replace('"pass"', '"deny"'), "utf-8")
    (tmp_path / "outer.toml").write_text(HEAD + f'include = ["{tmp_path}/inner.toml"]\n', "utf-8")
    error = refused(tmp_path / "outer.toml")
    assert (error.where.input, error.where.line, error.where.path) == ("inner.toml", 7, "a")


def test_profiles_that_include_each_other_in_a_circle(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.toml").write_text(HEAD + f'include = ["{tmp_path}/{other}.toml"]\n', "utf-8")
    error = refused(tmp_path / "a.toml")
    assert "in a circle" in error.message
    assert error.where.line == 4


def test_profiles_may_be_nested_so_deep_and_no_deeper(tmp_path: Path) -> None:
    (tmp_path / "0.toml").write_text(HEAD + RULE, "utf-8")
    for depth in range(1, MAX_NESTED + 2):
        text = HEAD + f'include = ["{tmp_path}/{depth - 1}.toml"]\n'
        (tmp_path / f"{depth}.toml").write_text(text, "utf-8")
    assert load(str(tmp_path / f"{MAX_NESTED}.toml")).rules
    message = refused(tmp_path / f"{MAX_NESTED + 1}.toml").message
    assert "too deeply" in message
    assert is_sentence(message)


def test_a_meet_is_of_its_members_alone(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.toml").write_text(HEAD.replace('"x"', f'"{name}"') + RULE, "utf-8")
    meet = f'meet = ["{tmp_path}/a.toml", "{tmp_path}/b.toml"]\n'
    file = tmp_path / "meet.toml"
    file.write_text(HEAD + meet, "utf-8")
    found = load(str(file))
    assert ([member.id for member in found.members], found.rules) == (["a", "b"], ())
    for more in (RULE, f'include = ["{tmp_path}/a.toml"]\n'):
        file.write_text(HEAD + meet + more, "utf-8")
        error = refused(file)
        assert "no rules and includes none" in error.message
        assert is_sentence(error.message)
        assert error.where.line == 4
    file.write_text(f'{HEAD}meet = ["{tmp_path}/a.toml", "nowhere"]\n', "utf-8")
    assert refused(file).where.line == 4
    outer = tmp_path / "outer.toml"
    file.write_text(HEAD + meet, "utf-8")
    outer.write_text(f'{HEAD}include = ["{file}"]\n', "utf-8")
    assert is_sentence(refused(outer).message)
    assert "cannot be included" in refused(outer).message
    assert refused(outer).where.line == 4


def test_two_rules_of_one_id(tmp_path: Path) -> None:
    one, file = tmp_path / "one.toml", tmp_path / "x.toml"
    one.write_text(HEAD + RULE, "utf-8")
    file.write_text(HEAD + RULE + RULE, "utf-8")
    assert (refused(file).where.line, refused(file).where.path) == (16, "a")
    file.write_text(f'{HEAD}include = ["{one}"]\n{RULE}', "utf-8")
    assert refused(file).where.line == 7
    assert is_sentence(refused(file).message)
    (tmp_path / "two.toml").write_text(HEAD + RULE, "utf-8")
    file.write_text(f'{HEAD}include = ["{one}", "{tmp_path}/two.toml"]\n', "utf-8")
    assert refused(file).where.line == 4
    assert is_sentence(refused(file).message)


def test_a_rule_knows_its_line_where_it_has_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + RULE + RULE.replace('"a"', '"b"'), "utf-8")
    assert [rule.line for rule in load(str(tmp_path / "a.toml")).rules] == [5, 15]
    row = ", ".join(RULE.strip().splitlines()[1:])
    (tmp_path / "b.toml").write_text(f"{HEAD}rule = [{{{row}}}]\n", "utf-8")
    assert [rule.line for rule in load(str(tmp_path / "b.toml")).rules] == [0]


def test_a_profile_that_is_the_meet_of_itself(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + f'meet = ["packet-only", "{tmp_path}/a.toml"]\n', "utf-8")
    assert "in a circle" in refused(tmp_path / "a.toml").message


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
    assert "not TOML" in str(refused(tmp_path / "x.toml"))


# Profiles


def test_what_comes_with_the_gateway() -> None:
    assert set(names()) == {
        *LSST, "strict", "packet-only", "ztf-public", "precursor-2020", "lsst-common", "twelve-months",
    }  # fmt: skip
    assert DEFAULT in names()


@pytest.mark.parametrize("name", names())
def test_a_profile_says_what_it_is(name: str) -> None:
    profile = load(name)
    assert profile.id == name
    assert profile.title
    assert type(profile.valid_from) is date
    assert bool(profile.rules) != bool(profile.members)


@pytest.mark.parametrize("name", names())
def test_a_rule_says_why(name: str) -> None:
    for judge in load(name).judges:
        for rule in judge.rules:
            assert rule.reason.endswith(".")
            assert len(rule.reason.split()) >= 5
            assert rule.source
            assert re.fullmatch(r"P[0-3]\d|L[0-3]\d", rule.clause)
            assert set(rule.origins) <= set(Origin)


def test_strict_is_the_meet_of_the_lsst_profiles() -> None:
    assert [member.id for member in load("strict").members] == list(LSST)
    assert [judge.id for judge in load("strict").judges] == list(LSST)


def test_the_lsst_profiles_have_what_packet_only_has() -> None:
    common = {rule.id for rule in load("packet-only").rules}
    for name in LSST:
        assert common < {rule.id for rule in load(name).rules}


# The clauses that are rules about data, and where section 2 of the specification puts them.
CLAUSES = {
    "packet-only": "P01 P07 P13 P14 P16 P21 P22 L31",
    "lsst-common": "P01 P07 P11 P13 P14 P15 P16 P17 P18 P19 P21 P22 P23 L31",
    "seed-2018": "P01 P07 P09 P11 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 L31",
    "ldm612-2019": "P01 P06 P07 P09 P11 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 L31",
    "rdo013-2025": "P01 P06 P07 P09 P10 P11 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 L31",
    "twelve-months": "P06",
    "ztf-public": "P01 P13 P14",
    "precursor-2020": "P01 P17",
}


@pytest.mark.parametrize("name", CLAUSES)
def test_a_profile_has_its_clauses(name: str) -> None:
    assert {rule.clause for rule in load(name).rules} == set(CLAUSES[name].split())


def test_the_hash_is_that_of_the_file_and_of_those_that_it_names(tmp_path: Path) -> None:
    data = (resources.policy() / "packet-only.toml").read_bytes()
    tables = "".join(lists.hashes()).encode()
    assert load("packet-only").sha256 == hashlib.sha256(data + tables).hexdigest()
    inner, outer = tmp_path / "inner.toml", tmp_path / "outer.toml"
    inner.write_text(HEAD + RULE, "utf-8")
    outer.write_text(HEAD + f'include = ["{inner}"]\n', "utf-8")
    before = load(str(outer)).sha256
    assert load(str(outer)).sha256 == before
    inner.write_text(HEAD + RULE.replace("R.", "Another reason."), "utf-8")
    assert load(str(outer)).sha256 != before


def test_what_comes_with_the_gateway_is_read_once() -> None:
    assert load(DEFAULT) is load(DEFAULT)


def test_a_profile_of_the_operator(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD, "utf-8")
    profile = load(str(tmp_path / "mine.toml"))
    assert (profile.id, profile.title, profile.valid_from, profile.rules) == ("x", "T", date(2026, 1, 1), ())


def test_what_is_included_is_its_own_and_own_days_win(tmp_path: Path) -> None:
    text = HEAD + 'include = ["rdo013-2025"]\n[releases]\ndp2 = 2026-08-01\ndr1 = 2028-01-01\n' + RULE
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    profile = load(str(tmp_path / "mine.toml"))
    assert len(profile.rules) == len(load("rdo013-2025").rules) + 1
    assert profile.releases == {
        "dp1": date(2025, 6, 30),
        "dp2": date(2026, 8, 1),
        "dr1": date(2028, 1, 1),
    }


def test_each_key_is_read(tmp_path: Path) -> None:
    text = HEAD + "[releases]\ndp1 = 2025-06-30\n" + RULE.replace('["lsst"]', '["lsst >=7.0 <8.0", "ztf"]')
    text += 'path = ["diaSource.*", "candidate.**"]\nrelease = ["dp1"]\naudience = "rights-holders"\n'
    text += 'custody = "handled"\nfrom = "released + 2 y"\n'
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    (rule,) = load(str(tmp_path / "mine.toml")).rules
    assert (rule.id, rule.effect, rule.clause, rule.source) == ("a", "pass", "P01", "S")
    assert (rule.certainty, rule.reason, rule.releases) == ("primary", "R.", ("dp1",))
    assert rule.origins == (Origin.ALERT,)
    assert [str(kind) for kind in rule.kinds] == ["lsst >=7.0 <8.0", "ztf"]
    assert [str(path) for path in rule.paths] == ["diaSource.*", "candidate.**"]
    assert (rule.rights, rule.handled) == (True, True)
    assert (str(rule.start), rule.end, rule.where) == ("released + 2 y", None, None)
    assert text.splitlines()[rule.line - 1] == "[[rule]]"
