"""A TCP relay before a server, to cut and restore its connections."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Listens on a port of its own; `cut` is what a broken network looks like."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

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
            for pair in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            self._close(one)
        with self._lock:
            self._sockets -= {source, sink}

    @staticmethod
    def _close(one: socket.socket) -> None:
        """Shut down first: only that wakes a thread that waits in the socket."""
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
