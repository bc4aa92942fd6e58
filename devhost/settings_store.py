"""Where overrides of an addon's settings are stored."""

from dataclasses import dataclass, replace
from typing import Any

from ayon_server.lib.postgres import Postgres


@dataclass(frozen=True)
class SettingsPlace:
    """Studio, project, or one user's machine in a project (which has no variant)."""

    addon_name: str
    addon_version: str
    variant: str = "production"
    project_name: str | None = None
    user_name: str | None = None
    site_id: str | None = None

    def at_site(self, user_name: str, site_id: str) -> "SettingsPlace":
        return replace(self, user_name=user_name, site_id=site_id)

    @property
    def table(self) -> str:
        if self.project_name is None:
            return "public.settings"
        table = "project_site_settings" if self.site_id else "settings"
        return f"project_{self.project_name}.{table}"

    @property
    def keys(self) -> dict[str, str | None]:
        keys = {"addon_name": self.addon_name, "addon_version": self.addon_version}
        if self.site_id:
            return {**keys, "site_id": self.site_id, "user_name": self.user_name}
        return {**keys, "variant": self.variant}


async def read_overrides(place: SettingsPlace) -> dict[str, Any]:
    """The stored overrides; empty when there are none."""
    where = " AND ".join(f"{name} = ${i}" for i, name in enumerate(place.keys, 1))
    row = await Postgres.fetchrow(
        f"SELECT data FROM {place.table} WHERE {where}", *place.keys.values()
    )
    return {} if row is None else dict(row["data"])


async def write_overrides(place: SettingsPlace, data: dict[str, Any]) -> None:
    """Store overrides; empty ones remove the row."""
    keys = place.keys
    where = " AND ".join(f"{name} = ${i}" for i, name in enumerate(keys, 1))
    async with Postgres.transaction():
        await Postgres.execute(
            f"DELETE FROM {place.table} WHERE {where}", *keys.values()
        )
        if data:
            places = ", ".join(f"${i}" for i in range(1, len(keys) + 2))
            await Postgres.execute(
                f"INSERT INTO {place.table} ({', '.join(keys)}, data) "
                f"VALUES ({places})",
                *keys.values(),
                data,
            )
