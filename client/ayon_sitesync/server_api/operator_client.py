"""Requests of the command line: the queue, agents, problems, jobs, left-over files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional

from ..errors import RequestRefusedError
from .state_client import PAGE_ROWS, StateClient, named_failures

HTTP_NOT_FOUND = 404


class OperatorClient(StateClient):
    """The server as who looks after it sees it. Methods may raise `ServerError`."""

    # --- the server itself -----------------------------------------------------------

    def read_server_info(self) -> dict[str, Any]:
        """What AYON says of itself and, logged in, of the user."""
        found: dict[str, Any] = self._request("get", "info")
        return found

    def explain_refusal(self, error: RequestRefusedError) -> Optional[str]:
        """What a refusal of the path itself means; None for every other one."""
        if error.status != HTTP_NOT_FOUND or error.code:
            return None
        version = self.find_addon_version()
        return (
            f"--addon-version: the server has no Site Sync {version} with this"
            f" request ({error})."
        )

    # --- the queue -------------------------------------------------------------------

    def read_transfers(
        self, project_name: str, first: int, site_names: Sequence[str]
    ) -> dict[str, Any]:
        """`{"moving", "queued", "queuedTotal"}` of the named sites; none = all."""
        params: dict[str, Any] = {"first": first}
        if site_names:
            params["siteName"] = list(site_names)
        found: dict[str, Any] = self._request(
            "get", self._addon(f"{project_name}/transfers"), params=params
        )
        return found

    def read_job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._request("get", self._addon(f"-/jobs/{job_id}"))
        return found

    def list_agents(self) -> list[dict[str, Any]]:
        agents: list[dict[str, Any]] = self._request("get", self._addon("-/agents"))[
            "agents"
        ]
        return agents

    def list_problems(self, project_name: str) -> list[dict[str, Any]]:
        """`[{"code", "severity", "siteName", "text", "todo", ...}]`, errors first."""
        problems: list[dict[str, Any]] = self._request(
            "get", self._addon(f"{project_name}/problems")
        )["problems"]
        return problems

    # --- entities --------------------------------------------------------------------

    def find_folder_id(self, project_name: str, path: str) -> Optional[str]:
        """The id of the folder of that path; None when there is none."""
        with self._turn, named_failures():
            found = self.connect().get_folder_by_path(project_name, path, fields={"id"})
        return str(found["id"]) if found else None

    # --- files of what was deleted ---------------------------------------------------

    def iterate_tombstones(
        self, project_name: str, site_name: str
    ) -> Iterator[dict[str, Any]]:
        """`{"representationId", "siteName", "files": [{"path", "size"}],
        "deletedAt"}` of what was deleted in AYON and may be on a site still."""
        after: Optional[str] = None
        endpoint = self._addon(f"{project_name}/tombstones")
        while True:
            params: dict[str, Any] = {"siteName": site_name, "first": PAGE_ROWS}
            if after is not None:
                params["after"] = after
            answer = self._request("get", endpoint, params=params)
            yield from answer["tombstones"]
            if not answer["pageInfo"]["hasNextPage"]:
                return
            after = answer["pageInfo"]["endCursor"]

    def remove_tombstones(
        self, project_name: str, site_name: str, representation_ids: Sequence[str]
    ) -> dict[str, Any]:
        """Have agents of the site delete the files of deleted representations."""
        body = {"siteName": site_name, "representationIds": list(representation_ids)}
        return self._post(project_name, "tombstones/remove", body)
