"""A relay whose other end may move, and which can spoil what passes."""

from __future__ import annotations

import contextlib
import random
import socket

from tests.e2e.relay import Relay


class FaultyRelay(Relay):
    """Spoils bytes while `spoils` is set: one in a few hundred blocks."""

    BLOCKS_BETWEEN = 200

    def __init__(self, target_port: int, chance: random.Random) -> None:
        self.spoils = False
        self._chance = chance
        super().__init__(target_port)

    def point_to(self, target_port: int) -> None:
        """The server behind has started anew, on another port."""
        self._target = ("127.0.0.1", target_port)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(self._spoil(data) if self.spoils else data)
        for one in (source, sink):
            self._close(one)
        with self._lock:
            self._sockets -= {source, sink}

    def _spoil(self, data: bytes) -> bytes:
        if self._chance.randrange(self.BLOCKS_BETWEEN):
            return data
        spoiled = bytearray(data)
        spoiled[self._chance.randrange(len(spoiled))] ^= 0xFF
        return bytes(spoiled)
