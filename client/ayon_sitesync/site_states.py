"""States of representations on sites: read in bulk, kept for seconds, written at once.

Some tools ask for one representation after the other. What they asked for once is
fetched together the next time, and what this process changes is forgotten.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, TypeVar

from .bounded_calls import READ_SECONDS, call_bounded
from .errors import (
    GivenUpError,
    RequestRefusedError,
    ServerError,
    SiteAlreadyPresentError,
    UnknownSiteError,
)
from .server_api.host_client import HostClient
from .statuses import SiteSyncStatus, round_progress

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
SILENT_SECONDS = 10.0
"""After a failed read the next ones answer with defaults at once for so long."""
MOST_REMEMBERED = 5000
MOST_TOGETHER = 1000

V = TypeVar("V")


@dataclass(frozen=True)
class SiteState:
    """A representation on one site. `progress` is 0 to 1, 1 only when all is there."""

    status: int
    progress: float


Pair = tuple[Optional[str], ...]
_Key = tuple[str, Pair]


class SiteStates:
    """Reads and writes of states. Reads log failures and answer with defaults."""

    def __init__(
        self,
        client: HostClient,
        now: Callable[[], float] = time.monotonic,
        patience_seconds: float = READ_SECONDS,
    ) -> None:
        self._client = client
        self._now = now
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._known: dict[
            _Key, OrderedDict[str, tuple[float, dict[str, SiteState]]]
        ] = {}
        self._silent_until = float("-inf")
        self._changes = 0
        """How often something was forgotten, to tell answers that are of before."""

    # --- reads -----------------------------------------------------------------------

    def read_versions(
        self, project_name: str, version_ids: Iterable[str], sites: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        """Complete representations of versions by site; all zero when not to be had."""
        ids = list(dict.fromkeys(version_ids))
        names = _real_names(sites)
        if not ids or not names or self._is_silent():
            return {}
        try:
            return self._ask(
                lambda: self._client.read_version_availability(project_name, ids, names)
            )
        except ServerError as error:
            self._note_failure("availability of versions", error)
            return {}

    def read(
        self, project_name: str, representation_ids: Iterable[str], sites: Pair
    ) -> dict[str, dict[str, SiteState]]:
        """States by representation and site, as they are now."""
        ids = list(dict.fromkeys(representation_ids))
        if not ids or not _real_names(sites) or self._is_silent():
            return {}
        try:
            return self._ask(lambda: self._fetch(project_name, ids, sites))
        except ServerError as error:
            self._note_failure("states", error)
            return {}

    def read_one(
        self, project_name: str, representation_id: str, sites: Pair
    ) -> dict[str, SiteState]:
        """States of one representation by site, at most some seconds old."""
        found = self._find_fresh(project_name, representation_id, sites)
        if found is not None:
            return found
        if self._is_silent() or not _real_names(sites):
            return {}
        with self._fetching:
            # Another thread has asked meanwhile, perhaps in vain.
            found = self._find_fresh(project_name, representation_id, sites)
            if found is not None or self._is_silent():
                return found or {}
            ids = self._find_companions(project_name, representation_id, sites)
            try:
                fetched = self._ask(lambda: self._fetch(project_name, ids, sites))
            except ServerError as error:
                self._note_failure("states", error)
                return {}
        return fetched.get(representation_id, {})

    def list_all(
        self,
        project_name: str,
        representation_ids: Iterable[str],
        site_names: Optional[Sequence[str]] = None,
    ) -> list[dict[str, Any]]:
        """`[{"representationId", "siteName", "status"}]` of every site."""
        ids = list(dict.fromkeys(representation_ids))
        if not ids or self._is_silent():
            return []
        try:
            return self._ask(
                lambda: self._client.list_states(project_name, ids, site_names)
            )
        except ServerError as error:
            self._note_failure("states", error)
            return []

    def is_present(
        self,
        project_name: str,
        representation_id: str,
        site_name: str,
        max_retries: Optional[int],
    ) -> bool:
        """Whether all files are on the site. Raises `GivenUpError` when `max_retries`
        is given and a file failed as often."""
        state = self.read_one(project_name, representation_id, (site_name,)).get(
            site_name
        )
        if state is None:
            return False
        if state.status == SiteSyncStatus.FAILED and max_retries is not None:
            self._check_failures(
                project_name, representation_id, site_name, max_retries
            )
        return state.status == SiteSyncStatus.OK

    def _check_failures(
        self, project_name: str, representation_id: str, site_name: str, most: int
    ) -> None:
        for file in self.read_files(project_name, representation_id, site_name):
            state = file["localStatus"]
            is_failed = state["status"] == SiteSyncStatus.FAILED
            if is_failed and state["retries"] >= max(most, 1):
                raise GivenUpError(
                    f"'{file['path']}' failed {state['retries']} times on site"
                    f" '{site_name}': {state.get('message') or 'no reason given'}"
                )

    def read_files(
        self, project_name: str, representation_id: str, site_name: str
    ) -> list[dict[str, Any]]:
        """Files of a representation with `localStatus` of the site."""
        params = {
            "localSite": site_name,
            "remoteSite": site_name,
            "representationIds": [representation_id],
        }
        try:
            items = self._ask(lambda: self._client.read_pair(project_name, params))
        except ServerError as error:
            self._note_failure("files", error)
            return []
        files: list[dict[str, Any]] = items[0]["files"] if items else []
        return files

    def _ask(self, call: Callable[[], V]) -> V:
        return call_bounded(call, self._patience_seconds)

    def _fetch(
        self, project_name: str, ids: Sequence[str], sites: Pair
    ) -> dict[str, dict[str, SiteState]]:
        started_at, changes = self._now(), self._changes
        answer = self._client.read_availability(project_name, ids, _real_names(sites))
        found = {
            representation_id: {
                site_name: _make_state(state)
                for site_name, state in answer.get(representation_id, {}).items()
            }
            for representation_id in ids
        }
        with self._lock:
            if changes != self._changes:
                started_at = float("-inf")
            known = self._known.setdefault((project_name, sites), OrderedDict())
            for representation_id, states in found.items():
                known[representation_id] = (started_at, states)
                known.move_to_end(representation_id)
            while len(known) > MOST_REMEMBERED:
                known.popitem(last=False)
            while len(self._known) > MOST_REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return found

    def _find_fresh(
        self, project_name: str, representation_id: str, sites: Pair
    ) -> Optional[dict[str, SiteState]]:
        with self._lock:
            known = self._known.get((project_name, sites))
            entry = known.get(representation_id) if known else None
            if entry is None or self._now() - entry[0] >= FRESH_SECONDS:
                return None
            return entry[1]

    def _find_companions(
        self, project_name: str, representation_id: str, sites: Pair
    ) -> list[str]:
        """The wanted id and others that were asked for before and are stale now."""
        with self._lock:
            known = self._known.get((project_name, sites), OrderedDict())
            now = self._now()
            if representation_id not in known:
                return [representation_id]
            stale = [
                other for other, (at, _) in known.items() if now - at >= FRESH_SECONDS
            ]
        recent = [other for other in reversed(stale) if other != representation_id]
        return [representation_id, *recent[: MOST_TOGETHER - 1]]

    def forget(self, project_name: str, representation_ids: Iterable[str]) -> None:
        """What is known of these is over: someone here changed it."""
        ids = set(representation_ids)
        with self._lock:
            self._changes += 1
            for (name, _), known in self._known.items():
                if name != project_name:
                    continue
                for representation_id in ids & known.keys():
                    # Kept as asked for, so that it is fetched with the others.
                    known[representation_id] = (float("-inf"), {})
            self._silent_until = float("-inf")

    def _is_silent(self) -> bool:
        return self._now() < self._silent_until

    def _note_failure(self, what: str, error: ServerError) -> None:
        log.warning("Site Sync: %s cannot be read: %s", what, error)
        if not isinstance(error, RequestRefusedError):
            self._silent_until = self._now() + SILENT_SECONDS

    # --- writes ----------------------------------------------------------------------

    def add(
        self,
        project_name: str,
        representation_id: str,
        site_name: str,
        *,
        status: int,
        file_id: Optional[str] = None,
        force: bool = False,
    ) -> None:
        """Make or reset the row of a site. Raises `SiteAlreadyPresentError`,
        `UnknownSiteError`, else `ServerError`."""
        if not force and self._has_row(project_name, representation_id, site_name):
            raise SiteAlreadyPresentError(
                f"Representation {representation_id} is on site '{site_name}' already."
            )
        state: dict[str, Any] = {
            "representationId": representation_id,
            "siteName": site_name,
        }
        if file_id is None:
            state.update(status=status, reset=force)
        else:
            state["files"] = [{"id": file_id, "fileHash": "", "status": status}]
        # Cut short, it may be done all the same; done twice, it is the same.
        self._ask(lambda: self.write(project_name, [state]))

    def _has_row(
        self, project_name: str, representation_id: str, site_name: str
    ) -> bool:
        rows = self._ask(
            lambda: self._client.list_states(
                project_name, [representation_id], [site_name]
            )
        )
        return any(row["status"] != SiteSyncStatus.NA for row in rows)

    def write(self, project_name: str, states: Sequence[Mapping[str, Any]]) -> None:
        """Write rows; the first one that is refused is raised, the others stand."""
        for error in self.write_each(project_name, states).values():
            raise error

    def write_each(
        self, project_name: str, states: Sequence[Mapping[str, Any]]
    ) -> dict[str, Exception]:
        """Write rows; why those of a representation were refused, the others stand."""
        ids = [str(state["representationId"]) for state in states]
        try:
            results = self._client.write_states(project_name, states)
        finally:
            self.forget(project_name, ids)
        return {
            str(result["representationId"]): explain_refusal(result)
            for result in results
            if result.get("errorCode")
        }

    def remove(self, project_name: str, representation_id: str, site: str) -> None:
        """Forget a representation on a site. Raises `RequestRefusedError` with code
        `last_copy` for the only copy."""
        try:
            self._ask(
                lambda: self._client.delete_state(project_name, representation_id, site)
            )
        finally:
            self.forget(project_name, [representation_id])


def explain_refusal(result: Mapping[str, Any]) -> Exception:
    """The error that one element of a bulk answer means."""
    code = str(result.get("errorCode") or "")
    detail = str(result.get("detail") or code)
    if code == "unknown_site":
        return UnknownSiteError(detail)
    return RequestRefusedError(detail, status=400, code=code)


def _real_names(sites: Iterable[Optional[str]]) -> list[str]:
    return list(dict.fromkeys(name for name in sites if name))


def _make_state(state: Mapping[str, Any]) -> SiteState:
    status = int(state["status"])
    return SiteState(status, round_progress(status, float(state.get("progress") or 0)))
