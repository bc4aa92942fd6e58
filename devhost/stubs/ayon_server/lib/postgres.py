"""AYON's access to Postgres: one pool per process, one connection per context."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar

import asyncpg
from asyncpg.exceptions import TooManyConnectionsError

from ayon_server.config import ayonconfig
from ayon_server.exceptions import ServiceUnavailableException
from ayon_server.utils import EntityID, json_dumps, json_loads

Connection = Any

_current_connection: ContextVar[Connection | None] = ContextVar(
    "_current_connection", default=None
)
_current_project: ContextVar[str | None] = ContextVar("_current_project", default=None)


def _encode_timestamp(value: Any) -> str:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value).isoformat()  # as AYON: session zone
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return datetime.fromisoformat(value).isoformat()
    msg = f"{type(value).__name__} is no timestamp"
    raise ValueError(msg)


def _parse_id(value: Any) -> str | None:
    return EntityID.parse(value, allow_nulls=True)


async def _set_codecs(connection: Connection) -> None:
    codecs: dict[str, tuple[Any, Any]] = {
        "jsonb": (json_dumps, json_loads),
        "uuid": (_parse_id, _parse_id),
        "timestamptz": (_encode_timestamp, datetime.fromisoformat),
    }
    for name, (encoder, decoder) in codecs.items():
        await connection.set_type_codec(
            name, encoder=encoder, decoder=decoder, schema="pg_catalog"
        )


class Postgres:
    """Every call inside `acquire()` or `transaction()` uses that connection.

    A nested `transaction()` is the same transaction without a savepoint; `iterate`
    always takes a connection of its own.
    """

    pool: ClassVar[Any] = None
    shutting_down: ClassVar[bool] = False

    ForeignKeyViolationError = asyncpg.exceptions.ForeignKeyViolationError
    IntegrityConstraintViolationError = (
        asyncpg.exceptions.IntegrityConstraintViolationError
    )
    NotNullViolationError = asyncpg.exceptions.NotNullViolationError
    UniqueViolationError = asyncpg.exceptions.UniqueViolationError
    UndefinedTableError = asyncpg.exceptions.UndefinedTableError
    LockNotAvailableError = asyncpg.exceptions.LockNotAvailableError

    @classmethod
    async def connect(cls) -> None:
        cls.shutting_down = False
        cls.pool = await asyncpg.create_pool(  # type: ignore[no-untyped-call]
            ayonconfig.postgres_url,
            min_size=min(2, ayonconfig.postgres_pool_size),
            max_size=ayonconfig.postgres_pool_size,
            max_inactive_connection_lifetime=20,
            init=_set_codecs,
        )

    @classmethod
    async def shutdown(cls) -> None:
        if cls.pool is None:
            return
        try:
            await asyncio.wait_for(cls.pool.close(), timeout=5)
        except TimeoutError:
            cls.pool.terminate()
        finally:
            cls.pool = None
            cls.shutting_down = True

    @classmethod
    def get_available_connections(cls) -> int:
        if cls.pool is None:
            return 0
        busy = cls.pool.get_size() - cls.pool.get_idle_size()
        return int(cls.pool.get_max_size() - busy)

    @classmethod
    @asynccontextmanager
    async def acquire(
        cls, *, timeout: int | None = None, force_new: bool = False
    ) -> AsyncGenerator[Connection, None]:
        """The context's connection, or a new one of the pool.

        :raises ServiceUnavailableException: no connection in time.
        """
        current = _current_connection.get()
        if current is not None and not force_new:
            yield current
            return
        assert cls.pool is not None, "Connection pool is not initialized."
        try:
            connection = await cls.pool.acquire(
                timeout=ayonconfig.postgres_pool_timeout if timeout is None else timeout
            )
        except TimeoutError:
            raise ServiceUnavailableException("Database pool timeout") from None
        except TooManyConnectionsError:
            raise ServiceUnavailableException("Database pool is full") from None
        token = _current_connection.set(connection)
        try:
            yield connection
        finally:
            _current_connection.reset(token)
            await cls.pool.release(connection)

    @classmethod
    @asynccontextmanager
    async def transaction(
        cls, *, timeout: int | None = None, force_new: bool = False
    ) -> AsyncGenerator[Connection, None]:
        async with cls.acquire(timeout=timeout, force_new=force_new) as connection:
            if connection.is_in_transaction():
                yield connection
                return
            token = _current_project.set(None)
            try:
                async with connection.transaction():
                    yield connection
            finally:
                _current_project.reset(token)

    @classmethod
    async def is_in_transaction(cls) -> bool:
        connection = _current_connection.get()
        return connection is not None and bool(connection.is_in_transaction())

    @classmethod
    def get_current_project_name(cls) -> str | None:
        return _current_project.get()

    @classmethod
    async def execute(cls, query: str, *args: Any, timeout: float = 60) -> str:
        async with cls.acquire() as connection:
            status: str = await connection.execute(query, *args, timeout=timeout)
            return status

    @classmethod
    async def executemany(cls, query: str, *args: Any, timeout: float = 60) -> None:
        async with cls.acquire() as connection:
            await connection.executemany(query, *args, timeout=timeout)

    @classmethod
    async def fetch(cls, query: str, *args: Any, timeout: float = 60) -> list[Any]:
        async with cls.acquire() as connection:
            rows: list[Any] = await connection.fetch(query, *args, timeout=timeout)
            return rows

    @classmethod
    async def fetchrow(cls, query: str, *args: Any, timeout: float = 60) -> Any:
        async with cls.acquire() as connection:
            return await connection.fetchrow(query, *args, timeout=timeout)

    @classmethod
    async def prepare(cls, query: str, *args: Any, timeout: float = 60) -> Any:
        async with cls.acquire() as connection:
            assert connection.is_in_transaction(), (
                "Cannot prepare statement outside of a transaction"
            )
            return await connection.prepare(query, *args, timeout=timeout)

    @classmethod
    async def set_project_schema(cls, project_name: str) -> None:
        if cls.get_current_project_name() == project_name:
            return
        async with cls.acquire() as connection:
            assert connection.is_in_transaction(), (
                "Cannot set project schema outside of a transaction"
            )
            await connection.execute(f"SET LOCAL search_path TO project_{project_name}")
            _current_project.set(project_name)

    @classmethod
    async def set_public_schema(cls) -> None:
        if cls.get_current_project_name() is None:
            return
        async with cls.acquire() as connection:
            assert connection.is_in_transaction(), (
                "Cannot set public schema outside of a transaction"
            )
            await connection.execute("SET LOCAL search_path TO public")
            _current_project.set(None)

    @classmethod
    async def iterate(
        cls, query: str, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        assert cls.pool is not None, "Connection pool is not initialized. "
        connection = await cls.pool.acquire()
        try:
            async with connection.transaction():
                statement = await connection.prepare(query)
                async for record in statement.cursor(*args):
                    yield dict(record)
        finally:
            await cls.pool.release(connection)
