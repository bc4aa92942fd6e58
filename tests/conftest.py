"""Fixtures of every suite: Postgres, a fresh studio, the devhost around it.

`SITESYNC_TEST_POSTGRES=15` runs on Debian's PostgreSQL 15 instead of the embedded one.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devhost.accounts import Credentials
from devhost.postgres import (
    VOLATILE_SETTINGS,
    PostgresServer,
    create_database,
    drop_database,
)
from devhost.process import DevhostProcess
from devhost.studio import create_studio_database
from tests.support.devhost_app import PROJECT, Host, run_host
from tests.support.devhost_process import run_devhost

ROOT = Path(__file__).parent.parent
_TEMPLATE = "studio_template"


@dataclass(frozen=True)
class Studio:
    """A database with AYON's tables, the devhost's users and the project `demo`."""

    dsn: str
    credentials: Credentials


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server for the whole run; its data are gone afterwards."""
    version = os.environ.get("SITESYNC_TEST_POSTGRES") or None
    with PostgresServer(version=version, settings=VOLATILE_SETTINGS) as server:
        yield server


@pytest.fixture(scope="session")
def studio_credentials(postgres: PostgresServer) -> Credentials:
    """Keys of the users in the template database, which is made here."""
    credentials = Credentials.generate()

    async def create_template() -> None:
        await create_database(postgres.dsn(), _TEMPLATE)
        await create_studio_database(postgres.dsn(_TEMPLATE), credentials, [PROJECT])

    asyncio.run(create_template())
    return credentials


@pytest.fixture
async def studio(
    postgres: PostgresServer, studio_credentials: Credentials
) -> AsyncIterator[Studio]:
    """A database of the test's own, copied from the template."""
    name = f"test_{uuid.uuid4().hex}"
    await create_database(postgres.dsn(), name, _TEMPLATE)
    yield Studio(postgres.dsn(name), studio_credentials)
    await drop_database(postgres.dsn(), name)


@pytest.fixture
def addon_dirs() -> list[Path]:
    """The addons that `host` loads: this repository's. Override to load others."""
    return [ROOT]


@pytest.fixture
async def host(studio: Studio, addon_dirs: list[Path]) -> AsyncIterator[Host]:
    """The devhost with the addon, in this process, on the test's own database."""
    async with run_host(studio.dsn, studio.credentials, addon_dirs) as running:
        yield running


@pytest.fixture(scope="module")
def devhost_process() -> Iterator[DevhostProcess]:
    """A `devhost up` process with this repository's addon, for a module's tests."""
    with run_devhost() as process:
        yield process
