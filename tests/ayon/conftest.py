"""One suite for a real AYON server and for the devhost: see `server.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import pytest

from tests.ayon.server import Server, find_place, has_database, open_server
from tests.ayon.studio import Studio


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Without a way into its database a real server is asked over HTTP only."""
    if has_database():
        return
    left_out = [
        each for each in items if "database" in getattr(each, "fixturenames", [])
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [each for each in items if each not in left_out]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with find_place() as place, open_server(place) as server:
        yield server


@pytest.fixture
async def studio(server: Server) -> AsyncIterator[Studio]:
    """An empty project with Site Sync on, which is removed again."""
    project = server.create_project()
    try:
        async with AsyncExitStack() as stack:
            studio = Studio(server, project, stack)
            await studio.set_settings()
            yield studio
    finally:
        server.delete_project(project)


@dataclass
class SharedProject:
    name: str
    folders: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def shared_project(server: Server) -> Iterator[SharedProject]:
    project = SharedProject(server.create_project())
    yield project
    server.delete_project(project.name)


@pytest.fixture
async def shared(
    server: Server, shared_project: SharedProject
) -> AsyncIterator[Studio]:
    """A project that tests have in common, for what asks about its own entities."""
    async with AsyncExitStack() as stack:
        studio = Studio(server, shared_project.name, stack, shared_project.folders)
        await studio.set_settings()
        yield studio


@pytest.fixture
async def database(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """The server's own, for what the existing addon has written there."""
    connection = await asyncpg.connect(server.place.dsn)
    yield connection
    await connection.close()
