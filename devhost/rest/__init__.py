"""The slice of AYON's REST that the real `ayon_api`, the panel and tests use."""

from fastapi import FastAPI

from devhost.rest import bundles, entities, events, login, projects, settings, system


def mount_rest(app: FastAPI) -> None:
    """Register AYON's routes under `/api`. Call before the addons' are mounted."""
    for module in (login, system, projects, entities, settings, bundles, events):
        app.include_router(module.router, prefix="/api")
