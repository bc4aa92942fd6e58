"""A project with representations for the addon's tests, and its clock."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from ayon_server.lib.postgres import Postgres

PROJECT = "demo"
FOLDER = "shots/sq001/sh0010"
OTHER_FOLDER = "shots/sq002/sh0010"


@dataclass(frozen=True)
class Published:
    """A representation: its ids, and the files as AYON stores them."""

    id: str
    version_id: str
    product_id: str
    folder_id: str
    files: list[dict[str, Any]]

    def posted(self, status: int, **extra: Any) -> list[dict[str, Any]]:
        """The body of a post that gives all files one status."""
        return [
            {
                "id": file["id"],
                "fileHash": file["hash"],
                "status": status,
                "size": file["size"] if status == 4 else 0,
                **extra,
            }
            for file in self.files
        ]


def make_files(count: int, size: int = 100) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid.uuid4().hex,
            "name": f"frame.{number:04}.exr",
            "path": f"{{root[work]}}/demo/frame.{number:04}.exr",
            "size": size,
            "hash": f"frame,{number:04},exr|1700000000|{size}",
            "hash_type": "op3",
        }
        for number in range(1, count + 1)
    ]


@dataclass
class Pipeline:
    """Publishes into a project's tables."""

    project: str = PROJECT
    _folders: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    @property
    def schema(self) -> str:
        return f"project_{self.project}"

    async def publish(
        self,
        folder: str = FOLDER,
        product: str | None = None,
        version: int = 1,
        name: str = "exr",
        files: int | list[dict[str, Any]] = 1,
        author: str = "artist",
    ) -> Published:
        self._count += 1
        folder_id = await self.folder(folder)
        product_id, version_id, representation_id = (uuid.uuid4().hex for _ in range(3))
        file_list = make_files(files) if isinstance(files, int) else files
        await self._insert(
            "products",
            id=product_id,
            name=product or f"product{self._count:03}",
            folder_id=folder_id,
            product_type="render",
        )
        await self._insert(
            "versions",
            id=version_id,
            version=version,
            product_id=product_id,
            author=author,
        )
        await self._insert(
            "representations",
            id=representation_id,
            name=name,
            version_id=version_id,
            files=file_list,
        )
        return Published(
            representation_id, version_id, product_id, folder_id, file_list
        )

    async def folder(self, path: str) -> str:
        """The id of a folder, made with its parents."""
        if path in self._folders:
            return self._folders[path]
        parent, _, name = path.rpartition("/")
        folder_id = uuid.uuid4().hex
        await self._insert(
            "folders",
            id=folder_id,
            name=name,
            folder_type="Folder",
            parent_id=await self.folder(parent) if parent else None,
        )
        self._folders[path] = folder_id
        await Postgres.execute(f"REFRESH MATERIALIZED VIEW {self.schema}.hierarchy")
        return folder_id

    async def _insert(self, table: str, **values: Any) -> None:
        values = {"status": "In progress", **values}
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await Postgres.execute(
            f"INSERT INTO {self.schema}.{table} ({', '.join(values)}) "
            f"VALUES ({places})",
            *values.values(),
        )

    async def row(self, published: Published, site: str) -> Any:
        """The stored row, None if there is none."""
        return await Postgres.fetchrow(
            f"SELECT * FROM {self.schema}.sitesync_files_status "
            "WHERE representation_id = $1 AND site_name = $2",
            published.id,
            site,
        )

    async def write_row(self, published: Published, site: str, data: Any) -> None:
        """A row as the existing addon writes it: it knows these columns only."""
        await Postgres.execute(
            f"INSERT INTO {self.schema}.sitesync_files_status "
            "(representation_id, site_name, status, priority, data) "
            "VALUES ($1, $2, $3, 50, $4)",
            published.id,
            site,
            1,
            data,
        )

    async def statuses(self, published: Published, site: str) -> list[int]:
        """The status of each file, in the order of the representation."""
        row = await self.row(published, site)
        entries = row["data"]["files"]
        return [entries[file["id"]]["status"] for file in published.files]


@dataclass
class Clock:
    """The addon's SQL clock, which stands still until it is moved."""

    schemas: list[str]
    now: float = 1_795_240_000.0

    async def advance(self, seconds: float) -> None:
        self.now += seconds
        await self.apply()

    async def apply(self) -> None:
        for schema in self.schemas:
            await Postgres.execute(
                f"CREATE OR REPLACE FUNCTION {schema}.sitesync_now_v1() "
                "RETURNS timestamptz LANGUAGE sql VOLATILE "
                f"AS $$ SELECT to_timestamp({self.now}::float8) $$"
            )
