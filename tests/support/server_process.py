"""A server process of its own on a database that others may serve too.

`python -m tests.support.server_process <dsn> <addon folder>...` prints its URL when it
is ready, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from devhost.app import create_app
from devhost.up import bind
from tests.conftest import ROOT


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print("http://{}:{}".format(*sockets[0].getsockname()), flush=True)


async def serve(dsn: str, addon_dirs: list[Path]) -> None:
    app = create_app(dsn, addon_dirs)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=3
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bind(0)]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


@asynccontextmanager
async def run_server(dsn: str, addon_dirs: list[Path]) -> AsyncIterator[str]:
    """A process; gives its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.server_process", dsn),
        *map(str, addon_dirs),
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'devhost/stubs'}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        assert url, "the server did not start; its reason is on stderr"
        yield url
    finally:
        process.stdin.close()
        assert await process.wait() == 0


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], [Path(path) for path in sys.argv[2:]]))
