"""The list of the existing addon, and names that try it."""

from typing import Any

import httpx

from tests.integration.conftest import CONFIGURED
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


async def get_state(
    client: httpx.AsyncClient, host: Host, **params: Any
) -> list[dict[str, Any]]:
    params = {"localSite": "studio", "remoteSite": CONFIGURED, **params}
    answer = await client.get(f"{host.addon_path}/demo/state", params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["representations"]
    return rows
