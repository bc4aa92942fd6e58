"""Verbs over a selection, seeding, and the jobs that large ones become."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from ..domain.files import MAX_BIGINT
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..domain.verbs import FOR_MEMBERS, Verb
from ..errors import (
    CrossedError,
    InvalidRequestError,
    NotAllowedError,
    UnknownJobError,
)
from ..host import ClientSiteID, CurrentUser, ProjectName, logging
from ..store.access import (
    Caller,
    check_site_name,
    readable_paths,
)
from ..store.filters import Filters
from ..store.interruptions import do_until_answered
from ..store.machines import MachineStore
from ..store.project_schemas import PROJECT_GONE
from ..store.verb_plan import Order, Tally, undo_of
from ..store.verbs import SLICE
from .answers import answer
from .inputs import check_ids, check_text
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services
from .verb_models import (
    JobModel,
    OrderModel,
    SeedModel,
    VerbAnswerModel,
    VerbModel,
    VerbName,
)

SLICES_AT_ONCE = 2
"""Of a job. Each takes a connection; more would take what others wait for."""


@dataclass(frozen=True)
class _Selection:
    """Representations that the caller may read: named ones, or what filters find."""

    filters: Filters
    ids: list[str] | None


class VerbRoutes:
    """`verbs/{verb}`, `seed` and `/-/jobs/{job_id}`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs: set[asyncio.Task[None]] = set()
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/verbs/{verb}",
            self.apply_verb,
            methods=["POST"],
            responses={200: {"model": VerbAnswerModel}},
        )
        add(
            "/{project_name}/seed",
            self.seed_site,
            methods=["POST"],
            responses={200: {"model": VerbAnswerModel}},
        )
        add("/-/jobs/{job_id}", self.get_job, responses={200: {"model": JobModel}})

    async def apply_verb(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        verb: VerbName,
        body: VerbModel,
    ) -> Response:
        """Do something to the rows of a selection on sites.

        More than 20,000 rows become a job: follow it with `GET /-/jobs/{jobId}`.
        """
        return answer(await self.order(project_name, Caller(user, site_id), verb, body))

    async def order(
        self, project_name: str, caller: Caller, verb: str, body: VerbModel
    ) -> dict[str, Any]:
        """Carry out a verb, or start the job that does.

        :raises NotAllowedError: it is not the caller's to order.
        """
        if verb == "priority" and body.priority is None:
            msg = "priority: give a number from 1 to 1000, higher goes first"
            raise InvalidRequestError("priority", msg)
        if body.priority is not None and verb not in ("priority", "queue"):
            msg = "priority is allowed with the verbs priority and queue only"
            raise InvalidRequestError("priority", msg)
        if body.keepFiles and verb != "remove":
            msg = "keepFiles is allowed with the verb remove only"
            raise InvalidRequestError("keepFiles", msg)
        sites = await self._open(project_name, caller)
        order = Order(
            project_name=project_name,
            verb=Verb(verb),
            site_names=_names(body.siteNames),
            sites=sites,
            priority=body.priority,
            force=body.force,
            is_dry=body.dryRun,
            keep_files=body.keepFiles,
            user_name=caller.name,
        )
        return await self._carry_out(order, caller, body)

    async def seed_site(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: SeedModel,
    ) -> Response:
        """Bring what was published before Site Sync to a site, or say it is there."""
        return answer(await self.seed(project_name, Caller(user, site_id), body))

    async def seed(
        self, project_name: str, caller: Caller, body: SeedModel
    ) -> dict[str, Any]:
        """Seed a site, or start the job that does.

        :raises NotAllowedError: it is not the caller's to order.
        """
        sites = await self._open(project_name, caller)
        names, status = _names([body.siteName]), SiteStatus(body.status)
        if status == SiteStatus.SYNCED:
            # What is on a site is on its aliases.
            names += sorted(sites.aliases(body.siteName))
        order = Order(
            project_name=project_name,
            verb=Verb.QUEUE if status == SiteStatus.QUEUED else Verb.SEED,
            site_names=names,
            sites=sites,
            priority=body.priority,
            is_dry=body.dryRun,
        )
        return await self._carry_out(order, caller, body)

    async def get_job(self, user: CurrentUser, job_id: str) -> Response:
        """Return how far a job is: its user's own, for managers everybody's."""
        return answer(await self.read_job(Caller(user), job_id))

    async def read_job(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Return a job.

        :raises UnknownJobError: there is none, or it is somebody else's.
        """
        [plain_id] = check_ids("jobId", [job_id]) or []
        job = await self._services.jobs.get(plain_id)
        if job is None or not (caller.is_manager or job["userName"] == caller.name):
            raise UnknownJobError(job_id)
        return job

    async def _open(self, project_name: str, caller: Caller) -> ProjectSites:
        await self._services.keeper.ensure_ready(project_name)
        return await self._services.configuration.for_caller(project_name, caller)

    async def _carry_out(
        self, order: Order, caller: Caller, body: OrderModel
    ) -> dict[str, Any]:
        await _check_order(order, caller, self._services.machines)
        body.selection.check()
        selection = await self._select(order.project_name, caller, body)
        most = self._services.verbs.most_at_once // len(order.site_names)
        found = await self._services.representations.matching_ids(
            order.project_name, selection.filters, None, most + 1
        )
        if len(found) > most:
            job_id = await self._start_job(order, caller, selection, found)
            return {**_describe(Tally()), "undo": None, "jobId": job_id}
        tally = Tally()
        missing = sorted(set(selection.ids or ()).difference(found))
        for representation_id in missing:
            tally.refuse(
                (representation_id, order.site_names[0]),
                "unknown_representation",
                "There is no such active representation in a folder that you may read",
            )
        for start in range(0, len(found), SLICE):
            await self._carry_out_slice(order, found[start : start + SLICE], tally)
        undo = undo_of(order, tally)
        return {**_describe(tally), "undo": undo, "jobId": None}

    async def _select(
        self, project_name: str, caller: Caller, body: OrderModel
    ) -> _Selection:
        paths = await readable_paths(caller, project_name)
        chosen = body.selection
        if chosen.filter is not None:
            return _Selection(chosen.filter.filters(paths), None)
        ids = chosen.representationIds
        plain = None if ids is None else sorted({str(each) for each in ids})
        return _Selection(Filters(paths, representation_ids=plain), plain)

    async def _carry_out_slice(
        self, order: Order, ids: list[str], tally: Tally
    ) -> None:
        changed = await self._services.verbs.carry_out(order, ids, tally)
        if changed:
            self._services.live.state_changed(
                order.project_name,
                {key[0] for key in changed},
                {key[1] for key in changed},
            )

    async def _try_slice(self, order: Order, ids: list[str]) -> Tally:
        """Carry out a slice; return what it came to by itself."""
        tally = Tally()
        await self._carry_out_slice(order, ids, tally)
        return tally

    async def _start_job(
        self, order: Order, caller: Caller, selection: _Selection, found: list[str]
    ) -> str:
        job_id = await self._services.jobs.start(
            order.verb.value, order.project_name, caller.name
        )
        # AYON keeps a request's connection in the context: the task must not share it.
        task = asyncio.create_task(
            self._run_job(job_id, order, selection, found),
            name=f"sitesync job {job_id}",
            context=Context(),
        )
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return job_id

    async def _run_job(
        self, job_id: str, order: Order, selection: _Selection, found: list[str]
    ) -> None:
        tally = Tally()
        # A named boundary: a job that fails says so to who waits for it.
        try:
            async with aclosing(self._parts(order, selection, found)) as parts:
                async for part in parts:
                    tally.include(part)
                    await self._note(job_id, "running", tally)
            await self._note(job_id, "finished", tally)
        except Exception as error:
            detail = "The server failed in the middle of it; see its log"
            if isinstance(error, (*PROJECT_GONE, CrossedError)):
                detail = "The project was deleted or renamed"
            result = {**_describe(tally), "detail": detail}
            await self._tell_failure(job_id, order, result, error)

    async def _note(self, job_id: str, state: str, tally: Tally) -> None:
        note = partial(self._services.jobs.note, job_id, state, _describe(tally))
        await do_until_answered(note)

    async def _parts(
        self, order: Order, selection: _Selection, found: list[str]
    ) -> AsyncGenerator[Tally, None]:
        """Carry out slices, a few at a time; yield what each came to.

        While Postgres writes one, the ids of the next are read.
        """
        running: set[asyncio.Task[Tally]] = set()
        try:
            async for ids in self._slices(order.project_name, selection, found):
                work = do_until_answered(partial(self._try_slice, order, ids))
                running.add(asyncio.create_task(work))
                while len(running) >= SLICES_AT_ONCE:
                    yield await _first_of(running)
            while running:
                yield await _first_of(running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _tell_failure(
        self, job_id: str, order: Order, result: dict[str, Any], error: Exception
    ) -> None:
        """Tell who follows a job that it failed.

        A server that stops has closed its database: the job then counts as lost
        soon, with what it had done, and the user is told to order it again.
        """
        try:
            await self._services.jobs.note(job_id, "failed", result)
        except Exception as unsaid:
            logging.warning(
                f"Site Sync job {job_id} ({order.verb}) ended with the server "
                f"({unsaid!r}): it is to be ordered again"
            )
            return
        logging.error(f"Site Sync job {job_id} ({order.verb}) failed: {error!r}")

    async def _slices(
        self, project_name: str, selection: _Selection, found: list[str]
    ) -> AsyncIterator[list[str]]:
        """Yield the ids of a selection, of which the first `found` are known."""
        matching_ids = self._services.representations.matching_ids

        async def find(filters: Filters, after: str | None) -> list[str]:
            search = partial(matching_ids, project_name, filters, after, SLICE)
            return await do_until_answered(search)

        if selection.ids is not None:
            for start in range(0, len(selection.ids), SLICE):
                part = selection.ids[start : start + SLICE]
                filters = replace(selection.filters, representation_ids=part)
                yield await find(filters, None)
            return
        for start in range(0, len(found), SLICE):
            yield found[start : start + SLICE]
        after = found[-1]
        while ids := await find(selection.filters, after):
            yield ids
            after = ids[-1]


async def _check_order(order: Order, caller: Caller, machines: MachineStore) -> None:
    """Let a verb through on sites that are known and the caller's to order about.

    :raises NotAllowedError: it is for managers, or a machine is somebody else's.
    :raises UnknownSiteError: nobody knows a site.
    """
    if order.force and not caller.is_manager:
        msg = "force=true is for managers"
        raise NotAllowedError(msg)
    for name in order.site_names:
        await check_site_name(order.project_name, name, caller, order.sites)
        await _check_verb(order, name, caller, machines)
        if order.verb == Verb.REMOVE:
            # It reaches the other names of the same store.
            for alias in sorted(order.sites.aliases(name)):
                await _check_verb(order, alias, caller, machines)


async def _check_verb(
    order: Order, site_name: str, caller: Caller, machines: MachineStore
) -> None:
    if not order.sites.is_shared(site_name):
        await machines.check(site_name, caller)
        return
    if caller.is_manager:
        return
    if order.verb not in FOR_MEMBERS:
        msg = f"'{order.verb}' on the shared site '{site_name}' is for managers"
        raise NotAllowedError(msg)
    if order.priority is not None:
        msg = f"Priorities on the shared site '{site_name}' are for managers"
        raise NotAllowedError(msg)


async def _first_of(running: set[asyncio.Task[Tally]]) -> Tally:
    """Take the first that is done out of what is running."""
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    task = done.pop()
    running.discard(task)
    return task.result()


def _names(site_names: list[str]) -> list[str]:
    return list(dict.fromkeys(check_text("siteNames", name) for name in site_names))


def _describe(tally: Tally) -> dict[str, Any]:
    return {
        "matched": tally.matched,
        "changed": tally.changed,
        "files": tally.files,
        "bytes": min(tally.bytes, MAX_BIGINT),
        "problems": tally.problems,
        "problemsOmitted": tally.problems_omitted,
    }
