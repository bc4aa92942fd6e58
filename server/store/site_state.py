"""State of representations on sites, written by callers that hold no lease."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ..domain.copies import (
    last_copies,
    synced_ids,
)
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..errors import (
    LastCopyError,
    NewerStateError,
    NotAllowedError,
    SiteSyncError,
    UnknownRepresentationError,
)
from ..host import Postgres, logging
from ..sql import QueryFile
from .access import (
    Caller,
    Representation,
    SharedPost,
    check_shared_post,
    check_shared_removal,
    check_site_name,
    load_representation,
    load_representations,
    may_publish,
    readable_paths,
)
from .machines import MachineStore
from .posts import (
    BulkPost,
    StatePost,
    check_files_known,
    concluded_ids,
    is_newer,
    is_republish,
    merge,
    propagate,
    protect_last_copies,
)
from .reconciliation import ReconciliationStore
from .rows import (
    DEFAULT_PRIORITY,
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)
from .turns import in_turns

_SQL = QueryFile("state")

REPRESENTATIONS_AT_ONCE = 50
"""Of a batch of posts: their files, and all their rows, are read without a pause."""


@dataclass(frozen=True)
class Target:
    """One representation on one site, seen by one caller."""

    project_name: str
    representation_id: str
    site_name: str
    caller: Caller
    sites: ProjectSites


@dataclass
class _Posts:
    """What one transaction of posts works on."""

    representations: dict[str, Representation | NotAllowedError]
    rows: dict[str, dict[RowKey, Row]]
    now: int
    known_sites: set[str] = field(default_factory=set)


class SiteStateStore:
    """Posts, removals and reads of states."""

    def __init__(self, machines: MachineStore) -> None:
        self._machines = machines
        self._reconciliation = ReconciliationStore()

    async def list_states(
        self,
        project_name: str,
        caller: Caller,
        representation_ids: list[str],
        site_names: list[str] | None,
    ) -> list[dict[str, Any]]:
        """Return the status of representations on sites that the caller may read."""
        records = await Postgres.fetch(
            _SQL.get("list_states", project_name),
            representation_ids,
            site_names,
            await readable_paths(caller, project_name),
        )
        return [
            {
                "representationId": record["representation_id"],
                "siteName": record["site_name"],
                "status": record["status"],
            }
            for record in records
        ]

    async def post(self, target: Target, post: StatePost) -> list[str]:
        """Write a post; return the sites whose rows changed.

        :raises UnknownFileError: ids that are not the representation's.
        :raises LastCopyError: the post says that the only copy is gone.
        :raises NotAllowedError: see `access`.
        """
        async with Postgres.transaction():
            representation, rows = await self._open(target)
            now = int(await current_time(target.project_name))
            changed = await self._change(target, representation, rows, post, now)
            await write_rows(target.project_name, changed)
            rows.update({row.key: row for row in changed})
            followed = await self._reconciliation.follow_publish(
                target.project_name,
                rows.values(),
                {representation.id: representation.files},
            )
        names = [row.site_name for row in changed]
        return [*names, *sorted({name for _, name in followed}.difference(names))]

    async def post_many(
        self,
        project_name: str,
        caller: Caller,
        sites: ProjectSites,
        posts: list[BulkPost],
    ) -> tuple[list[SiteSyncError | None], set[RowKey]]:
        """Write posts in one transaction; return what refuses each, and what changed.

        What is refused is left out, the others are written.
        """
        paths = await readable_paths(caller, project_name)
        results: list[SiteSyncError | None] = [None] * len(posts)
        changed: set[RowKey] = set()
        async with Postgres.transaction():
            ids = sorted({each.representation_id for each in posts})
            await lock_representations(project_name, ids)
            batch = _Posts({}, {}, int(await current_time(project_name)))
            for part, numbers in _parts(posts):
                batch.representations = await load_representations(
                    project_name, part, paths
                )
                batch.rows = _by_representation(await lock_rows(project_name, part))
                written: dict[RowKey, Row] = {}
                async for number in in_turns(numbers):
                    post = posts[number]
                    target = Target(
                        *(project_name, post.representation_id, post.site_name),
                        *(caller, sites),
                    )
                    try:
                        rows = await self._post_one(batch, target, post)
                    except SiteSyncError as error:
                        results[number] = error
                    else:
                        written.update({row.key: row for row in rows})
                await write_rows(project_name, written.values())
                changed |= written.keys()
                changed |= await self._follow_publishes(project_name, batch)
        return results, changed

    async def _follow_publishes(self, project_name: str, batch: _Posts) -> set[RowKey]:
        return await self._reconciliation.follow_publish(
            project_name,
            [row for rows in batch.rows.values() for row in rows.values()],
            {
                name: one.files
                for name, one in batch.representations.items()
                if isinstance(one, Representation)
            },
        )

    async def _post_one(
        self, batch: _Posts, target: Target, each: BulkPost
    ) -> list[Row]:
        representation = batch.representations.get(target.representation_id)
        if representation is None:
            raise UnknownRepresentationError(target.representation_id)
        if isinstance(representation, NotAllowedError):
            raise representation
        if target.site_name not in batch.known_sites:
            await check_site_name(
                target.project_name, target.site_name, target.caller, target.sites
            )
            batch.known_sites.add(target.site_name)
        rows = batch.rows.setdefault(target.representation_id, {})
        row = rows.get((target.representation_id, target.site_name))
        if row is not None and is_newer(row, each.written_at):
            raise NewerStateError(target.site_name)
        post = each.expand(representation.files, batch.now)
        changed = await self._change(target, representation, rows, post, batch.now)
        rows.update({row.key: row for row in changed})
        return changed

    async def _change(
        self,
        target: Target,
        representation: Representation,
        rows: dict[RowKey, Row],
        post: StatePost,
        now: int,
    ) -> list[Row]:
        """Return the rows that a post changes: the site's and its aliases'."""
        known = {file.id: file for file in representation.files}
        check_files_known(post.files, known)
        row = rows.get((target.representation_id, target.site_name))
        await self._check_post(target, representation, row, post)
        entries = merge(row, post, known, now)
        if row is not None:
            last = self._last_copies(target, [row], rows, known)
            if post.reset and await may_publish(
                target.project_name, target.caller, representation
            ):
                # Who publishes knows better than we where his files are.
                last -= concluded_ids(row.entries)
            entries = protect_last_copies(row, entries, last, now)
        changed = _new_row(target, row, post.priority).with_entries(entries)
        aliases = propagate(changed, rows, target.sites, representation.files, now)
        return [changed, *aliases]

    async def remove(self, target: Target, force: bool) -> list[str]:
        """Remove a site's row and its aliases'; return the sites that lost one.

        :raises LastCopyError: it is the only copy and the removal is not forced.
        :raises NotAllowedError: see `access`; forcing is for managers.
        """
        caller = target.caller
        if force and not caller.is_manager:
            msg = "force=true is for managers"
            raise NotAllowedError(msg)
        async with Postgres.transaction():
            representation, rows = await self._open(target)
            if (target.representation_id, target.site_name) not in rows:
                return []
            group = {target.site_name} | target.sites.aliases(target.site_name)
            here = [row for row in rows.values() if row.site_name in group]
            removed = [row.site_name for row in here]
            for name in removed:
                await self._check_removal(name, target)
            known = {file.id for file in representation.files}
            if not force and self._last_copies(target, here, rows, known):
                raise LastCopyError(target.site_name)
            await Postgres.execute(
                _SQL.get("delete_rows", target.project_name),
                target.representation_id,
                removed,
            )
        return removed

    async def _open(self, target: Target) -> tuple[Representation, dict[RowKey, Row]]:
        """Lock everything of the representation that the caller may read."""
        paths = await readable_paths(target.caller, target.project_name)
        await lock_representations(target.project_name, [target.representation_id])
        representation = await load_representation(
            target.project_name, target.representation_id, paths
        )
        await check_site_name(
            target.project_name, target.site_name, target.caller, target.sites
        )
        return representation, await lock_rows(
            target.project_name, [target.representation_id]
        )

    async def _check_post(
        self,
        target: Target,
        representation: Representation,
        row: Row | None,
        post: StatePost,
    ) -> None:
        caller, sites = target.caller, target.sites
        if not sites.is_shared(target.site_name):
            if not await self._queues_new_files(target, representation, row, post):
                await self._machines.check(target.site_name, caller)
            return
        is_new = row is None or is_republish(row, representation, post)
        statuses = {file.status for file in post.files}
        if post.reset and row is not None and not is_new:
            said = {file.id for file in post.files}
            if synced_ids(row.entries) - said:
                statuses.add(SiteStatus.NOT_AVAILABLE)
        shared = SharedPost(
            site_name=target.site_name,
            statuses=frozenset(statuses),
            row_exists=not is_new,
            changes_priority=row is not None
            and post.priority not in (None, row.priority),
        )
        await check_shared_post(
            target.project_name, shared, caller, sites, representation
        )
        if row is not None and not caller.is_manager and statuses:
            logging.info(
                f"Site Sync: {caller.name} posted "
                f"{sorted(status.name for status in statuses)} of representation "
                f"{target.representation_id} on shared site {target.site_name} "
                f"in project {target.project_name}, without a lease"
            )

    async def _queues_new_files(
        self,
        target: Target,
        representation: Representation,
        row: Row | None,
        post: StatePost,
    ) -> bool:
        """Tell whether new files of a version are queued where the old ones were.

        Publishing over an existing version (a hero version does) resets every site
        that has it, other artists' machines among them.
        """
        return (
            row is not None
            and is_republish(row, representation, post)
            and {file.status for file in post.files} == {SiteStatus.QUEUED}
            and await may_publish(target.project_name, target.caller, representation)
        )

    async def _check_removal(self, site_name: str, target: Target) -> None:
        if target.sites.is_shared(site_name):
            check_shared_removal(site_name, target.caller)
        else:
            await self._machines.check(site_name, target.caller)

    def _last_copies(
        self,
        target: Target,
        here: list[Row],
        rows: dict[RowKey, Row],
        files: Collection[str],
    ) -> frozenset[str]:
        """Return the files that only the rows `here`, the site's or its group's, have.

        On a shared site what somebody merely claims to have elsewhere is no copy,
        except to managers: an artist could have his own files take its place.
        """
        group = {target.site_name} | target.sites.aliases(target.site_name)
        return last_copies(
            [row.entries for row in here],
            [row.entries for row in rows.values() if row.site_name not in group],
            files,
            needs_proof=not target.caller.is_manager
            and target.sites.is_shared(target.site_name),
        )


def _parts(posts: list[BulkPost]) -> Iterator[tuple[list[str], list[int]]]:
    """Yield some representations at a time, by id, with the numbers of their posts.

    Without a list for each representation: Python's collector would look at all of
    them again and again while the posts are written.
    """

    def key(number: int) -> str:
        return posts[number].representation_id

    ids: list[str] = []
    numbers: list[int] = []
    for representation_id, group in groupby(sorted(range(len(posts)), key=key), key):
        if len(ids) >= REPRESENTATIONS_AT_ONCE:
            yield ids, numbers
            ids, numbers = [], []
        ids.append(representation_id)
        numbers += group
    if ids:
        yield ids, numbers


def _by_representation(rows: dict[RowKey, Row]) -> dict[str, dict[RowKey, Row]]:
    grouped: dict[str, dict[RowKey, Row]] = {}
    for key, row in rows.items():
        grouped.setdefault(row.representation_id, {})[key] = row
    return grouped


def _new_row(target: Target, row: Row | None, priority: int | None) -> Row:
    if priority is None:
        priority = row.priority if row else DEFAULT_PRIORITY
    return Row(target.representation_id, target.site_name, -1, priority, {})
