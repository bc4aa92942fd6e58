"""A shell on the server, kept open to compute checksums where the files are.

It runs `/bin/sh` and gets one command a line. A server that gives no shell, or one
that sees other paths than SFTP does, costs nothing but the way back through SFTP.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Any, Callable, Optional

from ..base import POLY1305, POLY1305_KEY

GREET_SECONDS = 10.0
STEP_SECONDS = 1.0
SLOWEST_BYTES_PER_SECOND = 10_000_000
PATIENCE_SECONDS = 60.0
RECEIVE_BYTES = 65536
MOST_GREETING_BYTES = 65536

_POLY1305 = f"openssl dgst -r -mac poly1305 -macopt hexkey:{POLY1305_KEY.hex()}"
_OF_NOTHING = POLY1305_KEY[16:].hex()
"""The sum of no bytes is the second half of the key."""

COMMANDS = {
    "xxh3": ("command -v xxhsum", "xxhsum -H2"),
    POLY1305: (f"{_POLY1305} < /dev/null | grep {_OF_NOTHING}", _POLY1305),
    "blake2b": ("command -v b2sum", "b2sum -l 256"),
    "md5": ("command -v md5sum", "md5sum"),
    "sha256": ("command -v sha256sum", "sha256sum"),
}
"""Our algorithms to what succeeds where there is a program, and its call; the fastest
first."""

_READY = "sitesync-shell"
_ANSWER = re.compile(rb"^\\?([0-9a-f]+)\b[^\n]*\n@0\n$")


class RemoteShell:
    """Belongs to one thread at a time, as the connection it is on."""

    def __init__(self, channel: Any, algorithms: tuple[str, ...]) -> None:
        self._channel = channel
        self.algorithms = algorithms

    @classmethod
    def greet(cls, channel: Any) -> Optional[RemoteShell]:
        """The shell behind a channel; None when it is none or has no checksums.

        May raise `OSError`.
        """
        # What it says on its error channel must not fill up and stop it.
        tries = "".join(
            f"{test} >/dev/null && echo {algorithm};"
            for algorithm, (test, _) in COMMANDS.items()
        )
        channel.settimeout(GREET_SECONDS)
        channel.sendall(f"exec 2>/dev/null; echo {_READY}; {tries} echo .\n".encode())
        said = b""
        while not said.endswith(b"\n.\n"):
            data = channel.recv(RECEIVE_BYTES)
            said += data
            if not data or len(said) > MOST_GREETING_BYTES:
                channel.close()
                return None
        # A login script may have spoken first.
        _, _, found = said.decode("utf-8", "replace").rpartition(f"{_READY}\n")
        algorithms = tuple(name for name in found.split() if name in COMMANDS)
        if not algorithms:
            channel.close()
            return None
        channel.settimeout(STEP_SECONDS)
        return cls(channel, algorithms)

    def compute_digest(
        self, algorithm: str, path: bytes, size: int, tick: Callable[[int], None]
    ) -> Optional[str]:
        """`algorithm:hex` of a file as the server reads it; None when it cannot.

        `tick(0)` is called while waiting. After None or an error the shell is of no
        more use.
        """
        _, call = COMMANDS[algorithm]
        line = b"%s < %s; echo @$?\n" % (call.encode(), quote(path))
        until = time.monotonic() + PATIENCE_SECONDS + size / SLOWEST_BYTES_PER_SECOND
        said = b""
        try:
            self._channel.sendall(line)
            while b"@" not in said or not said.endswith(b"\n"):
                data = self._receive(tick)
                if data == b"" or time.monotonic() > until:
                    return None
                said += data or b""
        except (OSError, EOFError):
            return None
        match = _ANSWER.match(said)
        return f"{algorithm}:{match.group(1).decode()}" if match else None

    def _receive(self, tick: Callable[[int], None]) -> Optional[bytes]:
        """What came; None when nothing did for a while; b"" at the end."""
        try:
            return bytes(self._channel.recv(RECEIVE_BYTES))
        except socket.timeout:
            tick(0)
            return None


def quote(path: bytes) -> bytes:
    """A path as one word of a POSIX shell, whatever characters it has."""
    return b"'" + path.replace(b"'", b"'\\''") + b"'"
