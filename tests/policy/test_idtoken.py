"""ID tokens: what Gafaelfawr issues is taken, and each way to be wrong is refused with its own code (attack L24)."""

import base64
import hashlib
import hmac
import json
import pickle
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issuer import CLAIMS, CLIENT, EC, ISSUER, NOW, RSA, encoded, public, signed, without
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import CODES, PolicyError, SettingsError
from gateway.policy.people.idtoken import MAX_TOKEN, TokenVerifier
from gateway.policy.people.principal import ANONYMOUS
from gateway.policy.people.signingkeys import SigningKeys

RELEASES = ("dp0.1", "dp0.10", "dp0.2", "dp1")
OTHER = RSAKey.generate_key(2048, {"kid": "rsa-1"})
"""A stranger's key with the id of the issuer's."""
PEM = RSA.as_pem(private=False)
SECOND = timedelta(seconds=1)


def verifier(releases: tuple[str, ...] = RELEASES) -> TokenVerifier:
    return TokenVerifier(ISSUER, CLIENT, SigningKeys(lambda: public(RSA, EC)), releases)


def at(when: datetime) -> int:
    return int(when.timestamp())


def changed(token: str, part: int, text: str) -> str:
    parts = token.split(".")
    parts[part] = text
    return ".".join(parts)


def forged_none() -> str:
    return f"{encoded({'alg': 'none', 'kid': 'rsa-1'})}.{encoded(CLAIMS)}."


def doubled(name: str, value: str) -> bytes:
    """The claims, with one name a second time."""
    return json.dumps(CLAIMS).encode()[:-1] + f', "{name}": {value}}}'.encode()


def with_claims(**claims: Any) -> str:
    return signed({**CLAIMS, **claims})


REFUSED: dict[str, tuple[str, str]] = {
    # form
    "empty": ("", "form"),
    "no token": ("s3ntinel", "form"),
    "two parts": (signed().rpartition(".")[0], "form"),
    "five parts": (signed() + ".AA.AA", "form"),
    "detached payload": (changed(signed(), 1, ""), "form"),
    "with a newline": (signed() + "\n", "form"),
    "with a blank": (" " + signed(), "form"),
    "with padding": (signed() + "=", "form"),
    "plain base64": (changed(signed(), 2, "++++"), "form"),
    "huge": (with_claims(name="x" * MAX_TOKEN), "form"),
    "huge and senseless": ("A" * 10**7, "form"),
    "header of no length": (changed(signed(), 0, "A"), "form"),
    "header is no JSON": (changed(signed(), 0, encoded(b"\xff{")), "form"),
    "header is a list": (changed(signed(), 0, encoded(["alg", "kid"])), "form"),
    "header of depth": (changed(signed(), 0, encoded(b"[" * 3000)), "form"),
    "header names alg twice": (
        changed(signed(), 0, encoded(b'{"alg":"none","alg":"RS256","kid":"rsa-1"}')),
        "form",
    ),
    "jwk in the header": (signed(key=OTHER, header={"jwk": OTHER.as_dict(private=False)}), "form"),
    "jku in the header": (signed(header={"jku": "https://evil.example/keys"}), "form"),
    "x5u in the header": (signed(header={"x5u": "https://evil.example/keys"}), "form"),
    "x5c in the header": (signed(header={"x5c": ["AAAA"]}), "form"),
    "critical extension": (
        changed(signed(), 0, encoded({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"]})),
        "form",
    ),
    "an access token": (signed(header={"typ": "at+jwt"}), "form"),
    "typ is a number": (changed(signed(), 0, encoded({"alg": "RS256", "kid": "rsa-1", "typ": 5})), "form"),
    # algorithm
    "alg none": (forged_none() + "AAAA", "algorithm"),
    "alg none, no signature": (forged_none(), "form"),
    "alg None": (changed(signed(), 0, encoded({"alg": "None", "kid": "rsa-1"})), "algorithm"),
    "alg missing": (changed(signed(), 0, encoded({"kid": "rsa-1"})), "algorithm"),
    "alg is a list": (changed(signed(), 0, encoded({"alg": ["RS256"], "kid": "rsa-1"})), "algorithm"),
    "alg RS512": (changed(signed(), 0, encoded({"alg": "RS512", "kid": "rsa-1"})), "algorithm"),
    "alg PS256": (changed(signed(), 0, encoded({"alg": "PS256", "kid": "rsa-1"})), "algorithm"),
    # key
    "unknown kid": (signed(key=OTHER, header={"kid": "rsa-2"}), "key"),
    "no kid": (signed(header={"kid": None}), "key"),
    "kid is a path": (signed(header={"kid": "../../dev/null"}), "key"),
    "kid is a list": (changed(signed(), 0, encoded({"alg": "RS256", "kid": ["rsa-1"]})), "key"),
    "kid is a number": (changed(signed(), 0, encoded({"alg": "RS256", "kid": 1})), "key"),
    # signature
    "a stranger's signature": (signed(key=OTHER), "signature"),
    "tampered payload": (changed(signed(), 1, encoded({**CLAIMS, "data_rights": "dp0.10"})), "signature"),
    "tampered header": (changed(signed(), 0, encoded({"alg": "RS256", "kid": "rsa-1"})), "signature"),
    "ES256 with an RSA key": (signed(key=EC, header={"kid": "rsa-1"}), "signature"),
    "RS256 with a P-256 key": (signed(header={"kid": "ec-1"}), "signature"),
    "no good signature": (changed(signed(), 2, "A"), "signature"),
    "signature of zeros": (changed(signed(key=EC), 2, encoded(bytes(64))), "signature"),
    "signature in DER": (
        changed(signed(key=EC), 2, encoded(b"\x30\x06\x02\x01\x01\x02\x01\x01")),
        "signature",
    ),
    # parties
    "wrong issuer": (with_claims(iss="https://evil.example"), "issuer"),
    "issuer with a slash": (with_claims(iss=ISSUER + "/"), "issuer"),
    "issuer in capitals": (with_claims(iss=ISSUER.upper()), "issuer"),
    "issuer in a list": (with_claims(iss=[ISSUER]), "issuer"),
    "no issuer": (signed(without("iss")), "issuer"),
    "wrong audience": (with_claims(aud="other"), "audience"),
    "audience and another": (with_claims(aud=[CLIENT, "other"]), "audience"),
    "audience within": (with_claims(aud=[[CLIENT]]), "audience"),
    "audience as a name": (with_claims(aud={CLIENT: 1}), "audience"),
    "no audience": (signed(without("aud")), "audience"),
    # times
    "expired": (with_claims(exp=at(NOW - SECOND)), "expired"),
    "expires now": (with_claims(exp=at(NOW)), "expired"),
    "not yet valid": (with_claims(nbf=at(NOW + timedelta(minutes=2))), "early"),
    "issued in the future": (with_claims(iat=at(NOW + timedelta(minutes=2))), "early"),
    "no exp": (signed(without("exp")), "claim"),
    "exp is a text": (with_claims(exp=str(CLAIMS["exp"])), "claim"),
    "exp is true": (with_claims(exp=True), "claim"),
    "exp is null": (with_claims(exp=None), "claim"),
    "exp in a list": (with_claims(exp=[CLAIMS["exp"]]), "claim"),
    "exp without end": (with_claims(exp=10**30), "claim"),
    "exp before time": (with_claims(exp=-1), "claim"),
    "exp is infinite": (signed(json.dumps({**CLAIMS, "exp": float("inf")}).encode()), "claim"),
    "exp is 1e999": (signed(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "1e999").encode()), "claim"),
    "exp of many digits": (
        signed(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "1" * 5000).encode()),
        "claim",
    ),
    "NaN somewhere": (signed(doubled("more", "NaN")), "claim"),
    "no iat": (signed(without("iat")), "claim"),
    "nbf is a text": (with_claims(nbf="0"), "claim"),
    "nbf is null": (with_claims(nbf=None), "claim"),
    # claims
    "no subject": (signed(without("sub")), "claim"),
    "empty subject": (with_claims(sub=""), "claim"),
    "subject is a list": (with_claims(sub=["s3ntinel"]), "claim"),
    "long subject": (with_claims(sub="s" * 256), "claim"),
    "claims are a list": (signed(json.dumps([CLAIMS]).encode()), "claim"),
    "claims are no JSON": (signed(b"s3ntinel"), "claim"),
    "claims are no UTF-8": (signed(json.dumps(CLAIMS).encode("utf-16")), "claim"),
    "claims of depth": (signed(b"[" * 5000), "claim"),
    "data_rights twice": (signed(doubled("data_rights", '"dp1"')), "claim"),
    "exp twice": (signed(doubled("exp", "99999999999")), "claim"),
    "a name twice within": (signed(doubled("more", '{"a": 1, "a": 2}')), "claim"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_wrong_is_refused_with_its_code(wrong: str) -> None:
    token, reason = REFUSED[wrong]
    refused(token, f"policy-token-{reason}")


@pytest.mark.parametrize(("alg", "reason"), [("HS256", "algorithm"), ("RS256", "signature")])
@pytest.mark.parametrize("secret", [PEM, PEM.strip(), public(RSA)], ids=["PEM", "stripped PEM", "JWKS"])
def test_a_public_key_is_no_secret(alg: str, reason: str, secret: bytes) -> None:
    head = f"{encoded({'alg': alg, 'kid': 'rsa-1'})}.{encoded(CLAIMS)}"
    forged = head + "." + encoded(hmac.digest(secret, head.encode(), hashlib.sha256))
    refused(forged, f"policy-token-{reason}")


def refused(token: str, code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        verifier().verify(token, NOW)
    error = caught.value
    assert error.code == code in CODES
    assert verifier().principal_of(token, NOW) == (ANONYMOUS, code)
    # Nothing of the token is anywhere in the error or in what it carries along.
    seen = [str(error), repr(error), repr(error.args), error.advice, str(pickle.dumps(error))]
    assert error.__cause__ is None
    assert error.__context__ is None
    texts = "".join(seen)
    assert "s3ntinel" not in texts
    assert "evil" not in texts
    for part in filter(None, re.split(r"[.\s]", token)):
        assert len(part) < 5 or part not in texts


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
def test_a_token_of_gafaelfawr_is_taken(key: RSAKey | ECKey) -> None:
    principal = verifier().verify(signed(key=key), NOW)
    assert principal.data_rights == {"dp0.2", "dp1"}
    assert principal.expires == datetime.fromtimestamp(CLAIMS["exp"], UTC)
    assert principal.subject == CLAIMS["sub"]
    assert principal.groups == frozenset()
    assert str(principal.audience_at(NOW)) == "rights:dp0.2+dp1"
    assert verifier().principal_of(signed(key=key), NOW) == (principal, None)


@pytest.mark.parametrize(
    "more",
    [
        {"aud": [CLIENT]},
        {"nbf": at(NOW + timedelta(seconds=59))},
        {"iat": at(NOW) + 59},
        {"exp": at(NOW) + 0.5},
    ],
    ids=str,
)
def test_what_is_right_at_the_edge(more: dict[str, Any]) -> None:
    assert verifier().verify(with_claims(**more), NOW).rights_at(NOW) == {"dp0.2", "dp1"}


@pytest.mark.parametrize("header", [{"typ": None}, {"typ": "jwt"}], ids=str)
def test_a_header_may_say_less(header: dict[str, Any]) -> None:
    assert verifier().verify(signed(header=header), NOW).data_rights


@pytest.mark.parametrize(
    ("claim", "rights"),
    [
        ("dp1", {"dp1"}),
        ("dp0.1", {"dp0.1"}),
        ("dp0.10", {"dp0.10"}),
        ("dp0.1 dp0.10", {"dp0.1", "dp0.10"}),
        ("dp1 dp1", {"dp1"}),
        ("dp1 dr9 dp0.2", {"dp1", "dp0.2"}),
        (" dp1  dp0.2 ", {"dp1", "dp0.2"}),
        ("", set()),
        (" ", set()),
        ("dp", set()),
        ("dp0", set()),
        ("dp0.", set()),
        ("dp0.1*", set()),
        ("dp*", set()),
        ("*", set()),
        ("DP1", set()),
        ("dp1,dp0.2", set()),
        ("dp1\tdp0.2", set()),
        ("dp1\u00a0dp0.2", set()),
        ("dp1\n", set()),
        ("ｄｐ1", set()),
        ("dp1\u200b", set()),
        (None, set()),
        (True, set()),
        (1, set()),
        (["dp1"], set()),
        ({"dp1": True}, set()),
        ([["dp1"]], set()),
    ],
)
def test_rights_are_exact_names(claim: object, rights: set[str]) -> None:
    assert verifier().verify(with_claims(data_rights=claim), NOW).rights_at(NOW) == rights


def test_no_claim_is_no_right() -> None:
    principal = verifier().verify(signed(without("data_rights")), NOW)
    assert principal.subject
    assert principal.rights_at(NOW) == frozenset()


def test_who_somebody_is_grants_nothing() -> None:
    claims = without("data_rights") | {
        "email": "someone@university.edu",
        "name": "dp1",
        "groups": ["g_users", "dp1"],
        "isMemberOf": ["dp1"],
        "scope": "openid rubin dp1",
        "rights": "dp1",
    }
    principal = verifier().verify(signed(claims), NOW)
    assert principal.rights_at(NOW) == frozenset() == principal.groups


def test_a_gateway_without_releases_knows_no_rights() -> None:
    assert verifier(()).verify(signed(), NOW).rights_at(NOW) == frozenset()


def test_releases_are_names() -> None:
    with pytest.raises(SettingsError):
        verifier(("dp1 dp2",))


def test_no_token_is_the_public() -> None:
    assert verifier().principal_of(None, NOW) == (ANONYMOUS, None)


def test_rights_lapse_with_the_token() -> None:
    principal = verifier().verify(signed(), NOW)
    assert principal.rights_at(NOW + timedelta(minutes=59))
    assert not principal.rights_at(NOW + timedelta(hours=1))


def test_without_keys_everybody_is_the_public() -> None:
    def gone() -> bytes:
        raise PolicyError("policy-keys", "No keys.")

    keyless = TokenVerifier(ISSUER, CLIENT, SigningKeys(gone), RELEASES)
    assert keyless.principal_of(signed(), NOW) == (ANONYMOUS, "policy-keys")


TOKEN_TEXT = st.text(st.sampled_from("ABab01_-. =\n\x00é"), max_size=60)
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
JSON = st.recursive(
    SCALAR, lambda more: st.lists(more, max_size=2) | st.dictionaries(st.text(max_size=3), more), max_leaves=4
)


@given(st.one_of(TOKEN_TEXT, st.text()))
def test_any_text_is_the_public(token: str) -> None:
    assert verifier().principal_of(token, NOW)[0] == ANONYMOUS


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), JSON | st.just("RS256") | st.just("rsa-1")
    )
)
def test_any_header_is_the_public(header: dict[str, Any]) -> None:
    token = changed(signed(), 0, encoded(header))
    assert verifier().principal_of(token, NOW)[0] == ANONYMOUS


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), JSON))
def test_any_claims_give_no_more_than_they_say(claims: dict[str, Any]) -> None:
    principal, reason = verifier().principal_of(signed({**CLAIMS, **claims}, EC), NOW)
    assert reason is None or principal == ANONYMOUS
    assert principal.rights_at(NOW) <= {"dp0.2", "dp1"}


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    token = signed(key=EC)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCDabcd0189-_."))
    other = token[:place] + letter + token[place + 1 :]
    if other != token:
        assert verifier().principal_of(other, NOW)[0] == ANONYMOUS


def test_the_token_of_the_tests_is_well_made() -> None:
    head = json.loads(base64.urlsafe_b64decode(signed().split(".")[0] + "=="))
    assert head == {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}
