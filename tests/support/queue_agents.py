"""Agents of the queue's state machine: what they hold, ask and tell."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.pipeline import PROJECT
from tests.support.devhost_app import Host
from tests.support.queue_stores import FOX, OWL


@dataclass
class Agent:
    """One process that moves files. It believes its leases until it is told.

    `deleted`: ids of files that it has deleted, by the token of the removal. `ended`:
    tokens of removals that are over, as the server has answered.
    """

    host: Host
    user: str
    site: str
    serve: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    held: list[dict[str, Any]] = field(default_factory=list)
    removals: list[dict[str, Any]] = field(default_factory=list)
    deleted: dict[str, list[str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    async def client(self) -> httpx.AsyncClient:
        machine = self.site if self.site in (FOX, OWL) else None
        return await self.host.client(self.user, machine)

    async def post(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        client = await self.client()
        answer = await client.post(f"{self.host.addon_path}/-/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def claim(self, most: int) -> list[dict[str, Any]]:
        """Ask for work of both kinds; return the transfers and removals given."""
        body = {
            "agent": {
                "id": self.id,
                "runId": self.run_id,
                "siteName": self.site,
                "hostname": f"host-of-{self.site}",
                "version": "2.0.0",
            },
            "projects": [PROJECT],
            "serve": list(self.serve),
            "maxTransfers": most,
            "maxRemovals": most,
        }
        answer = await self.post("claim", body)
        self.held += answer["transfers"]
        self.removals += answer["removals"]
        return [*answer["transfers"], *answer["removals"]]

    async def keeps(self, transfer: dict[str, Any]) -> bool:
        """Ask whether the work is still wanted, as agents do every two seconds."""
        body = {"agentId": self.id, "leases": [_lease(transfer)]}
        answer = await self.post("renew", body)
        is_held: bool = answer["leases"][0]["state"] == "held"
        if not is_held:
            self.held.remove(transfer)
        return is_held

    async def tell_removal(
        self,
        removal: dict[str, Any],
        *,
        finished: bool,
        failed: list[dict[str, Any]] | None = None,
    ) -> str:
        """Tell what is deleted so far; return the answered state."""
        told = {
            **_lease(removal),
            "deleted": self.deleted.get(removal["lease"]["token"], []),
            "failed": failed or [],
            "finished": finished,
        }
        answer = await self.post("report", {"agentId": self.id, "removals": [told]})
        state: str = answer["removals"][0]["state"]
        if state != "held":
            self.ended.add(removal["lease"]["token"])
        return state

    def restart(self) -> None:
        """The process was killed; another takes its place."""
        self.held.clear()
        self.removals.clear()
        self.run_id = uuid.uuid4().hex


@dataclass(frozen=True)
class LateWord:
    """What an agent told of a removal, still on its way."""

    agent: Agent
    removal: dict[str, Any]
    is_finished: bool
    failed: list[dict[str, Any]]

    async def arrive(self) -> str:
        return await self.agent.tell_removal(
            self.removal, finished=self.is_finished, failed=self.failed
        )


def report_body(
    agent: Agent,
    transfer: dict[str, Any],
    files: list[dict[str, Any]],
    *,
    finished: bool = True,
) -> dict[str, Any]:
    """The body of a report about one transfer."""
    told = {**_lease(transfer), "finished": finished, "files": files}
    return {"agentId": agent.id, "transfers": [told]}


def _lease(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "projectName": PROJECT,
        "representationId": given["representationId"],
        "siteName": given["siteName"],
        "leaseToken": given["lease"]["token"],
    }
