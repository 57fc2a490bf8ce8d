"""An issuer of tokens for OAUTHBEARER on loopback: OIDC client credentials, as GCN and SCiMMA ask for them.

The issuer is ours and signs with the key that the broker trusts; who looks at the tokens is the real broker.
"""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote_plus

from issuer import ISSUER, signed
from joserfc.jwk import RSAKey

from kafka.settings import AUDIENCE, READER, password


class TokenEndpoint(ThreadingHTTPServer):
    """Gives a token to each client that knows its secret.

    lifetime : seconds that the next tokens are good for
    claims : what the next tokens say in place of, or beside, what they should
    given : how many tokens it has given
    closed : True while it refuses whoever asks, as when the issuer is down for maintenance
    """

    daemon_threads = True

    def __init__(self, key: RSAKey) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = key
        self.lifetime = 3600.0
        self.claims: dict[str, Any] = {}
        self.given = 0
        self.closed = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/token"

    def client(self, user: str = READER, secret: str | None = None) -> dict[str, Any]:
        """Settings of a confluent-kafka client that gets its tokens here: for `client_as(mechanism="OAUTHBEARER")`."""
        return {
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": user,
            "sasl.oauthbearer.client.secret": secret or password(user),
            "sasl.oauthbearer.token.endpoint.url": self.url,
        }

    def token(self, user: str) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + int(self.lifetime)}
        return signed(claims | self.claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: TokenEndpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        user, _, secret = base64.b64decode(credentials).decode().partition(":")
        if self.server.closed:
            self._answer(503, {"error": "temporarily_unavailable"})
        elif scheme != "Basic" or unquote_plus(secret) != password(unquote_plus(user)):
            self._answer(401, {"error": "invalid_client"})
        else:
            self.server.given += 1
            token = self.server.token(unquote_plus(user))
            lifetime = int(self.server.lifetime)
            self._answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


@contextmanager
def token_endpoint(key: RSAKey) -> Iterator[TokenEndpoint]:
    """An endpoint that answers until the block is left."""
    with TokenEndpoint(key) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
