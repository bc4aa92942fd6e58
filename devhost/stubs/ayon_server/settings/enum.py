"""Enum resolvers that AYON has ready."""

from ayon_server.secrets import Secrets


async def secrets_enum() -> list[str]:
    """Names of the studio's secrets."""
    return sorted(await Secrets.all())
