"""`devhost up`: Postgres and the web application, until told to stop."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from devhost.accounts import Credentials
from devhost.app import create_app
from devhost.data_folder import DataFolder
from devhost.loader import AddonLibrary, unpack_addon, version_key
from devhost.postgres import (
    PostgresError,
    PostgresServer,
    create_database,
    database_exists,
)
from devhost.schema import has_studio
from devhost.studio import create_studio_database, open_database, set_production_bundle

ROOT = Path(__file__).parent.parent
DATABASE = "ayon"
# Room as on a studio's server; memory is taken as it is used.
_SETTINGS = (
    "synchronous_commit=off",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
)
_CLOSE_SECONDS = 3
_WATCH_SECONDS = 0.5


@dataclass(frozen=True)
class UpOptions:
    """What `devhost up` was asked for.

    :param until_eof: also stop when standard input ends.
    """

    data: Path
    port: int = 0
    addon_zips: tuple[Path, ...] = ()
    addon_dirs: tuple[Path, ...] = ()
    until_eof: bool = False


@dataclass(frozen=True)
class Ready:
    """What a caller needs to know of a running devhost."""

    url: str
    addon_url: str
    credentials: Credentials

    def to_json(self) -> dict[str, Any]:
        keys = self.credentials.api_keys
        return {
            "url": self.url,
            "addon_url": self.addon_url,
            "admin_key": keys["admin"],
            "users": keys,
            "passwords": self.credentials.passwords,
        }


class PortError(Exception):
    """The port cannot be used; the message says why."""


def bind(port: int) -> socket.socket:
    """A socket on loopback; 0 is any free port.

    :raises PortError: the port is taken or not allowed.
    """
    # With the protocol named, asyncio sends answers at once (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        msg = f"{port} cannot be used: {error.strerror}"
        raise PortError(msg) from error
    return listener


def collect_addons(options: UpOptions) -> list[Path]:
    """The folders of all addons to load: the repository's own if none is named.

    :raises AddonLoadError: a zip holds no addon.
    """
    folder = DataFolder(options.data)
    unpacked = [unpack_addon(path, folder.addons_dir) for path in options.addon_zips]
    return [*unpacked, *options.addon_dirs] or [ROOT]


def run_up(options: UpOptions, announce: Callable[[Ready], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once when ready.

    :raises DataFolderError: the data folder cannot be used.
    :raises AddonLoadError: an addon cannot be loaded.
    :raises PostgresError: Postgres does not start.
    :raises PortError: the port is taken or not allowed.
    """
    folder = DataFolder(options.data)
    with folder.hold(), contextlib.closing(bind(options.port)) as listener:
        addon_dirs = collect_addons(options)
        folder.update_state(addon_dirs=[str(path.resolve()) for path in addon_dirs])
        with PostgresServer(folder.postgres_dir, settings=_SETTINGS) as postgres:
            asyncio.run(
                _serve(options, folder, postgres, addon_dirs, listener, announce)
            )


async def _serve(
    options: UpOptions,
    folder: DataFolder,
    postgres: PostgresServer,
    addon_dirs: Sequence[Path],
    listener: socket.socket,
    announce: Callable[[Ready], None],
) -> None:
    credentials = folder.read_credentials()
    dsn = await _prepare_database(postgres, credentials, addon_dirs)
    app = create_app(dsn, addon_dirs)
    server = _Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
    )
    url = "http://{}:{}".format(*listener.getsockname())
    async with _stopped_by_signals(server, options.until_eof):
        serving = asyncio.create_task(server.serve([listener]))
        if await server.wait_until_started(serving):
            folder.update_state(url=url)
            announce(Ready(url, url + _addon_path(app.state.library), credentials))
        await _serve_while_postgres_lives(server, serving, postgres)


async def _serve_while_postgres_lives(
    server: uvicorn.Server, serving: "asyncio.Task[None]", postgres: PostgresServer
) -> None:
    while not (await asyncio.wait([serving], timeout=_WATCH_SECONDS))[0]:
        if postgres.has_ended:
            server.should_exit = True
            await serving
            msg = "Postgres ended while the devhost was up: start the devhost again"
            raise PostgresError(msg)
    await serving


async def _prepare_database(
    postgres: PostgresServer, credentials: Credentials, addon_dirs: Sequence[Path]
) -> str:
    """Create the studio at the first run; answers its connection string."""
    if not await database_exists(postgres.dsn(), DATABASE):
        await create_database(postgres.dsn(), DATABASE)
    dsn = postgres.dsn(DATABASE)
    async with open_database(dsn):
        is_new = not await has_studio()
    if is_new:
        await create_studio_database(dsn, credentials)
    async with open_database(dsn):
        await set_production_bundle(addon_dirs)
    return dsn


def _addon_path(library: AddonLibrary) -> str:
    """The path of the highest version of `sitesync`, or of the only other addon."""
    addon = next(
        (d for d in library.addons.values() if d.name == "sitesync"),
        next(iter(library.addons.values())),
    )
    version = max(addon.versions, key=version_key)
    return f"/api/addons/{addon.name}/{version}"


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which would not end with exit code 0."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._started_event = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started_event.set()

    async def wait_until_started(self, serving: "asyncio.Task[None]") -> bool:
        """Whether the server is up; False when its start failed."""
        started = asyncio.create_task(self._started_event.wait())
        await asyncio.wait({started, serving}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        return self.started and not serving.done()


@contextlib.asynccontextmanager
async def _stopped_by_signals(
    server: uvicorn.Server, until_eof: bool
) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    def watch_input() -> None:
        # Not through `sys.stdin`: its lock would be held at the interpreter's end.
        while os.read(0, 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if until_eof:
        threading.Thread(target=watch_input, daemon=True).start()
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
