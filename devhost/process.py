"""A devhost as a child process, for the demo, the seeder and tests."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

_ROOT = Path(__file__).parent.parent
_STOP_SECONDS = 60


class DevhostStartError(Exception):
    """The child ended before it was ready; the message has its last words."""


class DevhostProcess:
    """`devhost up` as a context manager. The child ends with its parent.

    :param data_dir: see `devhost.data_folder`; kept afterwards.
    :param arguments: more arguments of `up`, such as `--addon-zip`.
    """

    url: str
    addon_url: str
    admin_key: str
    users: dict[str, str]
    passwords: dict[str, str]

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.data_dir = data_dir
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """:raises DevhostStartError: it does not get ready."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "devhost",
                "up",
                "--json",
                "--until-eof",
                f"--data={self.data_dir}",
                *self._arguments,
            ],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            text=True,
            start_new_session=True,
        )
        self._process = process
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
        except BaseException:  # also Ctrl-C: the child must not outlive the attempt
            self.stop()
            raise
        if not line:
            code = self.stop()
            msg = f"devhost up ended with exit code {code}, its reason is on stderr"
            raise DevhostStartError(msg)
        ready: dict[str, Any] = json.loads(line)
        self.url = ready["url"]
        self.addon_url = ready["addon_url"]
        self.admin_key = ready["admin_key"]
        self.users = ready["users"]
        self.passwords = ready["passwords"]

    def stop(self) -> int:
        """Stop the child and wait; answers its exit code. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            return process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            process.stdout.close()

    def panel_url(self, project: str, user: str) -> str:
        """The page that shows the panel of a project as AYON frames it."""
        query = urlencode({"project": project, "token": self.users[user]})
        return f"{self.url}/devhost/open?{query}"

    def settings_url(self, user: str) -> str:
        """The page that shows the panel of all projects as AYON's settings frame it."""
        query = urlencode({"token": self.users[user]})
        return f"{self.url}/devhost/open?{query}"

    def __enter__(self) -> "DevhostProcess":
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
