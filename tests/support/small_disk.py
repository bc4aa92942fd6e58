"""A disk of a few megabytes that tests fill and make read-only. Needs no root.

It is mounted in a namespace of a process of its own, and reached through that process'
entry in /proc; it goes with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.rights import RIGHTLESS


def _become(owner: tuple[int, int] | None) -> list[str]:
    if owner is None:
        return []
    user, group = owner
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]


class SmallDisk:
    """A folder of limited size. A context manager: leaving it ends the disk."""

    def __init__(
        self, place: Path, megabytes: int, owner: tuple[int, int] | None = None
    ) -> None:
        """`place` is an empty folder, or is made.

        :param owner: user and group that it shall belong to, if not to who runs this,
            who is root then.
        """
        place.mkdir(parents=True, exist_ok=True)
        self.place = place
        """Where the disk is for commands that begin with `inside`."""
        self._process = subprocess.Popen(
            [*_become(owner), "unshare", "--map-root-user", "--mount", "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._run(f"mount -t tmpfs -o size={megabytes}m,mode=0755 small '{place}'")
        self.path = Path(f"/proc/{self._process.pid}/root{place}")
        """Where it is for everybody else. The system takes it for a link to `place`."""
        self.inside = (
            *("nsenter", "--target", str(self._process.pid), "--user", "--mount"),
            *("--preserve-credentials", *RIGHTLESS),
        )
        """What a command begins with that runs where the disk is at `place`, and for
        which permissions count."""

    def _run(self, command: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{command} && echo done || echo failed\n")
        said = []
        for line in self._process.stdout:
            if line == "done\n":
                return
            said.append(line)
            if line == "failed\n":
                break
        raise RuntimeError(
            f"{command}: {''.join(said)} - these tests mount in a user namespace: allow"
            " it (kernel.apparmor_restrict_unprivileged_userns=0) or run them as root"
        )

    @contextmanager
    def filled(self) -> Iterator[None]:
        """No byte is left for the time of the context."""
        ballast = f"'{self.place}/.ballast'"
        self._run(f"! cat /dev/zero > {ballast} 2> /dev/null")
        try:
            yield
        finally:
            self._run(f"rm {ballast}")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        self._run(f"mount -o remount,ro '{self.place}'")
        try:
            yield
        finally:
            self._run(f"mount -o remount,rw '{self.place}'")

    def __enter__(self) -> SmallDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
