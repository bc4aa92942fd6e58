"""A relay that changes one byte of what passes, as bad memory in a router does."""

from __future__ import annotations

import contextlib
import socket

from tests.e2e.relay import Relay

LEAST_BYTES = 8192
"""Smaller pieces are talk, not content."""


class SpoilingRelay(Relay):
    """Spoils one byte of a file's content once `spoil_next` is called."""

    def __init__(self, target_port: int) -> None:
        self.is_armed = False
        self.spoiled = 0
        super().__init__(target_port)

    def spoil_next(self) -> None:
        self.is_armed = True

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(self._spoil(data))
        for one in (source, sink):
            self._close(one)
        with self._lock:
            self._sockets -= {source, sink}

    def _spoil(self, data: bytes) -> bytes:
        if not self.is_armed or len(data) < LEAST_BYTES:
            return data
        self.is_armed = False
        self.spoiled += 1
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
