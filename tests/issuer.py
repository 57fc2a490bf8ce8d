"""An issuer of ID tokens with real keys, like Gafaelfawr: what tests of tokens, key sets and URLs share."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ISSUER = "https://data.example.org"
CLIENT = "voevent-gateway"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
ALGORITHM = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}

CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "s3ntinel-subject",
    "iat": int(NOW.timestamp()) - 10,
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
    "jti": "s3ntinel-jti",
    "scope": "openid rubin",
    "data_rights": "dp0.2 dp1",
}


def public(*keys: RSAKey | ECKey) -> bytes:
    """A key set with the public halves."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(
    claims: Mapping[str, Any] | bytes = CLAIMS,
    key: RSAKey | ECKey | OctKey = RSA,
    header: Mapping[str, Any] | None = None,
) -> str:
    """A token of these claims (or of any payload). Its header is what `header` adds to or, with None, takes away."""
    head = {"alg": ALGORITHM[key.key_type], "typ": "JWT", "kid": key.kid, **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=["RS256", "ES256", "HS256"], strict_check_header=False)
    return jws.serialize_compact(head, payload, key, registry=registry)
