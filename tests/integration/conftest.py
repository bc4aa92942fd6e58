"""Fixtures around a running addon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from tests.integration.pipeline import PROJECT, Clock, Pipeline
from tests.support.devhost_app import Host

SITE = "brisk-amber-fox"
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
