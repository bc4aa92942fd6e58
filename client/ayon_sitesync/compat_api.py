"""The rest of the addon's methods under their known names.

Nobody outside of Site Sync is known to call them; studios' own scripts may. Pauses,
priorities and checks are the server's: they last and hold for everyone.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from . import host
from .bounded_calls import READ_SECONDS, call_bounded
from .core_api import CoreApi
from .errors import ServerError
from .sites import DEFAULT_LOOP_DELAY_SECONDS
from .statuses import SiteSyncStatus, SyncStatus

log = logging.getLogger(__name__)

PAGE_ROWS = 10_000


class CompatApi(CoreApi):
    """Mixin of the addon: validation, pauses, single files, old queries."""

    REPRESENTATION_LIMIT = 100
    LOG_PROGRESS_SEC = 5
    DEFAULT_PRIORITY = 50

    def _prepare_state(self) -> None:
        self.lock = threading.Lock()
        self.long_running_tasks: deque[Any] = deque()
        self.projects_processed: set[str] = set()

    # --- disk and project ------------------------------------------------------------

    def validate_project(
        self, project_name: str, site_name: str, reset_missing: bool = False
    ) -> dict[str, int]:
        """Look which files are on a site of this machine and tell the server.

        `reset_missing` queues again what should be there and is not. Returns counts of
        files, `{"present", "missing"}`.
        """
        files = self._services.open_local_files(project_name, site_name)
        if files is None:
            log.warning("'%s' is no disk site of this machine", site_name)
            return {"present": 0, "missing": 0}
        return files.validate(reset_missing=reset_missing)

    def clear_project(self, project_name: str, site_name: str) -> dict[str, Any]:
        """Remove a project's files and rows from a site, but for last copies."""
        return self._run_verb(project_name, "remove", site_name, {"all": True})

    def get_local_file_path(
        self, project_name: str, site_name: str, file_path: str
    ) -> str:
        """Where a rootless path is on a disk site. `PathError` when nowhere."""
        return self._services.resolve(project_name, site_name, file_path)

    def get_anatomy(self, project_name: str) -> Any:
        return host.make_anatomy(project_name)

    def get_loop_delay(self, project_name: str) -> int:
        """The longest wait between two looks for work, in seconds."""
        config = self._services.settings.find(project_name).settings.get("config") or {}
        return int(config.get("loop_delay") or DEFAULT_LOOP_DELAY_SECONDS)

    def set_sync_project_settings(self, exclude_locals: bool = False) -> None:
        """Read the settings of all projects anew."""
        for name in self._services.settings.list_projects():
            self._services.settings.read_anew(name)

    # --- pauses ----------------------------------------------------------------------

    def pause_representation(
        self, project_name: str, representation_id: str, site_name: str
    ) -> None:
        selection = {"representationIds": [representation_id]}
        self._run_verb(project_name, "pause", site_name, selection)

    def unpause_representation(
        self, project_name: str, representation_id: str, site_name: str
    ) -> None:
        selection = {"representationIds": [representation_id]}
        self._run_verb(project_name, "resume", site_name, selection)

    def is_representation_paused(
        self,
        representation_id: str,
        check_parents: bool = False,
        project_name: Optional[str] = None,
    ) -> bool:
        """Whether it is paused on a site of this user; `project_name` is needed."""
        if project_name is None:
            return check_parents and self.is_paused()
        sites = (self.get_active_site(project_name), self.get_remote_site(project_name))
        states = self._services.states.read_one(project_name, representation_id, sites)
        if any(state.status == SiteSyncStatus.PAUSED for state in states.values()):
            return True
        return check_parents and self.is_project_paused(project_name, True)

    def set_priority(
        self, project_name: str, representation_id: str, site_name: str, priority: int
    ) -> None:
        """1 to 1000, higher first."""
        selection = {"representationIds": [representation_id]}
        body = {"priority": priority}
        self._run_verb(project_name, "priority", site_name, selection, body)

    def pause_project(self, project_name: str) -> None:
        """Pause this machine in one project; it lasts until `unpause_project`."""
        self._pause({"projectName": project_name}, paused=True)

    def unpause_project(self, project_name: str) -> None:
        self._pause({"projectName": project_name}, paused=False)

    def is_project_paused(self, project_name: str, check_parents: bool = False) -> bool:
        """Whether the project is paused, for all or for this machine."""
        pauses = [
            pause
            for pause in self._list_pauses()
            if pause["projectName"] == project_name and self._concerns_us(pause)
        ]
        return bool(pauses) or (check_parents and self.is_paused())

    def pause_server(self) -> None:
        """Pause this machine; it lasts until `unpause_server`."""
        self._pause({}, paused=True)

    def unpause_server(self) -> None:
        self._pause({}, paused=False)

    def is_paused(self) -> bool:
        """Whether this machine, or all of the studio, is paused."""
        return any(
            not pause["projectName"] and self._concerns_us(pause)
            for pause in self._list_pauses()
        )

    def _concerns_us(self, pause: Mapping[str, Any]) -> bool:
        is_own: bool = pause["siteName"] == self._services.site_id
        return is_own or pause["scope"] != "site"

    def _pause(self, where: Mapping[str, Any], *, paused: bool) -> None:
        site_id = self._services.site_id
        body = {"scope": "site", "siteName": site_id, **where, "paused": paused}
        self._services.client.write_pause(body)
        self._services.wake.send()

    def _list_pauses(self) -> list[dict[str, Any]]:
        try:
            return call_bounded(self._services.client.list_pauses, READ_SECONDS)
        except ServerError as error:
            log.warning("Site Sync: pauses cannot be read: %s", error)
            return []

    def _run_verb(
        self,
        project_name: str,
        verb: str,
        site_name: str,
        selection: Mapping[str, Any],
        more: Optional[Mapping[str, Any]] = None,
    ) -> dict[str, Any]:
        body = {
            "siteNames": [self._services.normalize(site_name)],
            "selection": selection,
            **(more or {}),
        }
        answer = self._services.client.run_verb(project_name, verb, body)
        self._services.states.forget(
            project_name, selection.get("representationIds") or []
        )
        self._services.wake.send()
        return answer

    # --- single files and old queries ------------------------------------------------

    def reset_site_on_representation(
        self,
        project_name: str,
        representation_id: str,
        side: Optional[str] = None,
        file_id: Optional[str] = None,
        site_name: Optional[str] = None,
    ) -> None:
        """Queue a representation or a file again, on a site or on a side (`local`,
        `remote`) of this user."""
        if side and site_name:
            raise ValueError("Give 'side' or 'site_name', not both.")
        if side == "local":
            site_name = self.get_active_site(project_name)
        elif side:
            site_name = self.get_remote_site(project_name)
        self.add_site(project_name, representation_id, site_name, file_id, force=True)

    def update_db(  # noqa: PLR0913, PLR0917 - others' providers call it so
        self,
        project_name: str,
        repre_status: Mapping[str, Any],
        site_name: str,
        new_file_id: Optional[str] = None,
        file: Optional[Mapping[str, Any]] = None,
        side: Optional[str] = None,
        error: Optional[str] = None,
        progress: Optional[float] = None,
        priority: Optional[int] = None,
        pause: Optional[bool] = None,
    ) -> None:
        """Tell what became of one file on a site; providers of others call it."""
        state: dict[str, Any] = {
            "representationId": repre_status["representationId"],
            "siteName": self._services.normalize(site_name),
        }
        if priority is not None:
            state["priority"] = priority
        if file is not None:
            before = file.get(f"{side or 'local'}Status") or {}
            posted = {"id": file["id"], "fileHash": file.get("fileHash") or ""}
            posted.update(
                _describe_file(before, file, new_file_id, error, progress, pause)
            )
            state["files"] = [posted]
        elif pause is not None:
            state["status"] = SiteSyncStatus.PAUSED if pause else SiteSyncStatus.QUEUED
        else:
            state["files"] = []
        self._services.states.write(project_name, [state])

    def handle_alternate_site(
        self,
        project_name: str,
        representation_id: str,
        processed_site: str,
        file_id: Optional[str] = None,
    ) -> None:
        """Nothing to do: the server writes aliases together with their twin."""

    def check_status(
        self,
        file_state: Mapping[str, Any],
        local_site: str,
        remote_site: str,
        config_preset: Mapping[str, Any],
    ) -> int:
        """A `SyncStatus`: what this machine would do for a file or representation."""
        if self._services.site_id not in (local_site, remote_site):
            return SyncStatus.DO_NOTHING
        local, remote = file_state["localStatus"], file_state["remoteStatus"]
        is_local = local["status"] == SiteSyncStatus.OK
        is_remote = remote["status"] == SiteSyncStatus.OK
        most = int(config_preset["retry_cnt"])
        if is_remote and not is_local and local["retries"] <= most:
            return SyncStatus.DO_DOWNLOAD
        if is_local and not is_remote and remote["retries"] <= most:
            return SyncStatus.DO_UPLOAD
        return SyncStatus.DO_NOTHING

    def get_sync_representations(
        self, project_name: str, active_site: str, remote_site: str, limit: int = 10
    ) -> list[dict[str, Any]]:
        """Items of `GET state` with something to do between two sites."""
        ok, queued = [SiteSyncStatus.OK], [SiteSyncStatus.QUEUED]
        params = {"pageLength": min(max(limit, 1), PAGE_ROWS)}
        pair = (active_site, remote_site)
        upload = {"localStatusFilter": ok, "remoteStatusFilter": queued, **params}
        found = self._read_pair(project_name, pair, upload)
        if len(found) < limit:
            download = {"localStatusFilter": queued, "remoteStatusFilter": ok, **params}
            found += self._read_pair(project_name, pair, download)
        return found

    def get_repre_sync_state(
        self,
        project_name: str,
        representation_id: str,
        local_site_name: str,
        remote_site_name: Optional[str] = None,
        **kwargs: Any,
    ) -> Optional[dict[str, Any]]:
        """The item of `GET state`; None when neither site has a row."""
        pair = (local_site_name, remote_site_name or local_site_name)
        params = {"representationIds": [representation_id], **kwargs}
        for item in self._read_pair(project_name, pair, params):
            sides = (item["localStatus"], item["remoteStatus"])
            if any(side["status"] != SiteSyncStatus.NA for side in sides):
                return item
        return None

    def get_repre_info_for_versions(
        self,
        project_name: str,
        version_ids: Iterable[str],
        active_site: str,
        remote_site: str,
    ) -> list[dict[str, Any]]:
        """`[{"id", "repre_count", "avail_repre_local", "avail_repre_remote"}]`."""
        ids = list(dict.fromkeys(version_ids))
        counts = self.get_version_availability(
            project_name, ids, active_site, remote_site
        )
        try:
            found = call_bounded(
                lambda: self._services.client.find_representations(
                    project_name, version_ids=set(ids), fields={"id", "versionId"}
                ),
                READ_SECONDS,
            )
        except ServerError as error:
            log.warning("Site Sync: representations cannot be read: %s", error)
            found = []
        totals = Counter(entity["versionId"] for entity in found)
        return [
            {
                "id": version_id,
                "repre_count": totals[version_id],
                "avail_repre_local": counts[version_id][0],
                "avail_repre_remote": counts[version_id][1],
            }
            for version_id in ids
        ]

    def _read_pair(
        self, project_name: str, pair: tuple[str, str], more: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        params = {"localSite": pair[0], "remoteSite": pair[1], **more}
        try:
            return call_bounded(
                lambda: self._services.client.read_pair(project_name, params),
                READ_SECONDS,
            )
        except ServerError as error:
            log.warning("Site Sync: states cannot be read: %s", error)
            return []


def _describe_file(
    before: Mapping[str, Any],
    file: Mapping[str, Any],
    new_file_id: Optional[str],
    error: Optional[str],
    progress: Optional[float],
    pause: Optional[bool],
) -> dict[str, Any]:
    """What a call of `update_db` says about its file. An error may have no text."""
    size = int(file.get("size") or 0)
    if new_file_id:
        return {"status": SiteSyncStatus.OK, "size": size}
    if pause is not None:
        status = SiteSyncStatus.PAUSED if pause else SiteSyncStatus.QUEUED
        return {"status": status}
    if error is not None:
        return {
            "status": SiteSyncStatus.FAILED,
            "message": error or "It failed without a reason.",
            "retries": int(before.get("retries") or 0) + 1,
        }
    share = min(max(float(progress or 0), 0.0), 1.0)
    return {"status": SiteSyncStatus.IN_PROGRESS, "size": int(size * share)}
