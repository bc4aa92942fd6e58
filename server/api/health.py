"""What agents tell of themselves: their rate, and the sites they cannot use."""

from __future__ import annotations

from typing import Any

from ..domain.files import MAX_MESSAGE_LENGTH
from .agent_models import FaultySiteModel, HealthModel
from .inputs import check_text, clean_message
from .services import Services


async def note_health(
    services: Services, agent_id: str, user_name: str, health: HealthModel | None
) -> None:
    """Keep an agent's health; tell panels when its sites became better or worse.

    :raises InvalidRequestError: a name is none that Postgres can hold.
    """
    if health is None:
        return
    content = {
        "bytesPerSecond": health.bytesPerSecond,
        "sites": [_describe(site) for site in health.sites],
    }
    site_name = await services.agents.note_health(agent_id, user_name, content)
    if site_name is not None:
        names = {site_name, *(site.siteName for site in health.sites)}
        await services.live.agents_changed(names)


def _describe(site: FaultySiteModel) -> dict[str, Any]:
    return {
        "projectName": check_text("health.sites.projectName", site.projectName),
        "siteName": check_text("health.sites.siteName", site.siteName),
        "code": site.code,
        "message": clean_message(site.message[:MAX_MESSAGE_LENGTH]) or "",
        "since": site.since,
    }
