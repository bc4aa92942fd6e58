"""Writes the states of a publish: one request, or a note on disk for later.

A publish never fails because of Site Sync: the files are where they should be, and the
server gives default rows to representations that nobody told it about.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .errors import RequestRefusedError, ServerError, ServerUnreachableError
from .server_api.host_client import HostClient
from .site_states import SiteStates, explain_refusal
from .spool import Spool, SpooledStates
from .statuses import SiteSyncStatus

log = logging.getLogger(__name__)

RENDER_SECONDS = 60.0
"""How long a render node tries: it has no next process of that user."""
RENDER_PAUSE_SECONDS = 5.0

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


class PublishStates:
    """Tells the server what a publish made, whatever the server's health."""

    def __init__(
        self,
        client: HostClient,
        states: SiteStates,
        open_spool: Callable[[str], Spool],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._states = states
        self._open_spool = open_spool
        self._sleep = sleep
        self._now = now

    def write(
        self,
        project_name: str,
        new_ids: Sequence[str],
        replaced_ids: Sequence[str],
        sites: Sites,
        *,
        user_name: str,
        on_render_node: bool,
    ) -> bool:
        """Write the rows of a publish; whether the server has them now. Never raises.

        `replaced_ids` existed before this publish. `user_name` is whose next process
        tells the server when it cannot be reached now.
        """
        deadline = self._now() + RENDER_SECONDS
        while True:
            try:
                return self._write_once(project_name, new_ids, replaced_ids, sites)
            except ServerUnreachableError as error:
                if not on_render_node:
                    log.warning("Site Sync is told later: %s", error)
                    states = make_states([*new_ids, *replaced_ids], sites)
                    self._keep(user_name, project_name, states)
                    return False
                if self._now() >= deadline:
                    log.warning(
                        "Site Sync was not told of this publish: %s Queue its"
                        " representations in the panel when the server is back.",
                        error,
                    )
                    return False
            except ServerError as error:
                log.warning("Site Sync was not told of this publish: %s", error)
                return False
            self._sleep(RENDER_PAUSE_SECONDS)

    def _write_once(
        self,
        project_name: str,
        new_ids: Sequence[str],
        replaced_ids: Sequence[str],
        sites: Sites,
    ) -> bool:
        rows = (
            self._client.list_states(project_name, replaced_ids) if replaced_ids else []
        )
        states = make_states([*new_ids, *replaced_ids], sites, rows)
        if not states:
            return True
        results = self._client.write_states(project_name, states)
        self._states.forget(project_name, [*new_ids, *replaced_ids])
        refused = [result for result in results if result.get("errorCode")]
        for result in refused:
            log.warning(
                "Site Sync: representation %s on site '%s': %s",
                result["representationId"],
                result["siteName"],
                explain_refusal(result),
            )
        return not refused

    def _keep(
        self, user_name: str, project_name: str, states: Sequence[Mapping[str, Any]]
    ) -> None:
        try:
            path = self._open_spool(user_name).keep(project_name, states)
        except OSError as error:
            log.warning("The states of this publish cannot be kept: %s", error)
        else:
            log.info("The states of this publish wait in '%s'", path)

    def replay(self) -> int:
        """Tell the server what earlier processes could not; how many publishes."""
        told = 0
        try:
            spool = self._open_spool(self._client.read_user_name())
            for spooled in spool.read():
                if self._replay_one(spooled):
                    told += 1
                spool.drop(spooled.path)
        except ServerError as error:
            log.debug("States of earlier publishes go on waiting: %s", error)
        except OSError as error:
            log.warning("States of earlier publishes cannot be read: %s", error)
        return told

    def _replay_one(self, spooled: SpooledStates) -> bool:
        try:
            newer = self._find_newer_rows(spooled)
            states = [
                state
                for state in spooled.states
                if (state["representationId"], state["siteName"]) not in newer
            ]
            if states:
                self._client.write_states(spooled.project_name, states)
        except RequestRefusedError as error:
            log.warning("States of an earlier publish were refused: %s", error)
            return False
        return True

    def _find_newer_rows(self, spooled: SpooledStates) -> set[tuple[str, str]]:
        """Rows that someone wrote after the publish: those stay."""
        ids = sorted({str(state["representationId"]) for state in spooled.states})
        sites = sorted({str(state["siteName"]) for state in spooled.states})
        body = {"siteNames": sites, "representationIds": ids}
        return {
            (str(row["representationId"]), site_name)
            for row in self._client.iterate_rows(spooled.project_name, body)
            for site_name, state in row["sites"].items()
            if float(state["changedAt"] or 0) > spooled.written_at
        }
