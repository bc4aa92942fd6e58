"""The slice of AYON's REST that the real `ayon_api`, the panel and tests use."""

from fastapi import FastAPI

from devhost.rest import (
    bundles,
    entities,
    events,
    login,
    projects,
    settings,
    system,
    users,
)


def mount_rest(app: FastAPI) -> None:
    """Register AYON's routes under `/api`. Call before the addons' are mounted."""
    modules = (login, users, system, projects, entities, settings, bundles, events)
    for module in modules:
        app.include_router(module.router, prefix="/api")
