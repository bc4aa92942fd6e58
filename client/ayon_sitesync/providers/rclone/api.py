"""Calls to one running rclone: JSON over HTTP on a private socket."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional
from urllib.parse import quote

from .errors import DaemonLostError, RcError, scrub

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 600.0
"""Storage that says nothing for so long has stalled: whoever waits is let go. A daemon
that ends breaks calls at once.
"""
REUSE_SECONDS = 20.0
"""rclone closes connections that nobody used for a minute."""

HTTP_OK = 200
HTTP_PARTIAL = 206


@dataclass(frozen=True)
class Endpoint:
    """Where a daemon listens: a socket file, or a port of this machine."""

    socket_path: str
    port: int
    user: str
    password: str = field(repr=False)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(getattr(socket, "AF_UNIX"))  # noqa: B009 - not on Windows
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Api:
    """The remote control of one daemon, for several threads; keeps connections open."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        # With the time since when.
        self._idle: Optional[list[tuple[http.client.HTTPConnection, float]]] = []
        self._lock = threading.Lock()
        self._secrets: set[str] = {endpoint.password}
        login = f"{endpoint.user}:{endpoint.password}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}

    def hide(self, secrets: set[str]) -> None:
        """Values that no message of this daemon may show from now on."""
        self._secrets = self._secrets | secrets

    def scrub(self, text: str) -> str:
        return scrub(text, self._secrets)

    def call(
        self,
        command: str,
        parameters: Mapping[str, Any],
        timeout_seconds: Optional[float] = None,
    ) -> dict[str, Any]:
        """The answer to a command; None = within `ANSWER_SECONDS`.

        Raises `RcError` when rclone refuses, `DaemonLostError` without an answer.
        """
        connection = self._take_connection(timeout_seconds or ANSWER_SECONDS)
        body = json.dumps(parameters).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            connection.request("POST", f"/{command}", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._make_lost_error(error) from error
        self._return_connection(connection)
        answer: dict[str, Any] = _decode(content)
        if response.status != HTTP_OK:
            raise self.make_error(answer, response.status)
        return answer

    def make_error(self, answer: Mapping[str, Any], status: int) -> RcError:
        """The error that an answer tells, without the request that it echoes."""
        text = str(answer.get("error") or f"rclone answered {status}")
        return RcError(self.scrub(text), status)

    def open(
        self, fs: str, remote: str, offset: int
    ) -> tuple[http.client.HTTPResponse, Callable[[], None]]:
        """A file's content from `offset` on, and what closes it.

        Raises like `call`.
        """
        connection = _make_connection(self._endpoint, ANSWER_SECONDS)
        headers = dict(self._headers)
        if offset:
            headers["Range"] = f"bytes={offset}-"
        try:
            connection.request("GET", f"/{quote(f'[{fs}]/{remote}')}", headers=headers)
            response = connection.getresponse()
            if response.status in (HTTP_OK, HTTP_PARTIAL):
                return response, connection.close
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._make_lost_error(error) from error
        connection.close()
        raise self.make_error(_decode(content), response.status)

    def close(self) -> None:
        """Close what is open and unused; calls under way close their own."""
        with self._lock:
            idle, self._idle = self._idle, None
        for connection, _ in idle or ():
            connection.close()

    def _take_connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        """An open one where there is one: opening costs more than a small call."""
        with self._lock:
            found, since = self._idle.pop() if self._idle else (None, 0.0)
        if found is not None and time.monotonic() - since > REUSE_SECONDS:
            found.close()
            found = None
        if found is None:
            return _make_connection(self._endpoint, timeout_seconds)
        found.timeout = timeout_seconds
        if found.sock is not None:
            found.sock.settimeout(timeout_seconds)
        return found

    def _return_connection(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if self._idle is not None:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()

    def _make_lost_error(self, error: Exception) -> DaemonLostError:
        reason = self.scrub(str(error)) or type(error).__name__
        return DaemonLostError(f"rclone does not answer: {reason}")


def _make_connection(
    endpoint: Endpoint, timeout_seconds: float
) -> http.client.HTTPConnection:
    if endpoint.socket_path:
        return _SocketConnection(endpoint.socket_path, timeout_seconds)
    return http.client.HTTPConnection(
        "127.0.0.1", endpoint.port, timeout=timeout_seconds
    )


def _decode(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {"error": content.decode("utf-8", "replace")}
    return answer if isinstance(answer, dict) else {}
