"""Writes the states of a publish: one request, or a note on disk for later.

A publish never fails because of Site Sync: the files are where they should be, and the
server gives default rows to representations that nobody told it about.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from .errors import (
    LoginRefusedError,
    ServerError,
    ServerFailedError,
    ServerUnreachableError,
)
from .server_api.host_client import HostClient
from .site_states import SiteStates, explain_refusal
from .spool import Publish, Spool, SpooledPublish
from .statuses import SiteSyncStatus

log = logging.getLogger(__name__)

RENDER_SECONDS = 60.0
"""How long a render node tries: it has no next process of that user."""
RENDER_PAUSE_SECONDS = 5.0
AWAY_SECONDS = 30.0
"""After a publish that got no answer the next ones are kept at once for so long."""
FAILED_SECONDS = 600.0
"""A late publish at which the server failed is left alone for so long."""
CLOCK_SECONDS = 2.0
"""Clocks that differ by no more are taken to be the same."""
UNTOLD = (
    "The server gives it the project's default sites; what differs from them is to be"
    " queued in the panel."
)
NEWER, NOT_ALLOWED = "newer_state", "not_allowed"

Sites = Sequence[Mapping[str, Any]]


def make_states(
    representation_ids: Sequence[str],
    sites: Sites,
    rows: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Elements of a bulk write for published representations.

    `rows` are those that exist already, of all sites: content that was published anew
    is wanted on every site that had the old.
    """
    status_by_site = {site["name"]: site["status"] for site in sites}
    had: dict[str, set[str]] = {}
    for row in rows:
        had.setdefault(str(row["representationId"]), set()).add(str(row["siteName"]))
    states = []
    for representation_id in representation_ids:
        wanted = dict(status_by_site)
        for site_name in sorted(had.get(representation_id, ())):
            wanted.setdefault(site_name, SiteSyncStatus.QUEUED)
        states += [
            {
                "representationId": representation_id,
                "siteName": site_name,
                "status": status,
                "reset": True,
            }
            for site_name, status in wanted.items()
        ]
    return states


@dataclass(frozen=True)
class _Late:
    """How a publish is told late.

    `written_at` is its time by the server's clock: what was written since then, by
    anyone but the server itself, stays. `said` are (project, id) of representations
    and versions of which a newer publish speaks, told or not.
    """

    written_at: float
    said: set[tuple[str, str]]

    def has(self, project_name: str, one_id: str) -> bool:
        return (project_name, one_id) in self.said


class PublishStates:
    """Tells the server what a publish made, whatever the server's health.

    `find_sites` gives where a new publish of a project is and has to go; it raises
    `ServerError` when the settings cannot be read.
    """

    def __init__(
        self,
        client: HostClient,
        states: SiteStates,
        open_spool: Callable[[str], Spool],
        find_sites: Callable[[str], Sites],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._states = states
        self._open_spool = open_spool
        self._find_sites = find_sites
        self._sleep = sleep
        self._now = now
        self._wall_clock = wall_clock
        self._failed_at: dict[str, float] = {}
        self._away_until = float("-inf")

    def write(self, publish: Publish, *, user_name: str, on_render_node: bool) -> bool:
        """Write the rows of a publish; whether the server has them now. Never raises.

        `user_name` is whose next process tells the server when it cannot be reached
        now.
        """
        deadline = self._now() + RENDER_SECONDS
        sites: Optional[Sites] = None
        while True:
            try:
                sites = sites or self._find_sites(publish.project_name)
                if not on_render_node and self._now() < self._away_until:
                    self._keep(user_name, publish, sites)
                    return False
                return self._write_once(publish, sites)
            except (ServerUnreachableError, LoginRefusedError) as error:
                if not on_render_node:
                    log.warning(
                        "Site Sync cannot be told of this publish now: %s", error
                    )
                    # A server that says that it failed may take the next one.
                    if not isinstance(error, ServerFailedError):
                        self._away_until = self._now() + AWAY_SECONDS
                    self._keep(user_name, publish, sites)
                    return False
                if self._now() >= deadline:
                    log.warning(
                        "Site Sync was not told of this publish: %s %s", error, UNTOLD
                    )
                    return False
            except ServerError as error:
                log.warning("Site Sync was not told of this publish: %s", error)
                return False
            self._sleep(RENDER_PAUSE_SECONDS)

    def _write_once(
        self, publish: Publish, sites: Sites, late: Optional[_Late] = None
    ) -> bool:
        """Write what the publish means now; whether all of it was taken."""
        project_name = publish.project_name
        try:
            replaced = self._find_replaced(publish)
        except ServerFailedError:
            if publish.new_ids or publish.replaced_ids:
                # What is known is told now; all of it again when the rest is known.
                known = replace(publish, version_ids=())
                self._write_once(known, sites, late)
            raise
        rows = self._client.list_states(project_name, replaced) if replaced else []
        ids = [*publish.new_ids, *replaced]
        if late is not None:
            ids = [one for one in ids if not late.has(project_name, one)]
        states = make_states(ids, sites, rows)
        if not states:
            return True
        if late is not None:
            states = [{**state, "writtenAt": late.written_at} for state in states]
        try:
            results = self._client.write_states(project_name, states)
        finally:
            self._states.forget(project_name, ids)
        if late is not None:
            late.said.update((project_name, one) for one in ids)
        own = {site["name"] for site in sites}
        told = [_tell_result(result, own) for result in results]
        return all(told)

    def _find_replaced(self, publish: Publish) -> list[str]:
        found = dict.fromkeys(publish.replaced_ids)
        if publish.version_ids:
            entities = self._client.find_representations(
                publish.project_name,
                version_ids=set(publish.version_ids),
                fields={"id"},
            )
            found.update(dict.fromkeys(str(entity["id"]) for entity in entities))
        return [one for one in found if one not in publish.new_ids]

    def _keep(self, user_name: str, publish: Publish, sites: Optional[Sites]) -> None:
        try:
            path = self._open_spool(user_name).keep(publish, sites)
        except OSError as error:
            log.warning("This publish cannot be kept for later: %s. %s", error, UNTOLD)
        else:
            log.warning("Site Sync is told of this publish later: '%s'", path)

    # --- told late -------------------------------------------------------------------

    def replay(self) -> int:
        """Tell the server what earlier processes could not; how many publishes.

        The newest first: of a representation that it speaks of, an older one says
        nothing more, as its files are others now.
        """
        told = 0
        said: set[tuple[str, str]] = set()
        try:
            spool = self._open_spool(self._client.read_user_name())
            offset: Optional[float] = None
            for spooled in spool.read():
                failed_at = self._failed_at.get(spooled.path.name, float("-inf"))
                if self._now() - failed_at >= FAILED_SECONDS:
                    if offset is None:
                        offset = self._find_clock_offset()
                    late = _Late(spooled.written_at + offset, said)
                    told += self._replay_one(spool, spooled, late)
                project_name = spooled.publish.project_name
                said.update((project_name, one) for one in spooled.publish.ids)
        except ServerError as error:
            log.debug("Earlier publishes go on waiting: %s", error)
        except OSError as error:
            log.warning("Earlier publishes cannot be read: %s", error)
        return told

    def _replay_one(self, spool: Spool, spooled: SpooledPublish, late: _Late) -> bool:
        """Whether it was told. Raises `ServerError` when no other can be told now."""
        held = spool.take(spooled.path)
        if held is None:
            return False
        publish = spooled.publish
        project_name = publish.project_name
        newest = (one for one in publish.version_ids if not late.has(project_name, one))
        try:
            sites = spooled.sites or self._find_sites(project_name)
            self._write_once(replace(publish, version_ids=tuple(newest)), sites, late)
        except ServerFailedError as error:
            spool.put_back(held)
            self._failed_at[spooled.path.name] = self._now()
            log.warning("An earlier publish goes on waiting: %s", error)
            return False
        except (ServerUnreachableError, LoginRefusedError):
            spool.put_back(held)
            raise
        except ServerError as error:
            log.warning(
                "An earlier publish in project '%s' cannot be told: %s",
                *(project_name, error),
            )
            spool.drop(held)
            return False
        spool.drop(held)
        return True

    def _find_clock_offset(self) -> float:
        """How many seconds the server's clock is ahead of this machine's."""
        theirs: Optional[float] = None
        with suppress(ServerFailedError):
            theirs = self._client.read_clock()
        offset = (theirs or self._wall_clock()) - self._wall_clock()
        return offset if abs(offset) > CLOCK_SECONDS else 0.0


def _tell_result(result: Mapping[str, Any], own_sites: set[str]) -> bool:
    """Whether what was told of one row holds."""
    code = result.get("errorCode")
    if not code:
        return True
    arguments = (
        *(result["representationId"], result["siteName"]),
        explain_refusal(result),
    )
    if code == NEWER:
        log.info("Site Sync: representation %s on site '%s' stays: %s", *arguments)
        return True
    if code == NOT_ALLOWED and result["siteName"] not in own_sites:
        # Somebody's machine that has the old content: the server itself wants the new
        # one there.
        log.debug("Site Sync: representation %s on site '%s': %s", *arguments)
        return True
    log.warning("Site Sync: representation %s on site '%s': %s", *arguments)
    return False
