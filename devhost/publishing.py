"""Publishes files to an AYON server, the way an integrator does."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ayon_api
from ayon_api.exceptions import HTTPRequestError

from devhost.sample_files import SamplePublish

QUEUED, SYNCED = 1, 4


class PublishError(RuntimeError):
    """The server refused a step of the publish; the text says which and why."""


@dataclass(frozen=True)
class Published:
    """A published representation: its id, its files in AYON's words and as paths
    below the root."""

    representation_id: str
    files: list[dict[str, Any]]
    paths: list[Path]
    at_artist: bool


class Publisher:
    """Creates folders, products, versions, representations and their site rows.

    ``roots`` gives the folder on disk of the studio's and of the artist's
    ``work`` root, for the sizes and times of the files.
    """

    def __init__(
        self,
        connection: ayon_api.ServerAPI,
        project: str,
        addon_endpoint: str,
        studio_root: Path,
        artist_root: Path,
    ) -> None:
        self._connection = connection
        self._project = project
        self._addon_endpoint = addon_endpoint
        self._studio_root = studio_root
        self._artist_root = artist_root
        self._folders: dict[tuple[str, ...], str] = {}
        self._products: dict[tuple[str, str], str] = {}

    def publish(self, sample: SamplePublish) -> list[Published]:
        """Register one version with all its representations.

        :raises PublishError: the server refuses it.
        """
        try:
            return self._publish(sample)
        except HTTPRequestError as error:
            name = "/".join((*sample.folders, sample.product))
            msg = f"{name} v{sample.version:03}: {error}"
            raise PublishError(msg) from error

    def _publish(self, sample: SamplePublish) -> list[Published]:
        product_id = self._ensure_product(sample)
        version_id = self._connection.create_version(
            self._project, sample.version, product_id
        )
        root = self._artist_root if sample.at_artist else self._studio_root
        published = []
        for name, paths in sample.representations.items():
            files = [describe_file(root, path) for path in paths]
            representation_id = self._connection.create_representation(
                self._project, name, version_id, files=files
            )
            one = Published(representation_id, files, paths, sample.at_artist)
            published.append(one)
        return published

    def set_sites(self, published: Published, statuses: dict[str, int]) -> None:
        """Write the rows of a fresh publish: site name to QUEUED or SYNCED."""
        for site_name, status in statuses.items():
            files = [
                {
                    "id": file["id"],
                    "fileHash": file["hash"],
                    "status": status,
                    "size": file["size"] if status == SYNCED else 0,
                }
                for file in published.files
            ]
            self._post(
                f"state/{published.representation_id}/{site_name}", {"files": files}
            )

    def _ensure_product(self, sample: SamplePublish) -> str:
        folder_id = self._ensure_folder(sample.folders)
        key = (folder_id, sample.product.lower())
        if key not in self._products:
            self._products[key] = self._connection.create_product(
                self._project, sample.product, sample.product_type, folder_id
            )
        return self._products[key]

    def _ensure_folder(self, folders: tuple[str, ...]) -> str:
        if folders not in self._folders:
            parent = self._ensure_folder(folders[:-1]) if len(folders) > 1 else None
            self._folders[folders] = self._connection.create_folder(
                self._project, folders[-1], parent_id=parent
            )
        return self._folders[folders]

    def _post(self, path: str, body: dict[str, Any]) -> None:
        endpoint = f"{self._addon_endpoint}/{self._project}/{path}"
        response = self._connection.raw_post(endpoint, json=body)
        if response.status_code >= 400:  # noqa: PLR2004 - HTTP's boundary
            raise PublishError(f"{path}: {response.status_code} {response.text}")


def describe_file(root: Path, path: Path) -> dict[str, Any]:
    """An entry of ``representation.files`` as AYON's integrator writes it.

    The ``op3`` hash is name, time and size with dots as commas; it says nothing
    about the content.
    """
    stat = (root / path).stat()
    described = f"{path.name}|{stat.st_mtime}|{stat.st_size}".replace(".", ",")
    return {
        "id": uuid.uuid4().hex,
        "name": path.name,
        "path": f"{{root[work]}}/{path.as_posix()}",
        "size": stat.st_size,
        "hash": described,
        "hash_type": "op3",
    }


def differing_files(paths: Iterable[Path], one: Path, other: Path) -> list[Path]:
    """The paths whose bytes are not the same below both roots, or missing."""
    return [path for path in paths if not _same_bytes(one / path, other / path)]


def _same_bytes(one: Path, other: Path) -> bool:
    try:
        with one.open("rb") as left, other.open("rb") as right:
            while True:
                block = left.read(1 << 20)
                if block != right.read(1 << 20):
                    return False
                if not block:
                    return True
    except FileNotFoundError:
        return False
