"""Calls to rclone over connections that stay open between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ayon_sitesync.providers.rclone import api
from ayon_sitesync.providers.rclone.api import Api, Endpoint


class _Forgetful(BaseHTTPRequestHandler):
    """Answers one request and hangs up a moment later, without a word."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def handle(self) -> None:
        self.handle_one_request()

    def log_message(self, *_: object) -> None:
        """Nothing on the error channel."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forgetful)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Endpoint("", server.server_port, "me", "password")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_connection_that_was_unused_for_long_is_not_used_again(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rclone has closed it by then, and a write into it would fail."""
    monkeypatch.setattr(api, "REUSE_SECONDS", 0)
    calls = Api(endpoint)
    assert [calls.call("rc/noop", {}) for _ in range(3)] == [{}, {}, {}]
    calls.close()
