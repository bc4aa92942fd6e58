"""A server that fails with all that it was sent, as debugging proxies do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Echo(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        text = f"refused {self.path} {self.headers}".encode()
        # A refusal: a failure of the server would be tried again many times.
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer
    do_PROPFIND = do_MKCOL = do_MOVE = _answer

    def log_message(self, *_: object) -> None:
        """Nothing on the error channel."""


@contextmanager
def run_echo() -> Iterator[str]:
    """The address of a server that echoes, which ends with the context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
