"""gateway.transports.issuer: a token in a file, and what an operator says of its issuer."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import GatewayError, PolicyError, SettingsError
from gateway.transports.issuer import principal_of

sys.path.insert(0, str(Path(__file__).parents[1] / "policy"))
from issuer import CLAIMS, EC, NOW, RSA, public, signed

ISSUER = """
issuer = "https://data.example.org"
client-id = "voevent-gateway"
keys = "keys.json"
releases = ["dp0.2", "dp1", "dp2"]
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "keys.json").write_bytes(public(RSA, EC))
    (tmp_path / "issuer.toml").write_text(ISSUER)
    (tmp_path / "token").write_text(signed() + "\n")
    (tmp_path / "token").chmod(0o600)
    return tmp_path


def asked(files, when=NOW):
    return principal_of(files / "token", files / "issuer.toml", when)


def test_a_token_gives_its_rights_until_it_expires(files):
    principal = asked(files)
    assert str(principal.audience_at(NOW)) == "rights:dp0.2+dp1"
    assert str(principal.audience_at(NOW + timedelta(hours=1))) == "public"


def test_a_token_without_rights_is_good_and_gives_none(files):
    (files / "token").write_text(signed({**CLAIMS, "data_rights": ""}))
    assert str(asked(files).audience_at(NOW)) == "public"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("s3ntinel", "policy-token-form"),
        (signed({**CLAIMS, "exp": CLAIMS["iat"]}), "policy-token-expired"),
        (signed({**CLAIMS, "aud": "s3ntinel"}), "policy-token-audience"),
        (signed() + "x" * 9000, "policy-token-form"),
        ("\u00ff" + signed(), "policy-token-form"),
    ],
)
def test_a_token_that_does_not_hold_is_an_error(files, token, code):
    (files / "token").write_text(token)
    with pytest.raises(PolicyError) as caught:
        asked(files)
    assert caught.value.code == code
    assert "s3ntinel" not in str(caught.value)


def test_a_token_that_everybody_may_read_is_refused(files):
    (files / "token").chmod(0o604)
    with pytest.raises(SettingsError, match="chmod"):
        asked(files)


@pytest.mark.parametrize("name", ["token", "issuer.toml", "keys.json"])
def test_a_file_that_is_not_there(files, name):
    (files / name).unlink()
    with pytest.raises(GatewayError, match=r"cannot be read|cannot be had"):
        asked(files)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"dp1"', '"*"', "letters and digits"),
        ('"dp1", "dp2"', '"dp1", "dp1"', "twice"),
        ("releases", "release", "Unknown key `release`"),
        ('issuer = "https://data.example.org"', "", "`issuer` is missing"),
        ('client-id = "voevent-gateway"', 'client-id = ""', "client-id"),
        ("keys.json", "http://elsewhere.example/keys", "https://"),
        ("= [", "= [[", "not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(files, old, new, said):
    (files / "issuer.toml").write_text(ISSUER.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        asked(files)
    assert said in str(caught.value)


def test_the_token_is_in_no_text_of_the_principal(files):
    assert json.dumps(CLAIMS["sub"])[1:-1] not in repr(asked(files))
