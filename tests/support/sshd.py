"""A real OpenSSH server on loopback, with keys and a root folder of its own.

It runs as the user of the tests, without root's rights where the user has none: so only
keys log in. Passwords are tried on `unit/client/ssh_account.py`.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 10.0
SFTP_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
)


def find_sshd() -> str:
    found = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(found).exists():
        raise FileNotFoundError(
            "No OpenSSH server: run tests/support/install_sshd.sh (make test-unit does)"
        )
    return found


def find_sftp_server() -> str:
    return next(path for path in SFTP_SERVERS if Path(path).exists())


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_key(path: Path, password: str = "") -> Path:
    """A private key file at `path`, its public half beside it."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", password, "-f", str(path)],
        check=True,
    )
    return path


class Sshd:
    """An SSH server; stops and starts again on the same port."""

    def __init__(
        self,
        folder: Path,
        *,
        shell: bool = True,
        sftp_arguments: str = "",
        sftp_prefix: Sequence[str] = (),
        home: Path | None = None,
    ) -> None:
        """Without `shell` the server gives SFTP only, as chrooted accounts have it.

        `sftp_prefix` is a command that runs the one after it, as `nsenter` does.
        `home` is the user's instead of the real one, whose shell may start slowly.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.user = getpass.getuser()
        self.port = find_free_port()
        self.host_key = make_key(folder / "host_key")
        self.user_key = make_key(folder / "user_key")
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        self._config = folder / "sshd_config"
        command = " ".join((*sftp_prefix, find_sftp_server(), sftp_arguments))
        self._write_config(shell, command, home)
        self._process: subprocess.Popen[bytes] | None = None

    def _write_config(self, shell: bool, command: str, home: Path | None) -> None:
        folder = self.folder
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {folder / 'authorized_keys'}",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "MaxStartups 100",
            f"Subsystem sftp {command}",
        ]
        if not shell:
            lines.append(f"ForceCommand {command}")
        if home is not None:
            lines.append(f"SetEnv HOME={home}")
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> Sshd:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        log = (self.folder / "sshd.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [find_sshd(), "-D", "-e", "-f", str(self._config)],
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while True:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1) as probe,
            ):
                if probe.recv(4) == b"SSH-":
                    return self
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "sshd.log").read_text())
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server and every session of it."""
        if self._process is None:
            return
        for child in self._list_children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.terminate()
        self._process.wait()
        self._process = None

    def _list_children(self) -> list[int]:
        assert self._process is not None
        found, new = [], [self._process.pid]
        while new:
            listed = Path(f"/proc/{new.pop()}/task").glob("*/children")
            with contextlib.suppress(OSError):
                for children in listed:
                    new += map(int, children.read_text().split())
            found += new
        return found

    def change_host_key(self) -> None:
        """As a server has that was set up anew, or somebody in between."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink()
        make_key(self.folder / "host_key")

    @property
    def fingerprint(self) -> str:
        said = subprocess.run(
            ["ssh-keygen", "-l", "-f", f"{self.host_key}.pub"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return said.split()[1]

    @property
    def settings(self) -> dict[str, Any]:
        """The `sftp` part of a site's settings."""
        return {
            "sftp_host": "127.0.0.1",
            "sftp_port": self.port,
            "sftp_user": self.user,
            "sftp_pass": "",
            "sftp_key": {"linux": [str(self.user_key)]},
            "sftp_key_pass": "",
            "roots": "",
        }

    def __enter__(self) -> Sshd:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
