"""A project on the suite's server: publishing, asking, settings, all over HTTP."""

from __future__ import annotations

import copy
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.ayon.server import TIMEOUT_SECONDS, Server
from tests.integration.pipeline import FOLDER, Published, make_files

CONFIGURED = "nearline"


@dataclass
class Studio:
    """A project, and clients of all kinds of users for one test.

    :param folders: the ids of what there is already, by path.
    """

    server: Server
    project: str
    _stack: AsyncExitStack
    folders: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str | None], httpx.AsyncClient] = field(
        default_factory=dict
    )
    _defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def addon_path(self) -> str:
        return self.server.addon_path

    @property
    def base(self) -> str:
        """The addon's endpoints of this project."""
        return f"{self.addon_path}/{self.project}"

    @property
    def machine(self) -> str:
        """The artist's machine."""
        return self.site("artist")

    def site(self, kind: str) -> str:
        return f"{self.server.name(kind)}-machine"

    async def client(
        self, kind: str = "admin", site: str | None = None
    ) -> httpx.AsyncClient:
        """A user of a kind, on the named machine."""
        if (kind, site) not in self._clients:
            headers = dict(self.server.headers[kind])
            if site is not None:
                headers["x-ayon-site-id"] = site
                self.server.sites.add(site)
            client = httpx.AsyncClient(
                base_url=self.server.place.url, headers=headers, timeout=TIMEOUT_SECONDS
            )
            self._clients[kind, site] = await self._stack.enter_async_context(client)
        return self._clients[kind, site]

    async def artist(self) -> httpx.AsyncClient:
        return await self.client("artist", self.machine)

    async def send(self, method: str, path: str, body: Any) -> Any:
        """Ask AYON as the administrator; its answer as JSON."""
        admin = await self.client()
        url = f"/api/projects/{self.project}/{path}"
        answer = await admin.request(method, url, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    # --- entities ---------------------------------------------------------------------

    async def make(self, kind: str, **values: Any) -> str:
        entity_id: str = (await self.send("POST", kind, values))["id"]
        return entity_id

    async def folder(self, path: str) -> str:
        """The id of a folder, made with its parents."""
        if path not in self.folders:
            parent, _, name = path.rpartition("/")
            self.folders[path] = await self.make(
                "folders",
                name=name,
                folderType="Folder",
                parentId=await self.folder(parent) if parent else None,
            )
        return self.folders[path]

    async def publish(
        self,
        folder: str = FOLDER,
        product: str | None = None,
        version: int = 1,
        name: str = "exr",
        files: int = 1,
    ) -> Published:
        """A representation of a new product; its author is the artist."""
        folder_id = await self.folder(folder)
        product_id, version_id, representation_id = (uuid.uuid4().hex for _ in range(3))
        listed = make_files(files)
        await self._create(
            product={
                "id": product_id,
                "name": product or f"product{product_id[:8]}",
                "productType": "render",
                "folderId": folder_id,
            },
            version={
                "id": version_id,
                "version": version,
                "productId": product_id,
                "author": self.server.name("artist"),
            },
            representation={
                "id": representation_id,
                "name": name,
                "versionId": version_id,
                "files": listed,
            },
        )
        return Published(representation_id, version_id, product_id, folder_id, listed)

    async def _create(self, **entities: dict[str, Any]) -> None:
        """Entities by kind, in one request, as a publish makes them."""
        operations = [
            {"type": "create", "entityType": kind, "data": data}
            for kind, data in entities.items()
        ]
        answer = await self.send("POST", "operations", {"operations": operations})
        assert answer["success"], answer

    async def deactivate(self, kind: str, published: Published) -> None:
        ids = {
            "products": published.product_id,
            "versions": published.version_id,
            "representations": published.id,
        }
        await self.send("PATCH", f"{kind}/{ids[kind]}", {"active": False})

    # --- states -----------------------------------------------------------------------

    async def post(
        self,
        client: httpx.AsyncClient,
        published: Published,
        site: str,
        status: int = 4,
        **extra: Any,
    ) -> httpx.Response:
        return await client.post(
            f"{self.base}/state/{published.id}/{site}",
            json={"files": published.posted(status), **extra},
        )

    async def get_state(
        self, client: httpx.AsyncClient, **params: Any
    ) -> list[dict[str, Any]]:
        params = {"localSite": "studio", "remoteSite": CONFIGURED, **params}
        answer = await client.get(f"{self.base}/state", params=params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["representations"]
        return rows

    async def states(self, published: Published) -> dict[str, int]:
        """The status of a representation on each site that has a row."""
        answer = await (await self.client()).get(
            f"{self.base}/state/representations",
            params={"representationIds": published.id},
        )
        return {each["siteName"]: each["status"] for each in answer.json()}

    async def statuses(self, published: Published, site: str) -> list[int]:
        """The status of each file on a site, in the order of the representation."""
        [item] = await self.get_state(
            await self.client(), localSite=site, representationIds=published.id
        )
        found = {file["id"]: file["localStatus"]["status"] for file in item["files"]}
        return [found[file["id"]] for file in published.files]

    async def row(self, published: Published, site: str) -> dict[str, Any]:
        """What our list tells of a site: counts, priority."""
        answer = await (await self.client()).post(
            f"{self.base}/representations/query",
            json={"siteNames": [site], "representationIds": [published.id]},
        )
        [item] = answer.json()["representations"]
        found: dict[str, Any] = item["sites"][site]
        return found

    # --- settings ---------------------------------------------------------------------

    async def set_settings(self, **changes: Any) -> None:
        """The project's: on for all, a site `nearline`, changed by arguments."""
        admin = await self.client()
        url = f"{self.addon_path}/settings/{self.project}"
        if not self._defaults:
            self._defaults = (await admin.get(url)).json()
        settings = copy.deepcopy(self._defaults)
        pair = {"active_site": "studio", "remote_site": "studio"}
        settings["config"] |= pair | changes.pop("config", {})
        sites = [{"name": CONFIGURED, "provider": "sftp"}]
        settings |= {"enabled": True, "sites": sites, **changes}
        answer = await admin.post(url, json=settings)
        assert answer.is_success, answer.text

    async def choose_sites(self, client: httpx.AsyncClient, **choice: str) -> None:
        """What a user chooses for the client's machine, in this project."""
        url = f"{self.addon_path}/settings/{self.project}"
        params = {"site": client.headers["x-ayon-site-id"]}
        settings = (await client.get(url, params=params)).json()
        settings["local_setting"] |= choice
        answer = await client.post(url, params=params, json=settings)
        assert answer.is_success, answer.text
