"""Runs the real client agent as a child process and reads what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

CLIENT_DIR = Path(__file__).parents[1] / "client"
STOP_SECONDS = 20


class AgentProcess:
    """``python -m ayon_sitesync agent`` for one site; a context manager.

    The API key travels in the environment, never in the arguments.
    ``client_dir`` is the folder that holds the client's package; ``prefix`` is what the
    command begins with, and gives way to it under the same process id.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        site_name: str,
        *arguments: str,
        cwd: Path,
        client_dir: Path = CLIENT_DIR,
        prefix: Sequence[str] = (),
    ) -> None:
        self.site_name = site_name
        self._command = [
            *(*prefix, sys.executable, "-m", "ayon_sitesync", "agent"),
            *("--server", url, "--site", site_name, "--json", *arguments),
        ]
        self._environment = {
            **os.environ,
            "AYON_API_KEY": api_key,
            "PYTHONPATH": str(client_dir),
            "PYTHONUNBUFFERED": "1",
        }
        self._cwd = cwd
        self._process: subprocess.Popen[str] | None = None
        self.last_lines: deque[str] = deque(maxlen=20)

    def __enter__(self) -> AgentProcess:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def stop(self) -> int:
        """Ask the agent to stop, wait, and return its exit code."""
        process = self._started()
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kill(self) -> None:
        """End the agent without a chance to clean up, as a power cut would."""
        process = self._started()
        process.kill()
        process.wait()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError(f"The agent of {self.site_name} was not started")
        return self._process

    def _read(self) -> None:
        stream = self._started().stdout
        if stream is None:
            return
        with stream:
            self.last_lines.extend(line.rstrip("\n") for line in stream)
