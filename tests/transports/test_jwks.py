"""Key sets over HTTP, from real servers on this machine: what is fetched, and what nobody can make us fetch."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from certificates import certificate
from issuer import CLIENT, ISSUER, NOW, RSA, public, signed

from gateway.errors import PolicyError, SettingsError
from gateway.policy.people.idtoken import TokenVerifier
from gateway.policy.people.signingkeys import MAX_KEY_SET, SigningKeys
from gateway.transports.jwks import key_url

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        self.answer, self.paths, self.fault = answer, list[str](), None
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str = "/.well-known/jwks.json", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.answer(self)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(answer)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(data: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def refusal(url: str, **more: float) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        key_url(url, **more)()
    assert caught.value.code == "policy-keys"
    return caught.value


def test_a_token_is_verified_with_keys_from_a_server() -> None:
    with serving(body(public(RSA))) as server:
        keys = SigningKeys(key_url(server.url()))
        verifier = TokenVerifier(ISSUER, CLIENT, keys, ["dp1"])
        for _ in range(3):
            assert verifier.verify(signed(), NOW).rights_at(NOW) == {"dp1"}
        assert server.paths == ["/.well-known/jwks.json"]


@pytest.mark.parametrize(("path", "asked"), [("", "/"), ("/keys?set=1", "/keys?set=1"), ("/a#b", "/a")])
def test_the_path_that_is_asked_for(path: str, asked: str) -> None:
    with serving(body(b"{}")) as server:
        assert key_url(server.url(path))() == b"{}"
        assert server.paths == [asked]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with (
        serving(body(public(RSA))) as other,
        serving(body(b"", status, Location=other.url("/s3ntinel"))) as server,
    ):
        error = refusal(server.url())
        assert str(status) in error.message
        assert "s3ntinel" not in str(error)
        assert other.paths == []


def test_a_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(body(b"forged")) as proxy, serving(body(public(RSA))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert key_url(server.url())() == public(RSA)
        assert proxy.paths == []


@pytest.mark.parametrize("status", [204, 404, 500])
def test_another_status_is_no_key_set(status: int) -> None:
    with serving(body(b"" if status == 204 else b"s3ntinel", status)) as server:
        error = refusal(server.url("/?secret=s3ntinel"))
        assert "s3ntinel" not in str(error)


def test_the_largest_key_set() -> None:
    with serving(body(b" " * MAX_KEY_SET)) as server:
        assert len(key_url(server.url())()) == MAX_KEY_SET


def test_a_key_set_without_end() -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b" " * 2**16)

    with serving(endless) as server:
        assert "more bytes" in refusal(server.url()).message


def test_an_answer_that_never_begins() -> None:
    """`100 Continue` without end: each read is quick, only an end of all helps."""

    def endless(request: BaseHTTPRequestHandler) -> None:
        while True:
            request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    with serving(endless) as server:
        refusal(server.url(), seconds=0.2)


def test_a_server_that_says_nothing() -> None:
    gone = threading.Event()

    def silent(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(1)  # until the client hangs up
        gone.set()

    with serving(silent) as server:
        refusal(server.url(), seconds=0.1)
        assert gone.wait(10)


def test_a_server_that_does_not_greet() -> None:
    """The kernel accepts, and nobody begins TLS: the time for connecting ends that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        assert "TimeoutError" in refusal(url, seconds=0.1).message


@pytest.mark.parametrize(
    "noise", [b"", b"s3ntinel\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: s3ntinel\r\n" * 200]
)
def test_what_is_not_http(noise: bytes) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(noise)

    with serving(answer) as server:
        assert "s3ntinel" not in str(refusal(server.url()))


def test_nobody_there() -> None:
    with serving(body(b"")) as server:
        url = server.url()
    assert "ConnectionRefusedError" in refusal(url).message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "keys.json",
        "file:///etc/passwd",
        "ftp://127.0.0.1/keys",
        "http://example.org/keys",
        "http://127.0.0.1.example.org/keys",
        "http://0.0.0.0/keys",
        "http://10.0.0.1/keys",
        "http://localhost@example.org/keys",
        "https://user:s3ntinel@example.org/keys",
        "https:///keys",
        "https://",
        "https://example.org:s3ntinel/keys",
        "https://example.org:99999/keys",
        "https://[::1/keys",
        "https://a b/keys",
        "//example.org/keys",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        key_url(url)
    assert caught.value.code == "settings-value"
    assert "s3ntinel" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "HTTPS://example.org/a",
        "http://localhost:1/",
        "http://[::1]:1/",
        "http://127.9.9.9/",
    ],
)
def test_urls_that_may_be(url: str) -> None:
    assert callable(key_url(url))


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with serving(body(public(RSA)), context) as server:
        url = server.url(scheme="https")
        if trusted:
            assert key_url(url)() == public(RSA)
        else:
            assert "SSLCertVerificationError" in refusal(url).message
