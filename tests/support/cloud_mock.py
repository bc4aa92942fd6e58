"""Clouds on loopback: a proxy that answers for their hosts with a test's certificate.

The programs under test reach `www.googleapis.com` and `api.dropboxapi.com` as always;
HTTPS_PROXY leads them here, where the TLS of a CONNECT ends and a handler answers.
"""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOSTS = (
    "www.googleapis.com",
    "oauth2.googleapis.com",
    "api.dropboxapi.com",
    "content.dropboxapi.com",
)


class Request:
    """One request to a cloud: what a handler needs of it."""

    def __init__(self, handler: BaseHTTPRequestHandler, host: str, body: bytes) -> None:
        parts = urlsplit(handler.path)
        self.host = host
        self.method = handler.command
        self.path = parts.path
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.headers = handler.headers
        self.body = body


class Answer:
    """Status, content and headers of an answer."""

    def __init__(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.cut_after: int | None = None
        """The connection ends after so many bytes of the content."""


def slice_content(content: bytes, wanted: str | None) -> Answer:
    """A file's content, or the range of it that a header wants."""
    if not wanted:
        return Answer(200, content)
    start, _, end = wanted.removeprefix("bytes=").partition("-")
    first = int(start)
    last = min(int(end) if end else len(content) - 1, len(content) - 1)
    headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
    return Answer(206, content[first : last + 1], headers)


class CloudProxy:
    """Answers requests to `HOSTS` by `handle`. `url` is for HTTPS_PROXY."""

    def __init__(self, folder: Path, handle: Callable[[Request], Answer]) -> None:
        self.is_gone = False
        """True: requests are cut off without an answer."""
        self.cut_after: int | None = None
        """Answers break off after so many bytes of their content, and what is sent up
        once so many bytes of it have come."""
        self._received = 0
        self.certificate = folder / "ca.pem"
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key_file = folder / "key.pem"
        _write_certificate(self.certificate, key_file)
        self._tls.load_cert_chain(self.certificate, key_file)
        self._server = _Server(("127.0.0.1", 0), _make_handler(self._tls, self._answer))
        self._handle = handle
        self._thread = threading.Thread(target=self._server.serve_forever)

    def _answer(self, request: Request) -> Answer:
        if self.is_gone:
            raise ConnectionAbortedError
        self._received += len(request.body)
        if self.cut_after is not None and self._received > self.cut_after:
            raise ConnectionAbortedError
        answer = self._handle(request)
        answer.cut_after = self.cut_after
        return answer

    def take_away(self) -> None:
        self.is_gone = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the port; connections that are open end with their clients."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _make_handler(
    tls: ssl.SSLContext, handle: Callable[[Request], Answer]
) -> type[StreamRequestHandler]:
    class Connect(StreamRequestHandler):
        """The proxy's side: `CONNECT host:443`, then TLS."""

        def handle(self) -> None:
            words = self.rfile.readline().split()
            while self.rfile.readline().strip():
                pass
            if len(words) < 2 or words[0] != b"CONNECT":
                return
            host = words[1].decode().partition(":")[0]
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            cloud = _make_cloud_handler(host, handle)
            with (
                suppress(OSError),
                tls.wrap_socket(self.request, server_side=True) as secure,
            ):
                cloud(secure, self.client_address, self.server)

    return Connect


def _make_cloud_handler(
    host: str, handle: Callable[[Request], Answer]
) -> type[BaseHTTPRequestHandler]:
    class Cloud(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = self._read_chunks()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = handle(Request(self, host, body))
            self.send_response(answer.status)
            answer.headers.setdefault("Content-Type", "application/json")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut_after])
            if answer.cut_after is not None and answer.cut_after < len(answer.body):
                raise ConnectionAbortedError

        def _read_chunks(self) -> bytes:
            body = bytearray()
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return bytes(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    return Cloud


def make_private_key() -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key, and the same as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key, pem


def _write_certificate(certificate: Path, key_file: Path) -> None:
    """A certificate for all hosts that is its own authority."""
    key, pem = make_private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clouds of a test")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(pem)
