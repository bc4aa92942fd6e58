"""The devhost inside the test's process, asked through ASGI."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from ayon_server.addons import BaseServerAddon
from fastapi import FastAPI

from devhost.accounts import Credentials
from devhost.app import create_app
from devhost.studio import open_database, set_production_bundle

PROJECT = "demo"


@dataclass
class Host:
    """A running application and clients of its users."""

    app: FastAPI
    credentials: Credentials
    dsn: str
    _stack: AsyncExitStack
    _clients: dict[tuple[str, str | None], httpx.AsyncClient] = field(
        default_factory=dict
    )

    @property
    def addon(self) -> BaseServerAddon:
        """The addon under test; the highest version when there are more."""
        definition = next(iter(self.app.state.library.addons.values()))
        latest: BaseServerAddon = definition.latest
        return latest

    @property
    def addon_path(self) -> str:
        return f"/api/addons/{self.addon.name}/{self.addon.version}"

    async def client(
        self, user: str = "admin", site_id: str | None = None
    ) -> httpx.AsyncClient:
        """A client with the user's API key, and the machine's site id if given."""
        key = (user, site_id)
        if key not in self._clients:
            headers = {"X-Api-Key": self.credentials.api_keys[user]}
            if site_id is not None:
                headers["x-ayon-site-id"] = site_id
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.app),
                base_url="http://devhost",
                headers=headers,
            )
            self._clients[key] = await self._stack.enter_async_context(client)
        return self._clients[key]

    async def anonymous(self) -> httpx.AsyncClient:
        """A client without credentials."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://devhost"
        )
        return await self._stack.enter_async_context(client)


@asynccontextmanager
async def run_host(
    dsn: str, credentials: Credentials, addon_dirs: Sequence[Path]
) -> AsyncIterator[Host]:
    """The application on a studio's database, for the time of the context."""
    async with open_database(dsn):
        await set_production_bundle(addon_dirs)
    app = create_app(dsn, addon_dirs)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        for addon in app.state.library:
            # Tests do the background work when they mean to, with the clock as it is,
            # and when what they asked for is written.
            if upkeep := getattr(addon, "upkeep", None):
                await upkeep.shutdown()
                upkeep.events.committed_after = (0.0,)
        yield Host(app=app, credentials=credentials, dsn=dsn, _stack=stack)
