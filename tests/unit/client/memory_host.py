"""The server as the addon's parts see it, in memory; counts its requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ayon_sitesync.errors import ServerError, ServerUnreachableError
from ayon_sitesync.statuses import SiteSyncStatus

OK = SiteSyncStatus.OK


class MemoryHost:
    """Rows by (representation, site) with status and time of the last write."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], int] = {}
        self.changed_at: dict[tuple[str, str], float] = {}
        self.requests: list[str] = []
        self.written: list[Mapping[str, Any]] = []
        self.refused: dict[str, str] = {}
        self.settings: dict[str, Any] = {"enabled": True, "sites": []}
        self.shared: dict[str, Any] = {"enabled": True, "sites": []}
        self.is_down = False
        self.refusal: ServerError | None = None
        self.now = 1000.0
        self.user_name = "artist"

    def _ask(self, what: str) -> None:
        self.requests.append(what)
        if self.is_down:
            raise ServerUnreachableError("The AYON server cannot be reached.")
        if self.refusal is not None:
            raise self.refusal

    # --- settings

    def read_settings(self, project_name: str) -> dict[str, Any]:
        self._ask("settings")
        return dict(self.settings)

    def read_shared_settings(self, project_name: str) -> dict[str, Any]:
        self._ask("shared settings")
        return dict(self.shared)

    def read_studio_settings(self) -> dict[str, Any]:
        self._ask("studio settings")
        return dict(self.shared)

    def read_studio_roots(self, project_name: str, platform: str) -> dict[str, str]:
        self._ask("roots")
        return {"work": "/mnt/studio"}

    def read_user_name(self) -> str:
        self._ask("user")
        return self.user_name

    # --- states

    def read_availability(
        self, project_name: str, ids: Sequence[str], sites: Sequence[str]
    ) -> dict[str, dict[str, dict[str, Any]]]:
        self._ask("availability")
        return {
            one: {
                site: {"status": status, "progress": float(status == OK)}
                for (row, site), status in self.rows.items()
                if row == one and site in sites
            }
            for one in ids
        }

    def read_version_availability(
        self, project_name: str, ids: Sequence[str], sites: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        self._ask("versions")
        return {}

    def list_states(
        self, project_name: str, ids: Sequence[str], sites: Iterable[str] | None = None
    ) -> list[dict[str, Any]]:
        self._ask("states")
        return [
            {"representationId": row, "siteName": site, "status": status}
            for (row, site), status in self.rows.items()
            if row in ids and (sites is None or site in sites)
        ]

    def write_states(
        self, project_name: str, states: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        self._ask("write")
        results = []
        for state in states:
            key = (str(state["representationId"]), str(state["siteName"]))
            code = self.refused.get(key[1])
            if code is None:
                self.written.append(state)
                self.rows[key] = state.get("status", SiteSyncStatus.NA)
                self.changed_at[key] = self.now
            results.append(
                {
                    "representationId": key[0],
                    "siteName": key[1],
                    "errorCode": code,
                    "detail": code and f"Refused: {code}.",
                }
            )
        return results

    def iterate_rows(
        self, project_name: str, body: Mapping[str, Any]
    ) -> Iterable[dict[str, Any]]:
        self._ask("rows")
        return [
            {
                "representationId": one,
                "sites": {
                    site: {"changedAt": at}
                    for (row, site), at in self.changed_at.items()
                    if row == one and site in body["siteNames"]
                },
            }
            for one in body["representationIds"]
        ]
