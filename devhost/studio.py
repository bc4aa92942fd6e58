"""Preparing a studio's database: tables, users, projects, the production bundle."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ayon_server.config import ayonconfig
from ayon_server.lib.postgres import Postgres

from devhost.accounts import Credentials, create_accounts, grant_project
from devhost.loader import read_metadata, version_key
from devhost.schema import create_project, create_studio

BUNDLE_NAME = "devhost"


@asynccontextmanager
async def open_database(dsn: str) -> AsyncIterator[None]:
    """Use AYON's `Postgres` class on a database outside an application."""
    ayonconfig.postgres_url = dsn
    await Postgres.connect()
    try:
        yield
    finally:
        await Postgres.shutdown()


async def create_studio_database(
    dsn: str, credentials: Credentials, projects: Sequence[str] = ()
) -> None:
    """Fill an empty database with a studio; all users get into all projects."""
    async with open_database(dsn):
        await create_studio()
        await create_accounts(credentials)
        for name in projects:
            await create_project(name, name[:6])
            await grant_project(name)


async def set_production_bundle(addon_dirs: Sequence[Path]) -> None:
    """Make the highest version of each addon the production one."""
    addons: dict[str, str] = {}
    for addon_dir in addon_dirs:
        metadata = read_metadata(addon_dir)
        name, version = metadata["name"], metadata["version"]
        if name not in addons or version_key(version) > version_key(addons[name]):
            addons[name] = version
    data = {"addons": addons, "installer_version": None, "dependency_packages": {}}
    await Postgres.execute(
        "INSERT INTO public.bundles (name, is_production, data) VALUES ($1, TRUE, $2) "
        "ON CONFLICT (name) DO UPDATE SET data = $2",
        BUNDLE_NAME,
        data,
    )
