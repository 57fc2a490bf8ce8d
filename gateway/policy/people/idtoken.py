"""OpenID Connect ID tokens, as Rubin's Gafaelfawr issues them: from a text to a principal.

Rules
1. A token is a JWS in compact form whose header has `alg`, `kid` and perhaps `typ`, and nothing else. Keys and
   links to keys (`jwk`, `jku`, `x5u`, `x5c`) and extensions (`crit`) in it are refused, not ignored.
2. It is signed with RS256 or ES256 by the issuer's key of that `kid`. The key's type chooses the algorithm and the
   header has to agree, so `none`, or an HMAC with the public key as its secret, leads nowhere.
3. Nothing of the payload is looked at before the signature is found good. Then `iss` is the issuer to the letter,
   `aud` the gateway and nobody else, `exp` is ahead, `iat` and `nbf` are not, and `sub` is a name.
4. The claim `data_rights` is a text: names of releases with one space between them. Absent, empty or anything but
   a text: no rights. A name that the gateway was not told of grants nothing; the others do.
5. Whatever is wrong, the answer is an error without any part of the token, or the public and the error's code.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from gateway.errors import PolicyError
from gateway.model.audience import Audience
from gateway.policy.people.jsonobject import json_object
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.policy.people.signingkeys import ALGORITHMS, SigningKey, SigningKeys

__all__ = ["MAX_TOKEN", "TokenVerifier"]

MAX_TOKEN = 8 * 2**10
"""A token of characters; Gafaelfawr's have about one thousand, and HTTP servers take headers of 8 KiB."""

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER = {"alg", "kid", "typ"}
_SKEW = timedelta(minutes=1)  # of the issuer's clock; a token that has just been issued must not be refused
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_MAX_SUBJECT = 255  # OpenID Connect Core section 2


class TokenVerifier:
    """Takes the tokens that one issuer made for this gateway.

    issuer : the `iss` of its tokens, to the letter
    client_id : the gateway's name at the issuer, the `aud` of its tokens
    releases : the data releases that rights can be held for; names of others grant nothing
    """

    def __init__(self, issuer: str, client_id: str, keys: SigningKeys, releases: Iterable[str]) -> None:
        self._issuer, self._client_id, self._keys = issuer, client_id, keys
        self._releases = Audience(frozenset(releases)).rights

    def principal_of(self, token: str | None, now: datetime) -> tuple[Principal, str | None]:
        """The principal; or the public and why, a code for the operator's log. No token needs no reason.

        now : an aware time
        """
        if token is None:
            return ANONYMOUS, None
        try:
            return self.verify(token, now), None
        except PolicyError as error:
            return ANONYMOUS, error.code

    def verify(self, token: str, now: datetime) -> Principal:
        """The principal that a token vouches for at `now`, an aware time.

        Raises PolicyError (policy-token-..., policy-keys) for a caller that must tell somebody.
        """
        payload = _signed(token, self._keys.find(_key_id(token), now))
        if payload is None:
            raise PolicyError("policy-token-signature", "The signature of the token is not the issuer's.")
        claims = json_object(payload)
        if claims is None:
            raise PolicyError("policy-token-claim", "The claims of the token are not one JSON object.")
        self._check_parties(claims)
        return Principal(
            data_rights=self._rights(claims.get("data_rights")),
            expires=_expiry(claims, now),
            subject=_subject(claims.get("sub")),
        )

    def _check_parties(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise PolicyError("policy-token-issuer", "The token is from another issuer.")
        if claims.get("aud") not in (self._client_id, [self._client_id]):
            raise PolicyError("policy-token-audience", "The token was not issued for this gateway alone.")

    def _rights(self, claim: object) -> frozenset[str]:
        return self._releases.intersection(claim.split(" ")) if isinstance(claim, str) else frozenset()


def _key_id(token: str) -> str:
    """The `kid` of a token whose form and header are right."""
    match = _COMPACT.fullmatch(token) if len(token) <= MAX_TOKEN else None
    if match is None:
        raise PolicyError("policy-token-form", "The token is not a JWS in compact form, or is too long.")
    header = json_object(_decoded(match[1]))
    if header is None or not header.keys() <= _HEADER or str(header.get("typ", "JWT")).upper() != "JWT":
        raise PolicyError(
            "policy-token-form", "The header of the token has to have `alg`, `kid`, perhaps `typ`, no more."
        )
    if header.get("alg") not in ALGORITHMS.values():
        raise PolicyError("policy-token-algorithm", "The token is not signed with RS256 or ES256.")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise PolicyError("policy-token-key", "The token does not name the key that signed it.")
    return kid


def _decoded(segment: str) -> bytes:
    """The bytes of a base64url text, none when it is damaged."""
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        return b""


def _signed(token: str, key: SigningKey) -> bytes | None:
    """The payload, when the key made the signature with the algorithm of its type."""
    try:
        return jws.deserialize_compact(token, key, [ALGORITHMS[key.key_type]]).payload
    except JoseError:
        return None


def _expiry(claims: dict[str, Any], now: datetime) -> datetime:
    expires = _time(claims, "exp")
    if now >= expires:
        raise PolicyError("policy-token-expired", "The token has expired.")
    if _time(claims, "iat") > now + _SKEW or ("nbf" in claims and _time(claims, "nbf") > now + _SKEW):
        raise PolicyError("policy-token-early", "The token is not valid yet.")
    return expires


def _time(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise PolicyError("policy-token-claim", f"The claim `{name}` is missing or not a time.")
    return datetime.fromtimestamp(value, UTC)


def _subject(claim: object) -> str:
    if not isinstance(claim, str) or not 0 < len(claim) <= _MAX_SUBJECT:
        raise PolicyError("policy-token-claim", "The claim `sub` is missing or not a name.")
    return claim
