"""The studio's secrets."""

from ayon_server.lib.postgres import Postgres


class Secrets:
    """Rows of `public.secrets`."""

    @classmethod
    async def get(cls, key: str) -> str | None:
        row = await Postgres.fetchrow(
            "SELECT value FROM public.secrets WHERE name = $1", key
        )
        return None if row is None else row["value"]

    @classmethod
    async def set(cls, key: str, value: str) -> None:
        await Postgres.execute(
            "INSERT INTO public.secrets (name, value) VALUES ($1, $2) "
            "ON CONFLICT (name) DO UPDATE SET value = $2",
            key,
            value,
        )

    @classmethod
    async def delete(cls, key: str) -> None:
        await Postgres.execute("DELETE FROM public.secrets WHERE name = $1", key)

    @classmethod
    async def all(cls) -> dict[str, str]:
        rows = await Postgres.fetch("SELECT name, value FROM public.secrets")
        return {row["name"]: row["value"] for row in rows}
