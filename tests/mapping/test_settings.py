"""Settings are checked when they are made, not when the first alert comes."""

import pytest

from gateway.errors import SettingsError
from gateway.mapping.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authority", ""),
        ("authority", "ab"),
        ("authority", "has space"),
        ("authority", "org.example\n"),
        ("authority", "org.example/x"),
        ("authority", "org.example&"),
        ("authority", "x" * 201),
        ("stream", ""),
        ("stream", "/a"),
        ("stream", "a/"),
        ("stream", "a?b"),
        ("stream", "a#b"),
        ("stream", "a b"),
        ("stream", "a\n"),
        ("stream", "x" * 200),
        ("separator", "/"),
        ("version", "1.1"),
        ("detail", "all"),
        ("role", "prediction "),
        ("cite", "some"),
        ("cutout_url", "https://example.org/{ra}"),
        ("cutout_url", "https://example.org/{"),
        ("cutout_url", "https://example.org/}"),
        ("cutout_url", "https://example.org/{}"),
        ("cutout_url", "https://example.org/{id.__class__}"),
        ("cutout_url", "https://example.org/{id!r}"),
        ("cutout_url", "https://example.org/{id:99999999999}"),
        ("cutout_url", "https://example.org/a b"),
        ("cutout_url", "https://example.org/\0"),
    ],
)
def test_what_cannot_be_used_is_refused(name, value):
    with pytest.raises(SettingsError) as error:
        Settings(**{name: value})
    assert error.value.code == "settings-value"
    assert error.value.message.startswith("`stream`" if len(value) > 199 else f"`{name}`")


def test_records_are_for_core_events():
    with pytest.raises(SettingsError):
        Settings(detail="full", records=frozenset({"diaSource"}))


def test_what_supersedes_another_event_is_complete():
    """VE-53."""
    with pytest.raises(SettingsError, match="VE-53"):
        Settings(reprocessed=True, records=frozenset({"diaSource"}))


@pytest.mark.parametrize("url", ["https://example.org/{id}/{name}.fits?a=1&b=%20", "https://example.org/all"])
def test_addresses_of_cutouts(url):
    assert Settings(cutout_url=url).cutout_url == url
