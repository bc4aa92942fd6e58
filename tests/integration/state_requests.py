"""Requests to the six endpoints of the existing addon, and names that try them."""

from typing import Any

import httpx

from tests.integration.conftest import CONFIGURED
from tests.integration.pipeline import Published
from tests.support.devhost_app import Host

HOSTILE = [
    "jim's-laptop",
    '"double"',
    "100%",
    "under_score",
    "back\\slash",
    "'; DROP TABLE public.users; --",
    "zz' OR '1'='1",
    "nomatch%' OR TRUE OR f.name ILIKE '",
    "ünïcödé 🎬",
    "{schema}{order}$1",
]


async def post(
    client: httpx.AsyncClient,
    host: Host,
    published: Published,
    site: str,
    status: int = 4,
    **extra: Any,
) -> httpx.Response:
    return await client.post(
        f"{host.addon_path}/demo/state/{published.id}/{site}",
        json={"files": published.posted(status), **extra},
    )


async def get_state(
    client: httpx.AsyncClient, host: Host, **params: Any
) -> list[dict[str, Any]]:
    params = {"localSite": "studio", "remoteSite": CONFIGURED, **params}
    answer = await client.get(f"{host.addon_path}/demo/state", params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["representations"]
    return rows
