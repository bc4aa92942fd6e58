"""Fixtures around a running addon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import PROJECT, Clock, Pipeline, Published
from tests.integration.queue_agent import SITE, Agent, queue
from tests.support.devhost_app import Host

__all__ = ["SITE"]

CONFIGURED = "nearline"


@pytest.fixture
async def pipeline(host: Host) -> Pipeline:
    return Pipeline()


@pytest.fixture
async def clock(host: Host) -> Clock:
    """The addon's clock, standing still."""
    clock = Clock(["public", f"project_{PROJECT}"])
    await clock.apply()
    return clock


SetSettings = Callable[..., Awaitable[None]]


@pytest.fixture
async def set_settings(host: Host) -> AsyncIterator[SetSettings]:
    """Store studio settings: a site `nearline`, on for all, changed by arguments."""

    async def store(**changes: Any) -> None:
        data = {
            "enabled": True,
            "sites": [{"name": CONFIGURED, "provider": "sftp"}],
            **changes,
        }
        await Postgres.execute(
            "INSERT INTO public.settings (addon_name, addon_version, variant, data) "
            "VALUES ($1, $2, 'production', $3) "
            "ON CONFLICT (addon_name, addon_version, variant) "
            "DO UPDATE SET data = EXCLUDED.data",
            host.addon.name,
            host.addon.version,
            data,
        )
        await EventStream.dispatch("settings.changed")

    await store()
    yield store


async def store_own_settings(host: Host, site_id: str = SITE, **data: Any) -> None:
    """What the artist stores for a machine of his, in the project."""
    await Postgres.execute(
        "INSERT INTO project_demo.project_site_settings "
        "(addon_name, addon_version, site_id, user_name, data) "
        "VALUES ($1, $2, $3, 'artist', $4)",
        host.addon.name,
        host.addon.version,
        site_id,
        data,
    )
    await EventStream.dispatch("settings.changed")


@pytest.fixture
async def artist(
    host: Host, set_settings: SetSettings, clock: Clock
) -> httpx.AsyncClient:
    """The artist on his machine, which works against the studio."""
    await set_settings(config={"active_site": "local", "remote_site": "studio"})
    return await host.client("artist", SITE)


@pytest.fixture
def agent(artist: httpx.AsyncClient, host: Host) -> Agent:
    return Agent(artist, host.addon_path)


@pytest.fixture
async def queued(
    host: Host, pipeline: Pipeline, artist: httpx.AsyncClient
) -> Published:
    """Two files on the studio's site, wanted on the artist's machine."""
    return await queue(host, pipeline, artist)
