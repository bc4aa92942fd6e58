"""An agent that talks to the queue's endpoints, and work for it."""

import uuid
from typing import Any

import httpx

from tests.integration.pipeline import Pipeline, Published
from tests.support.devhost_app import Host

SITE = "brisk-amber-fox"
CHECKSUM = f"xxh3:{'ab' * 16}"


class Agent:
    """An agent of a machine site, talking to the endpoints."""

    def __init__(
        self, client: httpx.AsyncClient, base: str, site: str = SITE, **extra: Any
    ) -> None:
        self.client = client
        self.base = base
        self.id = uuid.uuid4().hex
        self.description = {
            "id": self.id,
            "siteName": site,
            "hostname": "ws042",
            "version": "2.0.0",
            "roots": {"work": "/data"},
            **extra,
        }

    async def post(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.post(f"{self.base}/-/{verb}", json=body)

    def claim_body(self, **extra: Any) -> dict[str, Any]:
        return {"agent": self.description, "projects": ["demo"], **extra}

    async def answer(self, **extra: Any) -> dict[str, Any]:
        answer = await self.post("claim", self.claim_body(**extra))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def claim(self, **extra: Any) -> list[dict[str, Any]]:
        transfers: list[dict[str, Any]] = (await self.answer(**extra))["transfers"]
        return transfers

    async def report(
        self,
        transfer: dict[str, Any],
        files: list[dict[str, Any]],
        finished: bool = False,
    ) -> dict[str, Any]:
        body = {
            "agentId": self.id,
            "transfers": [{**key(transfer), "finished": finished, "files": files}],
        }
        answer = await self.post("report", body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["transfers"][0]
        return result


def key(transfer: dict[str, Any]) -> dict[str, Any]:
    return {
        "projectName": transfer["projectName"],
        "representationId": transfer["representationId"],
        "siteName": transfer["siteName"],
        "leaseToken": transfer["lease"]["token"],
    }


def done(file: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 4,
        "bytesDone": file["size"],
        "checksum": CHECKSUM,
        "proof": "content",
        "sourceRead": True,
        **extra,
    }


def failed(file: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 2,
        "errorClass": "retryable",
        "message": "disk full",
        **extra,
    }


async def queue(
    host: Host,
    pipeline: Pipeline,
    artist: httpx.AsyncClient,
    files: int = 2,
    priority: int = 50,
    **publish: Any,
) -> Published:
    published = await pipeline.publish(files=files, **publish)
    base = f"{host.addon_path}/{pipeline.project}/state/{published.id}"
    manager = await host.client("manager")
    for client, site, status in ((manager, "studio", 4), (artist, SITE, 1)):
        answer = await client.post(
            f"{base}/{site}",
            json={
                "files": published.posted(status, timestamp=1_795_239_000),
                "priority": priority,
            },
        )
        assert answer.status_code == 204, answer.text
    return published
