"""The background work of the addon: server events, default rows, the walk, retention.

Every installed version in every worker process has one. Only the acting version does
anything (the production bundle's, else the highest installed), one worker at a time per
project, in short transactions; all of it may be done twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial

from ..checks import is_id
from ..domain.site import ProjectSites
from ..domain.versions import choose_acting
from ..errors import CrossedError
from ..host import (
    AyonException,
    BackgroundWorker,
    BaseServerAddon,
    get_project_list,
    logging,
)
from ..store.bundles import production_version
from ..store.crossings import do_until_uncrossed
from ..store.default_rows import APPEARED, ROWS_AT_ONCE, DefaultRowStore
from ..store.interruptions import is_interruption
from ..store.known_files import note_files
from ..store.reconciliation import ReconciliationStore
from ..store.retention import RetentionStore
from ..store.rows import RowKey, current_time
from ..store.sweep import SweepStore
from ..store.upkeep import is_due, take_turn, write_position
from .configuration import is_gone
from .lasting_objects import set_aside_lasting_objects
from .server_events import News, ServerEvents
from .services import Services
from .spare_memory import give_back_memory

LOOK_SECONDS = 10.0
ARCHIVED_LOOKS = 60
"""Archived projects are in one of so many looks."""
WALK_SECONDS = 60.0
"""A step of the walk over all representations, after its first round."""
HURRIED_STEPS = 10
"""Steps at a look in the first round."""
RETENTION_SECONDS = 3600.0
MOST_BATCHES = 20
PAUSE_SECONDS = 0.05
"""Between batches: others get their turn."""


class Upkeep(BackgroundWorker):
    """Runs until the server stops."""

    def __init__(self, addon: BaseServerAddon, services: Services) -> None:
        super().__init__()
        self._addon = addon
        self._services = services
        self.events = ServerEvents()
        self._reconciliation = ReconciliationStore()
        self._default_rows = DefaultRowStore()
        self._sweep = SweepStore()
        self._retention = RetentionStore()
        self._studio_cut_at: float | None = None
        self._looks = 0

    def follow(self) -> None:
        """Follow the server's events, and start."""
        self.events.follow()
        self.start()

    async def run(self) -> None:
        looked_at = time.monotonic()
        is_settled = False
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.events.arrived.wait()
            await self._try("follow events", self.handle_events)
            if time.monotonic() - looked_at >= LOOK_SECONDS:
                if not is_settled:
                    # All addons are set up by now, and their routes are there.
                    is_settled = True
                    set_aside_lasting_objects()
                await self._try("look at projects", self.look, LOOK_SECONDS / 2)
                await asyncio.to_thread(give_back_memory)
                looked_at = time.monotonic()

    async def handle_events(self) -> None:
        """Do what the events ask for that came since the last time.

        What the database breaks off is done the next time: the walk over a large
        project would come by days later.
        """
        news = self.events.take()
        if not news:
            return
        left = dict(news)
        try:
            if not await self._is_acting():
                left.clear()
                return
            await self._follow_names(news)
            for project_name, each in news.items():
                if await self._follow(project_name, each):
                    del left[project_name]
        except Exception as error:
            if not is_interruption(error):
                left.clear()
            raise
        finally:
            self.events.give_back(left)

    async def _follow_names(self, news: dict[str, News]) -> None:
        """Let what is kept of the whole studio follow the names of projects."""
        services = self._services
        for project_name, each in news.items():
            if each.old_name is not None:
                for store in (services.pauses, services.jobs, services.credentials):
                    await store.rename_project(each.old_name, project_name)
                each.old_name = None
            if each.is_made:
                await services.pauses.forget_earlier_project(project_name)
                each.is_made = False

    async def _follow(self, project_name: str, news: News) -> bool:
        """Do what a project's events ask for; False = it was broken off."""
        if news.is_deleted:
            await self._retention.cut_studio()
        elif await self._services.keeper.is_ready(project_name):
            what = f"follow events of project {project_name}"
            return await self._try(what, self._handle, *(project_name, news))
        return True

    async def look(self, again_after: float = 0.0) -> None:
        """Do what is due in all projects, a little of each.

        :param again_after: seconds; not where any worker has looked since. Then
            archived projects are left out of most looks, too.
        """
        if not await self._is_acting():
            return
        with_archived = not again_after or self._looks % ARCHIVED_LOOKS == 0
        self._looks += 1
        for project in await get_project_list():
            if (project.active or with_archived) and (
                await self._services.keeper.is_ready(project.name)
            ):
                what = f"look after project {project.name}"
                await self._try(what, self._look_again, *(project.name, again_after))
        await self._tell_gone_agents()
        now = time.monotonic()
        if self._studio_cut_at is None or now - self._studio_cut_at > RETENTION_SECONDS:
            self._studio_cut_at = now
            await self._retention.cut_studio()

    async def _tell_gone_agents(self) -> None:
        """Tell panels of agents that fell silent: they give no sign of that."""
        names = await self._services.agents.tell_gone()
        if names:
            await self._services.live.agents_changed(names)

    async def _is_acting(self) -> bool:
        """Tell whether this version does the common work of all installed ones."""
        name, version = str(self._addon.name), str(self._addon.version)
        installed = list(self._addon.definition.versions)
        return choose_acting(installed, await production_version(name)) == version

    async def _handle(self, project_name: str, news: News) -> None:
        created = sorted(filter(is_id, news.created))
        await note_files(
            project_name, created, await current_time(project_name), are_new=True
        )
        changed = await self._reconciliation.bring_in_line(
            project_name, filter(is_id, news.changed)
        )
        if news.is_relisted:
            changed |= await self._reconciliation.release_inactive(project_name)
            await self._services.totals.count_hidden(project_name)
            self._services.live.lists_changed(project_name)
        self._tell(project_name, changed)

    async def _look_again(self, project_name: str, after: float) -> None:
        if not after or await is_due(project_name, APPEARED, after):
            await self._look_after(project_name)

    async def _look_after(self, project_name: str) -> None:
        await self._services.totals.look_after(project_name, str(self._addon.version))
        sites = await self._services.configuration.for_project(project_name)
        async with take_turn(project_name) as is_mine:
            if is_mine:
                await self._default_rows.find_new(project_name)
        self._tell(
            project_name, await self._reconciliation.release_inactive(project_name)
        )
        await self._make_default_rows(project_name, sites)
        await self._walk(project_name)
        await self._cut(project_name, sites)

    async def _make_default_rows(self, project_name: str, sites: ProjectSites) -> None:
        for _ in range(MOST_BATCHES):
            async with take_turn(project_name) as is_mine:
                if not is_mine:
                    return
                looked_at, made = await self._default_rows.make_rows(
                    project_name, sites
                )
            self._tell(project_name, made)
            if looked_at < ROWS_AT_ONCE:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _walk(self, project_name: str) -> None:
        for _ in range(HURRIED_STEPS):
            async with take_turn(project_name) as is_mine:
                if not is_mine:
                    return
                is_first = await self._sweep.is_first_round(project_name)
                if not is_first and not await is_due(
                    project_name, "sweep", WALK_SECONDS
                ):
                    return
                step = await self._sweep.step(project_name)
            self._tell(
                project_name,
                await self._reconciliation.bring_in_line(project_name, step.found),
            )
            if step.is_over or not is_first:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _cut(self, project_name: str, sites: ProjectSites) -> None:
        """Cut growing tables down, once an hour; what is left, at the next look."""
        for number in range(MOST_BATCHES):
            async with take_turn(project_name) as is_mine:
                if not is_mine or not (
                    number or await is_due(project_name, "cut", RETENTION_SECONDS)
                ):
                    return
                is_left = await self._retention.cut_project(project_name, sites)
                is_known = await self._retention.forget_deleted(project_name)
                if not is_left:
                    await write_position(project_name, "cut", "")
            if not (is_left or is_known):
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _try(
        self, what: str, work: Callable[..., Awaitable[None]], *values: object
    ) -> bool:
        """Do a piece of work; False = it was broken off, and is worth doing again."""
        # A named boundary: one broken project, or a lost connection, must not end it.
        try:
            await do_until_uncrossed(partial(work, *values))
        except CrossedError as error:
            logging.info(f"Site Sync did not {what}: {error.detail}")
            return False
        except Exception as error:
            if isinstance(error, AyonException) and is_gone(error):
                logging.info(f"Site Sync did not {what}: {error.detail}")
                return True
            logging.error(f"Site Sync could not {what}, and will try again: {error!r}")
            return not is_interruption(error)
        return True

    def _tell(self, project_name: str, keys: Collection[RowKey]) -> None:
        if keys:
            self._services.live.state_changed(
                project_name, {key[0] for key in keys}, {key[1] for key in keys}
            )
