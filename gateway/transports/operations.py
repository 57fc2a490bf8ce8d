"""What operators and their programs ask a gateway over HTTP: is it alive, is it ready, how does it go.

    /metrics   Prometheus' text (docs/metrics.md)
    /healthz   200 while the process lives and its loop turns; who waits for it in vain should start the gateway anew
    /readyz    200 when it does its work, 503 with the reasons when it does not (`gateway.relay.status`)
    /status    JSON for people and `gateway top`

Rules
1. It listens on this machine alone unless the address says otherwise. It tells no payload, no secret and nobody's name,
   but nobody is asked who they are: whoever may connect may know how this gateway goes.
2. It answers GET and HEAD. A request with a body, a head of more than 16 KiB, or one that takes longer than `MAX_WAIT`
   ends its connection; over `MAX_CONNECTIONS` there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from twisted.internet.defer import maybeDeferred
from twisted.protocols.policies import ThrottlingFactory
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from gateway.relay.status import Status
from gateway.transports.vtp.endpoints import Port, listen, spelled
from gateway.transports.vtp.loop import reactor, wait

__all__ = ["MAX_CONNECTIONS", "MAX_WAIT", "Operations"]

MAX_CONNECTIONS = 64
"""Connections at the same time: a Prometheus, a supervisor and some people; each holds a file that a peer could use."""

MAX_WAIT = 30
"""Seconds for a request, and between two on a connection. Prometheus asks each 15 s or so on one that it keeps."""

_JSON = "application/json"


Page = Callable[[], tuple[int, str, bytes]]
"""Makes a page anew for each request: HTTP status, type and bytes."""


class _Pages(Resource):
    """Pages by their path."""

    isLeaf = True

    def __init__(self, pages: Mapping[str, Page]) -> None:
        Resource.__init__(self)
        self._pages = {path.encode(): page for path, page in pages.items()}

    def render(self, request: Request) -> bytes:
        """The answer; Twisted leaves the bytes out for HEAD."""
        page = self._pages.get(request.path, _nothing) if request.method in (b"GET", b"HEAD") else _refused
        code, kind, data = page()
        request.setResponseCode(code)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            request.responseHeaders.setRawHeaders(name, [value])
        request.responseHeaders.removeHeader("Server")
        return data


def _nothing() -> tuple[int, str, bytes]:
    return 404, "text/plain", b"There are /metrics, /healthz, /readyz and /status.\n"


def _refused() -> tuple[int, str, bytes]:
    return 405, "text/plain", b"Only GET and HEAD are answered.\n"


class _Request(Request):
    def gotLength(self, length: int | None) -> None:
        """A body, also one of unknown length, ends the connection (rule 2)."""
        Request.gotLength(self, length)
        if length != 0:
            self.channel.loseConnection()


class Operations:
    """Listens from `start` to `close`.

    address : as for a broker, such as ``127.0.0.1:9100`` (`gateway.transports.vtp.endpoints`)
    """

    def __init__(self, address: str, status: Status) -> None:
        self._address, self._status = address, status
        self._port: Port | None = None
        self._site = ThrottlingFactory(self._made(), MAX_CONNECTIONS)
        self._site.noisy = False

    async def start(self) -> str:
        """Listen; returns where. Raises SettingsError (settings-address, settings-value)."""
        self._port = await listen(self._address, self._site)
        return spelled(self._port)

    async def close(self) -> None:
        """Listen no more, and let everybody go. Again is harmless."""
        port, self._port = self._port, None
        if port is not None:
            await wait(maybeDeferred(port.stopListening))
        for peer in list(self._site.protocols):
            peer.transport.abortConnection()

    def _made(self) -> Site:
        status = self._status

        def ready() -> tuple[int, str, bytes]:
            reasons = status.reasons()
            return 503 if reasons else 200, _JSON, _json({"ready": not reasons, "reasons": reasons})

        pages: dict[str, Page] = {
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(status.metrics.registry)),
            "/healthz": lambda: (200, _JSON, _json({"alive": True})),
            "/readyz": ready,
            "/status": lambda: (200, _JSON, _json(status.report())),
        }
        site = Site(_Pages(pages), requestFactory=_Request, timeout=MAX_WAIT, reactor=reactor())
        site.displayTracebacks = False
        return site


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
