"""The few answers of an AYON server that the client asks for before any transfer.

Served on loopback over real HTTP, so that ayon_api itself is part of the test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "0123456789abcdef0123456789abcdef"
OWN_PREFIX = "/api/addons/sitesync/2.0.0"

SITE = {
    "siteName": "studio",
    "provider": "local_drive",
    "kind": "studio",
    "isActive": True,
    "isRemote": False,
    "totals": {
        "4": {"representations": 3, "files": 9, "bytes": 2_400_000},
        "2": {"representations": 1, "files": 1, "bytes": 1000},
    },
    "agents": [
        {"hostname": "ws042", "isLive": True},
        {"hostname": "ws007", "isLive": False},
    ],
}
SETTINGS = {
    "enabled": True,
    "config": {"loop_delay": 60},
    "local_setting": {"local_roots": [{"name": "work", "path": "/home/artist/demo"}]},
    "sites": [],
}


class AyonStub:
    """Answers by path; tests change `answers` and look at what was asked."""

    def __init__(self) -> None:
        self.claims: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        bundle = {
            "name": "b1",
            "isProduction": True,
            "isStaging": False,
            "addons": {"sitesync": "2.0.0"},
        }
        self.answers: dict[str, tuple[int, Any]] = {
            "/api/info": (200, {"version": "1.16.0"}),
            "/api/users/me": (200, {"name": "service"}),
            "/api/projects": (200, {"projects": [{"name": "demo"}]}),
            "/api/bundles": (200, {"bundles": [bundle]}),
            "/api/projects/demo/siteRoots": (200, {"work": "/mnt/studio"}),
            f"{OWN_PREFIX}/settings/demo": (200, SETTINGS),
            f"{OWN_PREFIX}/demo/sites": (200, {"sites": [SITE]}),
            f"{OWN_PREFIX}/-/release": (200, {"released": 0}),
            f"{OWN_PREFIX}/-/claim": (
                200,
                {
                    "transfers": [],
                    "leaseSeconds": 60,
                    "nextDueInSeconds": None,
                    "pending": 0,
                },
            ),
        }

    def answer(
        self, target: str, key: str | None, body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        parts = urlsplit(target)
        self.asked.append((parts.path, parse_qs(parts.query)))
        if parts.path == "/":
            return 200, {}
        if parts.path != "/api/info" and key != KEY:
            return 401, {"code": 401, "detail": "Unauthorized"}
        if body is not None and parts.path.endswith("/claim"):
            self.claims.append(body)
        return self.answers.get(parts.path, (404, {"detail": f"No {parts.path}"}))


@contextmanager
def run_stub(stub: AyonStub) -> Iterator[str]:
    """Serve `stub` on a free port of loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            key = self.headers.get("X-Api-Key")
            status, answer = stub.answer(self.path, key, body)
            content = json.dumps(answer).encode()
            # Who asked may have given up.
            with suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read what was asked from the stub."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
