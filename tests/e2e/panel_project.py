"""A project on a running devhost, published and changed by REST as clients do."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ayon_api

from devhost.process import DevhostProcess

QUEUED, FAILED, SYNCED = 1, 2, 4
NEARLINE = "nearline"


@dataclass(frozen=True)
class PublishedRepresentation:
    """What was published: its id and its entries of `files`."""

    id: str
    files: list[dict[str, Any]]


class PanelProject:
    """A project with the sites `studio` and `nearline` and what is published in it.

    :param file_size: bytes that each file is said to have.
    """

    def __init__(
        self, devhost: DevhostProcess, name: str, file_size: int = 1_000_000
    ) -> None:
        self.name = name
        self._file_size = file_size
        self._devhost = devhost
        self._endpoint = devhost.addon_url.removeprefix(f"{devhost.url}/api/")
        self._connection = ayon_api.ServerAPI(
            *(devhost.url, devhost.admin_key),
            client_version="2.0.0",
            create_session=False,
        )
        self._folders: dict[str, str] = {}

    def create(
        self,
        sites: Sequence[tuple[str, str]] = ((NEARLINE, "local_drive"),),
        provider_settings: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """Make it, with sites as pairs of name and provider beside `studio`.

        :param provider_settings: what all sites of a provider have in their settings.
        """
        shared = provider_settings or {}
        body = {"name": self.name, "code": self.name[:4], "library": False}
        self._expect(self._connection.raw_post("projects", json=body))
        path = f"{self._endpoint}/settings"
        settings = self._expect(self._connection.raw_get(path))
        settings["enabled"] = True
        settings["sites"] = [
            {"name": name, "provider": provider, provider: shared.get(provider, {})}
            for name, provider in sites
        ]
        self._expect(self._connection.raw_post(path, json=settings))

    def framed_url(self, user: str) -> str:
        return self._devhost.panel_url(self.name, user)

    @property
    def alone_url(self) -> str:
        """Where the panel opens by itself, without a project in the address."""
        path = self._devhost.addon_url.removeprefix(f"{self._devhost.url}/api")
        return f"{self._devhost.url}{path}/frontend/"

    def publish(
        self,
        folder: str,
        product: str = "compMain",
        file_count: int = 1,
        name: str = "exr",
        version: int = 1,
        stem: str | None = None,
    ) -> PublishedRepresentation:
        """Publish something that is SYNCED on `studio`; `folder` as `shots/sq001`.

        :param stem: what its files are called; the product's name if None.
        """
        stem = stem or product
        files = [self._describe_file(folder, stem, i) for i in range(file_count)]
        representation_id = self._connection.create_representation(
            self.name,
            name,
            self._create_version(folder, product, version),
            files=files,
        )
        published = PublishedRepresentation(representation_id, files)
        self.post_state(published, "studio", SYNCED)
        return published

    def call(self, path: str, body: dict[str, Any]) -> Any:
        """Ask an endpoint of the addon as an administrator."""
        url = f"{self._endpoint}/{path}"
        return self._expect(self._connection.raw_post(url, json=body))

    def get(self, path: str) -> Any:
        """Read from an endpoint of the addon as an administrator."""
        return self._expect(self._connection.raw_get(f"{self._endpoint}/{path}"))

    def publish_many(self, folder: str, names: Sequence[str]) -> None:
        """Many representations of one version, on no site so far."""
        version_id = self._create_version(folder, "compMain")
        for name in names:
            files = [self._describe_file(folder, name, 0)]
            self._connection.create_representation(
                self.name, name, version_id, files=files
            )

    def post_state(
        self,
        published: PublishedRepresentation,
        site_name: str,
        status: int,
        message: str = "No space left",
    ) -> None:
        """Write the state of all files on a site, as the existing client does."""
        files = [
            {
                "id": file["id"],
                "fileHash": file["hash"],
                "status": status,
                "size": file["size"] if status == SYNCED else 0,
                **({"message": message} if status == FAILED else {}),
            }
            for file in published.files
        ]
        path = f"{self._endpoint}/{self.name}/state/{published.id}/{site_name}"
        self._expect(self._connection.raw_post(path, json={"files": files}))

    def _create_version(self, folder: str, product: str, version: int = 1) -> str:
        product_id = self._connection.create_product(
            self.name, product, "render", self._ensure_folder(folder)
        )
        return self._connection.create_version(self.name, version, product_id)

    def _describe_file(self, folder: str, name: str, index: int) -> dict[str, Any]:
        file_name = f"{name}.{1001 + index}.exr"
        return {
            "id": uuid.uuid4().hex,
            "name": file_name,
            "path": f"{{root[work]}}/{folder}/{file_name}",
            "size": self._file_size,
            "hash": f"{name}|{index}",
            "hash_type": "op3",
        }

    def _ensure_folder(self, path: str) -> str:
        if path not in self._folders:
            above, _, name = path.rpartition("/")
            parent_id = self._ensure_folder(above) if above else None
            self._folders[path] = self._connection.create_folder(
                self.name, name, parent_id=parent_id
            )
        return self._folders[path]

    @staticmethod
    def _expect(response: Any) -> Any:
        assert response.status_code < 400, response.text
        return response.data
