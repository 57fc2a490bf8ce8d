"""A configuration is what its file says, and every mistake of a file is a sentence with its line.

``tests/data/config`` has a good file and, for each mistake, one that differs in it, with the sentences beside it.
"""

import pickle
import re
from pathlib import Path
from typing import get_args

import pytest

from gateway.config import Config, ConfigError, load, loads
from gateway.config.examples import all_, text
from gateway.config.reference import tables
from gateway.config.show import shown
from gateway.config.sinks import AnySink
from gateway.config.sources import AnySource, KafkaSource
from gateway.config.values import Secret
from gateway.errors import SettingsError

DATA = Path(__file__).parents[1] / "data" / "config"
GOOD = (DATA / "good.toml").read_text()
BAD = sorted(path for path in DATA.glob("*.toml") if path.stem != "good")
SENTINEL = "SENTINEL"


def of(text: str, folder: Path = Path("/etc/gateway")) -> Config:
    return loads(text.encode(), "gateway.toml", folder)


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        of(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("file", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_named_with_its_line(file: Path, update_golden: bool) -> None:
    said = "\n".join(mistakes(file.read_text())) + "\n"
    golden = file.with_suffix(".txt")
    if update_golden:
        golden.write_text(said)
    assert said == golden.read_text()
    assert re.search(r"^gateway\.toml(, line \d+|: The file is not TOML)", said)
    assert SENTINEL not in said


def test_all_mistakes_are_said_at_once_and_in_their_order() -> None:
    text = GOOD.replace('"ivo://', '"http://').replace("origin =", "orign =").replace('["world"]', '["word"]')
    said = [re.search(r"line (\d+).*?: (.{12})", one) for one in mistakes(text)]
    assert [(int(one[1]), one[2]) for one in said] == [
        (2, "`ivoid` cann"),
        (5, "`origin` is "),
        (10, "Unknown key "),
        (37, "There is no "),
    ]


def test_an_error_with_all_its_mistakes_crosses_processes() -> None:
    with pytest.raises(ConfigError) as caught:
        of(GOOD.replace('origin = "alert"', ""))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.advice


def test_a_good_file_is_what_it_says_with_defaults() -> None:
    config = of(GOOD)
    source = config.sources["rubin"]
    assert isinstance(source, KafkaSource)
    assert (source.topics, source.start, source.issued) == (("lsst-alerts-v11",), "earliest", False)
    assert config.gateway.state == Path("/etc/gateway/state")
    assert config.gateway.issuer == ("org.example", "gateway")
    assert config.routes[0].outputs[0].roles == ("observation", "prediction", "utility")
    with pytest.raises(ValueError, match="frozen"):
        config.gateway.state = Path("/")


def test_relative_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/gateway.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert load(Path("etc/gateway.toml")).gateway.state == tmp_path / "etc/state"


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    for name, data in (("none.toml", None), ("latin.toml", b"# \xe9\n"), ("long.toml", b"#" * (2**20 + 1))):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(SettingsError, match=r"cannot be read|UTF-8|more than"):
            load(tmp_path / name)


class TestSecrets:
    """They are where the file says, and nowhere else."""

    def test_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUBIN_PASSWORD", SENTINEL)
        config = of(GOOD)
        secret = config.sources["rubin"].auth.password
        assert secret.read() == SENTINEL
        assert SENTINEL not in repr(config) + str(config) + shown(config) + config.model_dump_json()

    def test_of_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text(f"{SENTINEL}\n")
        assert Secret(file=tmp_path / "secret").read() == SENTINEL

    def test_one_that_is_not_there_is_named_and_not_guessed(self, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text("\n")
        for secret in (
            Secret(env="NO_SUCH_VARIABLE"),
            Secret(file=tmp_path / "none"),
            Secret(file=tmp_path / "empty"),
        ):
            with pytest.raises(SettingsError, match=r"NO_SUCH_VARIABLE|none|empty") as caught:
                secret.read()
            assert caught.value.code == "settings-missing"


@pytest.mark.parametrize("name", all_())
def test_an_example_is_good_and_shown_as_what_it_is(name: str) -> None:
    assert text(name).startswith("# ")
    config = of(text(name))
    assert of(shown(config), Path("/")) == config


def test_an_example_that_is_not_there_has_a_neighbour() -> None:
    with pytest.raises(SettingsError, match="`gcn-to-vtp` is meant"):
        text("gcn-vtp")


def test_every_table_is_in_the_reference() -> None:
    shown = [(head, key.name, key.type) for head, _, keys in tables() for key in keys]
    assert ('[sinks.NAME], kind = "files"', "max_size", "size") in shown
    heads = {head for head, _, _ in tables()}
    for kind in (*get_args(get_args(AnySource)[0]), *get_args(get_args(AnySink)[0])):
        (word,) = get_args(kind.model_fields["kind"].annotation)
        assert any(f'kind = "{word}"' in head for head in heads), word
    assert [name for _, name, _ in shown if not name] == []
    assert all(key.description for _, _, keys in tables() for key in keys)


def test_sizes_are_read_as_people_write_them() -> None:
    for size, number in (('"32 MiB"', 32 * 2**20), ("7", 7), ('"1GiB"', 2**30)):
        config = of(GOOD.replace('directory = "dead"', f'directory = "dead"\nqueue = {size}'))
        assert config.sinks["dead"].queue == number


def test_tls_is_a_word_or_a_table() -> None:
    for tls, ca in (("true", None), ('{ ca = "ca.pem" }', Path("/etc/gateway/ca.pem"))):
        config = of(GOOD.replace('origin = "alert"', f'origin = "alert"\ntls = {tls}'))
        assert config.sources["rubin"].tls.ca == ca
        assert of(shown(config), Path("/")) == config
    assert of(GOOD.replace('origin = "alert"', 'origin = "alert"\ntls = false')).sources["rubin"].tls is None
