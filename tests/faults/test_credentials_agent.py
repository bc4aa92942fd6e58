"""Secrets of sites between an agent's machine and the real server."""

from __future__ import annotations

import asyncio

import pytest
from ayon_server.lib.postgres import Postgres
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.server_api.client import ServerClient
from ayon_sitesync.site_access import SiteAccess

from tests.support.agent_studio import MACHINE, Studio
from tests.support.devhost_app import PROJECT

VALUE = "canary-secret-51d2"
SITE = {
    "name": "vault",
    "provider": "sftp",
    "sftp": {"sftp_host": "vault.example", "sftp_pass": "{secret:vault_password}"},
}


async def make_client(studio: Studio, user: str) -> ServerClient:
    await Postgres.execute(
        "INSERT INTO public.secrets VALUES ('vault_password', $1)", VALUE
    )
    await asyncio.to_thread(studio.add_site, SITE)
    return studio.make_client(user)


async def test_service_is_handed_the_value_of_a_secret(
    studio: Studio,
) -> None:
    client = await make_client(studio, "service")
    handed = await asyncio.to_thread(client.read_credentials, PROJECT, "vault")
    assert handed["sftp_pass"] == VALUE
    assert handed["sftp_host"] == "vault.example"


async def test_artist_without_the_right_learns_why_the_site_cannot_be_used(
    studio: Studio,
) -> None:
    client = await make_client(studio, "artist")
    access = SiteAccess(client, MACHINE, "linux", "beef")
    with pytest.raises(SiteUnhealthyError, match="not for you") as refused:
        await asyncio.to_thread(access.open_site, PROJECT, "vault")
    assert refused.value.code == "not_allowed"
    # The studio's own site is none the worse.
    await asyncio.to_thread(access.open_site, PROJECT, "studio")
