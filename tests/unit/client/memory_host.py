"""The server as the addon's parts see it, in memory; counts its requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ayon_sitesync.errors import ServerError, ServerUnreachableError
from ayon_sitesync.statuses import SiteSyncStatus

OK = SiteSyncStatus.OK


class MemoryHost:
    """Rows by (representation, site) with status and time of the last write."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], int] = {}
        self.changed_at: dict[tuple[str, str], float] = {}
        self.concluded: set[tuple[str, str]] = set()
        """Rows that the server itself made."""
        self.versions: dict[str, list[str]] = {}
        self.clock_ahead = 0.0
        self.requests: list[str] = []
        self.written: list[Mapping[str, Any]] = []
        self.refused: dict[str, str] = {}
        self.settings: dict[str, Any] = {"enabled": True, "sites": []}
        self.shared: dict[str, Any] = {"enabled": True, "sites": []}
        self.is_down = False
        self.wait: Callable[[], object] = lambda: None
        """Called before each answer."""
        self.refusal: ServerError | None = None
        self.fail: Callable[[str, str], None] = lambda what, project_name: None
        """May raise at a write or a read of settings of a project."""
        self.now = 1000.0
        self.user_name = "artist"

    def _ask(self, what: str) -> None:
        self.requests.append(what)
        self.wait()
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
        self.fail("write", project_name)
        results = []
        for state in states:
            key = (str(state["representationId"]), str(state["siteName"]))
            code = self.refused.get(key[1])
            written_at = state.get("writtenAt")
            if (
                written_at is not None
                and self.changed_at.get(key, 0) > written_at
                and key not in self.concluded
            ):
                code = "newer_state"
            if code is None:
                self.written.append(state)
                self.rows[key] = state.get("status", SiteSyncStatus.NA)
                self.changed_at[key] = self.now + self.clock_ahead
                self.concluded.discard(key)
            results.append(
                {
                    "representationId": key[0],
                    "siteName": key[1],
                    "errorCode": code,
                    "detail": code and f"Refused: {code}.",
                }
            )
        return results

    def find_representations(
        self, project_name: str, *, version_ids: set[str], fields: set[str]
    ) -> list[dict[str, Any]]:
        self._ask("representations")
        return [
            {"id": one}
            for version_id in sorted(version_ids)
            for one in self.versions[version_id]
        ]

    def read_clock(self) -> float:
        self._ask("clock")
        return self.now + self.clock_ahead
