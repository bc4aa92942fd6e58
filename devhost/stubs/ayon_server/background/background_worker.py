"""A task of the server process that runs until the server stops."""

import asyncio
from typing import ClassVar

from ayon_server.logging import log_traceback, logger


class BackgroundWorker:
    """Override `initialize`, `run`, `finalize`; `run` is started again when it ends."""

    # AYON has no such list: its workers end with the process. The devhost stops
    # them at its shutdown, because tests start many servers in one process.
    started: ClassVar[set["BackgroundWorker"]] = set()

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.shutting_down = False
        self.initialize()

    def initialize(self) -> None:
        pass

    def start(self) -> None:
        logger.debug(f"Starting background worker {type(self).__name__}")
        self.started.add(self)
        self.task = asyncio.create_task(self._run())

    async def shutdown(self) -> None:
        self.shutting_down = True
        self.started.discard(self)
        task = self.task
        while task is not None and not task.done():
            # Again and again: on Python 3.11 `asyncio.wait_for` may swallow one.
            task.cancel()
            await asyncio.wait([task], timeout=0.1)

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()

    async def _run(self) -> None:
        try:
            await self.run()
        except asyncio.CancelledError:
            self.shutting_down = True
        except Exception:
            log_traceback()
        finally:
            await self.finalize()
            self.task = None
        if not self.shutting_down:
            logger.debug(f"Restarting {type(self).__name__}")
            self.start()

    async def run(self) -> None:
        pass

    async def finalize(self) -> None:
        pass
