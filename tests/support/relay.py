"""TCP relays before a server: to cut its connections, spoil or count what passes."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading

_REQUEST = re.compile(rb"^(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r$", re.MULTILINE)


class Relay:
    """Listens on a port of its own; `cut` is what a broken network looks like."""

    def __init__(self, target_port: int) -> None:
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self.point_to(target_port)
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address of an HTTP server behind."""
        return f"http://127.0.0.1:{self.port}"

    def point_to(self, target_port: int) -> None:
        """Where new connections lead: the server behind may start anew elsewhere."""
        self._target = ("127.0.0.1", target_port)

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        self._close(self._listener)
        with self._lock:
            ended, self._sockets = self._sockets, set()
        for one in ended:
            self._close(one)

    def restore(self) -> None:
        self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                inner, _ = listener.accept()
            except OSError:
                return  # cut
            try:
                outer = socket.create_connection(self._target)
            except OSError:  # the server is down, the network is not
                self._close(inner)
                continue
            with self._lock:
                self._sockets |= {inner, outer}
            for source, sink, is_up in ((inner, outer, True), (outer, inner, False)):
                threading.Thread(
                    target=self._pump, args=(source, sink, is_up), daemon=True
                ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(self._pass_on(data, is_up=is_up))
        for one in (source, sink):
            self._close(one)
        with self._lock:
            self._sockets -= {source, sink}

    def _pass_on(self, data: bytes, *, is_up: bool) -> bytes:
        """What arrives instead of `data`; `is_up`: on its way to the server."""
        return data

    @staticmethod
    def _close(one: socket.socket) -> None:
        """Shut down first: only that wakes a thread that waits in the socket."""
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


class SpoilingRelay(Relay):
    """Spoils one byte of a file's content once `spoil_next` is called."""

    LEAST_BYTES = 8192
    """Smaller pieces are talk, not content."""

    def __init__(self, target_port: int) -> None:
        self.is_armed = False
        self.spoiled = 0
        super().__init__(target_port)

    def spoil_next(self) -> None:
        self.is_armed = True

    def _pass_on(self, data: bytes, *, is_up: bool) -> bytes:
        if not self.is_armed or len(data) < self.LEAST_BYTES:
            return data
        self.is_armed = False
        self.spoiled += 1
        return _spoil(data, len(data) // 2)


class NoisyRelay(Relay):
    """While `spoils` is set a byte is spoiled in one of a few hundred pieces."""

    PIECES_BETWEEN = 200

    def __init__(self, target_port: int, chance: random.Random) -> None:
        self.spoils = False
        self._chance = chance
        super().__init__(target_port)

    def _pass_on(self, data: bytes, *, is_up: bool) -> bytes:
        if not self.spoils or self._chance.randrange(self.PIECES_BETWEEN):
            return data
        return _spoil(data, self._chance.randrange(len(data)))


class CountingRelay(Relay):
    """Counts what passes."""

    def __init__(self, target_port: int) -> None:
        self._requests = self._bytes = 0
        super().__init__(target_port)

    @property
    def requests(self) -> int:
        """HTTP requests so far."""
        with self._lock:
            return self._requests

    @property
    def passed_bytes(self) -> int:
        """Both ways and whatever they are, so far."""
        with self._lock:
            return self._bytes

    def _pass_on(self, data: bytes, *, is_up: bool) -> bytes:
        requests = len(_REQUEST.findall(data)) if is_up else 0
        with self._lock:
            self._requests += requests
            self._bytes += len(data)
        return data


def _spoil(data: bytes, position: int) -> bytes:
    """Change one byte, as bad memory in a router does."""
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
