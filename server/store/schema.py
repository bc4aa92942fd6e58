"""Bring the schemas of projects and of the studio up to date.

Migrations run when the server starts and when a project is created, never inside a
request. Several workers and several installed versions may do it at once: an advisory
lock lets one through, the others find it done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from functools import partial
from typing import Any

from ..errors import NotReadyError, UnknownProjectError
from ..host import EventModel, EventStream, Postgres, get_project_list, logging
from ..sql import QueryFile, migrations, project_schema
from .crossings import do_until_uncrossed
from .interruptions import do_until_answered, is_interruption
from .project_schemas import existing

_SQL = QueryFile("schema")

# DDL waits no longer than this for others' locks: whoever queues behind it waits too.
LOCK_TIMEOUT = "2s"
ATTEMPTS = 4
RETRY_SECONDS = 3.0
BACKFILL_ROWS = 500
BACKFILL_PAUSE_SECONDS = 0.05
BACKFILL_ATTEMPTS = 6
BACKFILL_RETRY_SECONDS = 5.0
BACKFILL_DONE = "backfill_rollups_v1"
FIRST_ID = "0" * 32


class SchemaKeeper:
    """Knows which projects are ready in this process and prepares the others."""

    def __init__(self, addon_version: str) -> None:
        self._version = addon_version
        # Prepared projects with the ids of their schemas: another id, another project.
        self._ready: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def setup(self) -> None:
        """Prepare the studio's tables and all projects; follow the projects' fate.

        A project that cannot be prepared now is tried again in the background. AYON
        unloads an addon that fails here until its next start: a database that is away
        is waited for.

        :raises Exception: the studio's tables cannot be made, nothing would work.
        """
        await do_until_answered(partial(self._migrate, "public", "public"))
        for project in await do_until_answered(get_project_list):
            if not await self._try_prepare(project.name):
                self.request(project.name)
            self._spawn(f"backfill {project.name}", self._backfill(project.name))
        EventStream.subscribe("entity.project.created", self._on_created)
        for topic in ("entity.project.deleted", "entity.project.renamed"):
            EventStream.subscribe(topic, self._on_gone, all_nodes=True)

    async def ensure_ready(self, project_name: str) -> None:
        """Let a request through to a project whose tables are there.

        :raises NotReadyError: they are not; preparing them has been asked for.
        :raises UnknownProjectError: the project was deleted or renamed just now.
        """
        if not await self.is_ready(project_name):
            if await existing.find(project_name) is None:
                raise UnknownProjectError(project_name, "projectName")
            self.request(project_name)
            raise NotReadyError(project_name)

    async def is_ready(self, project_name: str) -> bool:
        """Tell whether a project is there, and prepared."""
        schema_id = await existing.find(project_name)
        if schema_id is None:
            return False
        if self._ready.get(project_name) != schema_id:
            if await self._pending(project_schema(project_name), "project"):
                return False
            self._ready[project_name] = schema_id
        return True

    def request(self, project_name: str) -> None:
        """Prepare a project in the background."""
        self._ready.pop(project_name, None)
        self._spawn(f"prepare {project_name}", self._prepare(project_name))

    def forget(self, project_name: str) -> None:
        """Look again at the next request."""
        self._ready.pop(project_name, None)
        existing.doubt()

    async def wait(self) -> None:
        """Wait until no background work is left."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values())

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        if name in self._tasks:
            work.close()
            return
        # AYON keeps a request's connection in the context: the task must not share it.
        task = asyncio.create_task(work, name=f"sitesync {name}", context=Context())
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _on_created(self, event: EventModel) -> None:
        if event.project and not await self._try_prepare(event.project):
            self.request(event.project)

    async def _on_gone(self, event: EventModel) -> None:
        existing.doubt()

    async def _prepare(self, project_name: str) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(RETRY_SECONDS * attempt)
            if await self._try_prepare(project_name):
                break
            if await self._is_gone(project_name):
                return
        else:
            return
        await self._backfill(project_name)

    async def _try_prepare(self, project_name: str) -> bool:
        # A named boundary: one broken project must not stop the addon.
        try:
            await self._migrate(project_schema(project_name), "project")
            return await self.is_ready(project_name)
        except Exception as error:
            existing.doubt()
            if not await self._is_gone(project_name):
                logging.error(
                    "Site Sync could not prepare its tables in project "
                    f"{project_name}, and will try again: {error!r}"
                )
            return False

    async def _is_gone(self, project_name: str) -> bool:
        """Tell whether a project was deleted or renamed; False if nobody can tell."""
        try:
            return await existing.find(project_name) is None
        except Exception as error:
            if not is_interruption(error):
                raise
            return False

    async def _pending(self, schema: str, scope: str) -> list[tuple[str, str]]:
        """Return the migrations that `schema` lacks, as (name, SQL)."""
        row = await Postgres.fetchrow(_SQL.get("record_table_exists"), schema)
        applied: set[str] = set()
        if row["found"]:
            query = _SQL.get("applied").replace("{schema}", schema)
            applied = {record["name"] for record in await Postgres.fetch(query)}
        return [item for item in migrations(scope) if item[0] not in applied]

    async def _migrate(self, schema: str, scope: str) -> None:
        if not await self._pending(schema, scope):
            return
        async with Postgres.transaction(force_new=True) as connection:
            await connection.execute(_SQL.get("lock"), schema)
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            await connection.execute(f"SET LOCAL search_path TO {schema}")
            await connection.execute(_SQL.get("record_table"))
            for name, sql in await self._pending(schema, scope):
                await connection.execute(sql)
                await connection.execute(_SQL.get("record"), name, self._version)
        logging.info(f"Site Sync {self._version} prepared its tables in {schema}")

    async def _backfill(self, project_name: str) -> None:
        """Count the rows from before the trigger, a few at a time.

        Work of no hurry: rows without counts are computed when they are read. It may
        fail on what others do at the moment, and begins again some times after that.
        """
        failure: BaseException | None = None
        for attempt in range(BACKFILL_ATTEMPTS):
            await asyncio.sleep(BACKFILL_RETRY_SECONDS * attempt)
            try:
                # Another project may have the name by now, with tables as they were.
                if attempt == 0 or await self._try_prepare(project_name):
                    await self._backfill_batches(project_name)
                    return
                if await self._is_gone(project_name):
                    return
            except Exception as error:
                self.forget(project_name)
                failure = error.__cause__ or error
        logging.error(
            f"Site Sync could not count all states of project {project_name}, "
            f"the next start goes on: {failure!r}"
        )

    async def _backfill_batches(self, project_name: str) -> None:
        if not await self.is_ready(project_name):
            return
        applied = await Postgres.fetch(_SQL.get("applied", project_name))
        if BACKFILL_DONE in {record["name"] for record in applied}:
            return
        after: tuple[str, str] | None = (FIRST_ID, "")
        while after is not None:
            batch = partial(self._backfill_batch, project_name, after)
            after = await do_until_uncrossed(batch)
            await asyncio.sleep(BACKFILL_PAUSE_SECONDS)

    async def _backfill_batch(
        self, project_name: str, after: tuple[str, str]
    ) -> tuple[str, str] | None:
        """Count the rows after a key; return the last key, None when it is over."""
        async with Postgres.transaction(force_new=True) as connection:
            row = await connection.fetchrow(
                _SQL.get("try_lock_backfill"), project_schema(project_name)
            )
            if not row["locked"]:
                return None  # another worker is at it
            last = await connection.fetchrow(
                _SQL.get("backfill", project_name), *after, BACKFILL_ROWS
            )
            if last is not None:
                return last["representation_id"], last["site_name"]
            await connection.execute(
                _SQL.get("record_project", project_name), BACKFILL_DONE, self._version
            )
            return None
