"""The devhost's web application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ayon_server.access.access_groups import AccessGroups
from ayon_server.auth.session import Session
from ayon_server.background.background_worker import BackgroundWorker
from ayon_server.config import ayonconfig
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres
from ayon_server.operations.project_level.hooks import OperationHooks
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse

from devhost import open_page
from devhost.addon_routes import mount_addons
from devhost.authentication import AuthMiddleware
from devhost.errors import ErrorMiddleware, handle_not_found, handle_validation_error
from devhost.graphql_schema import make_graphql_router
from devhost.loader import AddonLibrary
from devhost.messaging import Messaging
from devhost.rest import mount_rest


def create_app(dsn: str, addon_dirs: Sequence[Path]) -> FastAPI:
    """An application on a prepared database (see `devhost.studio`).

    The addons are loaded at once; their set-up runs in the application's lifespan.
    One application at a time can live in a process, as AYON's classes are global.

    :param dsn: connection string of the studio's database.
    :raises AddonLoadError: a folder holds no addon that AYON would load.
    """
    library = AddonLibrary(addon_dirs)
    messaging = Messaging()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ayonconfig.postgres_url = dsn
        await Postgres.connect()
        try:
            messaging.start()
            EventStream.publishers.append(messaging.publish)
            await AccessGroups.load()
            await EventStream.dispatch("server.started")
            await library.set_up()
            mount_addons(app, library)
            yield
        finally:
            await messaging.stop()
            await _shut_down()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.library = library
    app.add_middleware(ErrorMiddleware)
    app.add_middleware(AuthMiddleware)
    app.add_exception_handler(RequestValidationError, handle_validation_error)
    app.add_exception_handler(404, handle_not_found)

    app.add_api_websocket_route("/ws", messaging.serve)
    mount_rest(app)
    app.include_router(make_graphql_router(), prefix="/graphql")
    app.include_router(open_page.router)

    @app.get("/", include_in_schema=False)
    async def root() -> PlainTextResponse:
        return PlainTextResponse("devhost: a stand-in for an AYON server\n")

    return app


async def _shut_down() -> None:
    """End what lives in AYON's process-wide classes."""
    for worker in list(BackgroundWorker.started):
        await worker.shutdown()
    EventStream.local_hooks.clear()
    EventStream.global_hooks.clear()
    EventStream.publishers.clear()
    OperationHooks.clear()
    Session.sessions.clear()
    await Postgres.shutdown()
