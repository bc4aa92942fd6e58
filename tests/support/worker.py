"""One worker process of a server: starts, does what it is told, ends.

`python -m tests.support.worker <dsn> <API key> <addon folder>...` reads one JSON line
`{"posts": [[version, representation id, site, body], ...]}` once it is ready, and
writes one line with the HTTP statuses and what each version then lists.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from devhost.app import create_app

PROJECT = "demo"


async def work(dsn: str, key: str, addon_dirs: list[Path]) -> None:
    app = create_app(dsn, addon_dirs)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://worker",
            headers={"X-Api-Key": key},
        ) as client,
    ):
        versions = list(app.state.library.addons["sitesync"].versions)
        print(json.dumps({"versions": versions}), flush=True)
        orders = json.loads(await asyncio.to_thread(sys.stdin.readline))
        print(json.dumps(await carry_out(client, orders["posts"])), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


async def carry_out(client: httpx.AsyncClient, posts: list[Any]) -> dict[str, Any]:
    statuses, listed = [], {}
    for version, representation_id, site, body in posts:
        base = f"/api/addons/sitesync/{version}/{PROJECT}"
        answer = await client.post(
            f"{base}/state/{representation_id}/{site}", json=body
        )
        statuses.append(answer.status_code)
        if not version.startswith("1."):
            found = await client.post(f"{base}/representations/query", json={})
            listed[version] = found.json()["representations"]
    return {"statuses": statuses, "listed": listed}


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], [Path(path) for path in sys.argv[3:]]))
