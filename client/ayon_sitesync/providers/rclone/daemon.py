"""The rclone program as a supervised child: started on first use, stopped when idle.

It listens on a socket in a folder that only this user may open (on Windows, and where
that folder's path is too long for one: on a free port of the loopback), with a password
made for this start and handed over by the environment. It reads and writes no
configuration file. It ends with this process.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Optional

from ..spool import LEFT_OVER_PREFIX
from .api import Api, Endpoint
from .errors import DaemonLostError, DaemonStartError, RcError
from .guard import Guard
from .versions import read_version, refuse_old

log = logging.getLogger(__name__)

START_SECONDS = 20.0
STOP_SECONDS = 5.0
IDLE_SECONDS = 300.0
POLL_SECONDS = 0.01
KEPT_LINES = 20
_PORT = re.compile(r"http://127\.0\.0\.1:(\d+)/")
_KEPT_VARIABLES = {"RCLONE_CA_CERT"}
_AYON_PREFIX = "AYON_"
_SOCKET_PATH_BYTES = 100
"""Systems take 104 to 108, with a zero at the end and what rclone may add."""

ARGUMENTS = (
    *("--rc-serve", "--config", "", "--log-level", "NOTICE"),
    # Each call is a job, and is kept so long: thousands a second come with small files.
    *("--rc-job-expire-duration", "60s"),
    # A large file is one call, or one answer.
    *("--rc-server-read-timeout", "10000h", "--rc-server-write-timeout", "10000h"),
    *("--low-level-retries", "3", "--contimeout", "20s"),
    *("--buffer-size", "4Mi", "--max-buffer-memory", "256Mi"),
)

_MEMORY = {"GOGC": "400", "GOMEMLIMIT": "64MiB"}
"""Small files cost a quarter less time when memory is tidied seldom, up to a limit."""


class Session:
    """One run of the program. Remotes and jobs belong to it and end with it."""

    def __init__(self, binary: str, arguments: tuple[str, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{LEFT_OVER_PREFIX}{os.getpid()}-"))
        self.remotes: dict[str, str] = {}
        """Names by what the remotes were made from."""
        self.lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._port = 0
        self._password = secrets.token_urlsafe(32)
        socket_path = self._find_socket_path()
        address = f"unix://{socket_path}" if socket_path else "127.0.0.1:0"
        command = [binary, "rcd", "--rc-addr", address, *ARGUMENTS, *arguments]
        try:
            self._process = subprocess.Popen(
                command,
                env=self._make_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                # On Windows a console would open beside an agent without one.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise DaemonStartError(f"'{binary}' cannot be started: {error}") from error
        self._guard = Guard(self._process)
        self._reader = threading.Thread(
            target=self._read_lines, name="rclone-log", daemon=True
        )
        self._reader.start()
        self.api = self._wait_ready(binary, socket_path)

    def _find_socket_path(self) -> str:
        """Empty where there can be no socket."""
        path = str(self.folder / "rc.sock")
        is_too_long = len(os.fsencode(path)) > _SOCKET_PATH_BYTES
        return "" if os.name == "nt" or is_too_long else path

    def _make_environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if (not name.startswith("RCLONE_") or name in _KEPT_VARIABLES)
            # Whoever may look at a child need not learn how to log in to AYON.
            and not name.startswith(_AYON_PREFIX)
        }
        return {
            **kept,
            "RCLONE_RC_USER": "sitesync",
            "RCLONE_RC_PASS": self._password,
            **_MEMORY,
        }

    def _read_lines(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        for raw in stream:
            line = raw.decode("utf-8", "replace").strip()
            found = _PORT.search(line)
            if found is not None and not self._port:
                self._port = int(found.group(1))
            self._lines.append(line)
        stream.close()

    def _wait_ready(self, binary: str, socket_path: str) -> Api:
        deadline = time.monotonic() + START_SECONDS
        while self.is_alive and time.monotonic() < deadline:
            if socket_path or self._port:
                endpoint = Endpoint(socket_path, self._port, "sitesync", self._password)
                api = Api(endpoint)
                with suppress(DaemonLostError):
                    told = api.call("core/version", {}, STOP_SECONDS)
                    self._refuse_old(binary, api, told.get("decomposed"))
                    return api
                api.close()
            time.sleep(POLL_SECONDS)
        self._end()
        refuse_old(binary, read_version(binary, self._make_environment()))
        said = " ".join(self._lines).replace(self._password, "***")
        raise DaemonStartError(f"rclone does not start; it says: {said or 'nothing'}")

    def _refuse_old(self, binary: str, api: Api, version: Optional[list[int]]) -> None:
        try:
            refuse_old(binary, version)
        except DaemonStartError:
            api.close()
            self._end()
            raise

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(
        self,
        command: str,
        parameters: dict[str, Any],
        timeout_seconds: Optional[float] = None,
    ) -> dict[str, Any]:
        """Raises `RcError` and `DaemonLostError`, as `Api.call`."""
        return self.api.call(command, parameters, timeout_seconds)

    def stop(self) -> None:
        """End the program and remove its folder. Idempotent."""
        self.api.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._guard.close()
        self._reader.join(STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


class Daemon:
    """Keeps one session while it is used and for a while after."""

    def __init__(
        self,
        binary: str,
        arguments: tuple[str, ...] = (),
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._binary = binary
        self._arguments = arguments
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._session: Optional[Session] = None
        self._users = 0
        self._idle_since = 0.0
        self._rate = "off"

    @contextmanager
    def use(self) -> Iterator[Session]:
        """The running program, started when it is not. It is not stopped meanwhile.

        Raises `DaemonStartError`.
        """
        session = self._acquire()
        try:
            yield session
        finally:
            self._release()

    def _acquire(self) -> Session:
        with self._changed:
            session = self._session
            if session is None or not session.is_alive:
                if session is not None:
                    log.warning("rclone ended by itself; it is started again")
                    session.stop()
                    self._session = None
                session = self._start()
            self._users += 1
            return session

    def _start(self) -> Session:
        _remove_left_overs()
        session = Session(self._binary, self._arguments)
        if self._rate != "off":
            try:
                session.call("core/bwlimit", {"rate": self._rate})
            except (RcError, DaemonLostError) as error:
                session.stop()
                raise DaemonStartError(
                    f"rclone does not keep to the bandwidth limit: {error}"
                ) from error
        self._session = session
        threading.Thread(
            target=self._stop_when_idle,
            args=(session,),
            name="rclone-idle",
            daemon=True,
        ).start()
        return session

    def _release(self) -> None:
        with self._changed:
            self._users -= 1
            self._idle_since = time.monotonic()
            self._changed.notify_all()

    def _stop_when_idle(self, session: Session) -> None:
        with self._changed:
            while self._session is session:
                left = self._idle_since + self._idle_seconds - time.monotonic()
                if not self._users and left <= 0:
                    self._session = None
                    session.stop()
                    return
                self._changed.wait(None if self._users else left)

    def set_bandwidth(self, bytes_per_second: Optional[int]) -> None:
        """Limit all transfers of this daemon together, from now on; None = no limit."""
        rate = "off" if bytes_per_second is None else f"{max(1, bytes_per_second)}B"
        with self._changed:
            self._rate = rate
            if self._session is not None and self._session.is_alive:
                with suppress(RcError, DaemonLostError):
                    self._session.call("core/bwlimit", {"rate": rate})

    @property
    def pid(self) -> Optional[int]:
        """The process of the running program; None when there is none."""
        session = self._session
        return session.pid if session is not None and session.is_alive else None

    def stop(self) -> None:
        """End the program when it runs; the next use starts it again."""
        with self._changed:
            session, self._session = self._session, None
            self._changed.notify_all()
        if session is not None:
            session.stop()


_daemons: dict[tuple[str, tuple[str, ...], str], Daemon] = {}
_daemons_lock = threading.Lock()


def find_daemon(
    binary: str, arguments: tuple[str, ...] = (), owner: str = ""
) -> Daemon:
    """The daemon of this process for a program and its extra arguments.

    With an `owner` one that is used for nothing else.
    """
    key = (binary, arguments, owner)
    with _daemons_lock:
        daemon = _daemons.get(key)
        if daemon is None:
            daemon = _daemons[key] = Daemon(binary, arguments)
        return daemon


@atexit.register
def stop_daemons() -> None:
    """End every daemon of this process."""
    with _daemons_lock:
        daemons = list(_daemons.values())
    for daemon in daemons:
        daemon.stop()


def _remove_left_overs() -> None:
    """Sockets and half-made uploads of killed processes."""
    if os.name == "nt":
        return
    for path in Path(tempfile.gettempdir()).glob(f"{LEFT_OVER_PREFIX}*"):
        owner = path.name[len(LEFT_OVER_PREFIX) :].partition("-")[0]
        with suppress(OSError, ValueError):
            if path.lstat().st_uid != os.getuid() or is_process(int(owner)):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def is_process(pid: int) -> bool:
    """Whether there is such a process; yes where the system cannot tell safely."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
