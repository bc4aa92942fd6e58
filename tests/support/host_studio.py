"""A project in a devhost, seen by the addon in this process as a host sees it."""

from __future__ import annotations

import importlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ayon_api
import pytest
import requests
from urllib3.connection import HTTPConnection

from devhost.process import DevhostProcess
from devhost.publishing import describe_file

MACHINE = "brisk-amber-fox"
QUEUED, FAILED, SYNCED = 1, 2, 4


@dataclass
class Requests:
    """Requests that this process sent, as `POST addons/...`, newest last."""

    sent: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    """Names of the threads that sent them."""
    connections: int = 0
    """How many were opened for them."""

    @property
    def own(self) -> list[str]:
        """Those to the addon's endpoints, without what settings need."""
        return [one for one in self.sent if "/addons/sitesync/" in one]

    @property
    def states(self) -> list[str]:
        """Those about states: to the addon, but for settings."""
        return [one for one in self.own if "/settings" not in one]

    def clear(self) -> None:
        self.sent.clear()
        self.threads.clear()
        self.connections = 0


@contextmanager
def count_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[Requests]:
    """Note every request of this process."""
    noted = Requests()
    send = requests.Session.send
    connect = HTTPConnection.connect

    def note(session: Any, request: Any, **kwargs: Any) -> Any:
        noted.sent.append(f"{request.method} {urlsplit(request.url).path}")
        noted.threads.add(threading.current_thread().name)
        return send(session, request, **kwargs)

    def note_connection(connection: HTTPConnection) -> None:
        noted.connections += 1
        connect(connection)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", note)
        patch.setattr(HTTPConnection, "connect", note_connection)
        yield noted


@dataclass(frozen=True)
class PublishedFile:
    """A representation of one version: ids and files."""

    id: str
    version_id: str
    files: list[dict[str, Any]]


class HostStudio:
    """One project with its roots, and what tests do in it."""

    def __init__(self, devhost: DevhostProcess, base: Path, version: str) -> None:
        self.devhost = devhost
        self.project = f"p{uuid.uuid4().hex[:8]}"
        self.prefix = f"addons/sitesync/{version}"
        self.machine_root = base / "machine"
        self.studio_root = base / "studio"
        self.machine_root.mkdir()
        self.studio_root.mkdir()
        self._connections: list[ayon_api.ServerAPI] = []
        self.admin = self.connect("admin")
        self.admin.create_project(self.project, self.project[:6])
        self.folder_id = self.admin.create_folder(self.project, "sh010")

    def connect(self, user: str) -> ayon_api.ServerAPI:
        made = ayon_api.ServerAPI(
            *(self.devhost.url, self.devhost.users[user]),
            site_id=MACHINE,
            client_version="2.0.0",
        )
        self._connections.append(made)
        return made

    def close(self) -> None:
        """Close every connection that was made."""
        for connection in self._connections:
            connection.close_session()

    # --- settings --------------------------------------------------------------------

    def configure(self, user: str = "artist", **changes: Any) -> None:
        """Project on, with a site `nearline`; the user's own disk against `studio`."""
        endpoint = f"{self.prefix}/settings/{self.project}"
        settings = self.admin.raw_get(endpoint).data
        settings["enabled"] = True
        settings["sites"] = [{"name": "nearline", "provider": "sftp"}]
        settings.update(changes)
        expect(self.admin.raw_post(endpoint, json=settings))
        self.configure_machine(user)
        self.connect(user).set_project_root_overrides(
            self.project, MACHINE, {"work": str(self.studio_root)}
        )

    def configure_machine(self, user: str = "artist", **changes: Any) -> None:
        connection = self.connect(user)
        endpoint = f"{self.prefix}/settings/{self.project}"
        settings = connection.raw_get(f"{endpoint}?site={MACHINE}").data
        settings["local_setting"] = {
            "active_site": "local",
            "remote_site": "studio",
            "local_roots": [{"name": "work", "path": str(self.machine_root)}],
        }
        settings.update(changes)
        expect(connection.raw_post(f"{endpoint}?site_id={MACHINE}", json=settings))

    # --- publishing ------------------------------------------------------------------

    def make_version(
        self, name: str = "", product_type: str = "render", **fields: Any
    ) -> str:
        product = self.admin.create_product(
            *(self.project, name or f"p{uuid.uuid4().hex[:6]}", product_type),
            self.folder_id,
        )
        number = fields.pop("version", 1)
        return str(
            self.admin.create_version(
                *(self.project, number, product), author="artist", **fields
            )
        )

    def make_files(self, *names: str, at: str = "studio") -> list[dict[str, Any]]:
        """Files on disk, of the studio's storage or of the machine."""
        root = self.studio_root if at == "studio" else self.machine_root
        files = []
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode() * 20)
            files.append(describe_file(root, Path(name)))
        return files

    def publish(
        self,
        version_id: str,
        *names: str,
        representation: str = "exr",
        files: list[dict[str, Any]] | None = None,
        **fields: Any,
    ) -> PublishedFile:
        files = self.make_files(*names) if files is None else files
        context = {"project": {"name": self.project}, "ext": representation}
        context.update(fields.pop("context", {}))
        fields["data"] = {"context": context}
        representation_id = self.admin.create_representation(
            *(self.project, representation, version_id), files=files, **fields
        )
        return PublishedFile(str(representation_id), version_id, files)

    # --- rows ------------------------------------------------------------------------

    def set_row(
        self, published: PublishedFile, site: str, *statuses: int, **extra: Any
    ) -> None:
        """A row with one status for all files, or with one for each."""
        if len(statuses) == 1:
            statuses *= len(published.files)
        files = [
            {
                "id": file["id"],
                "fileHash": file["hash"],
                "status": status,
                "size": file["size"] if status == SYNCED else 0,
                **extra,
            }
            for file, status in zip(published.files, statuses, strict=True)
        ]
        path = f"{self.prefix}/{self.project}/state/{published.id}/{site}"
        expect(self.admin.raw_post(path, json={"files": files}))

    def rows(self, representation_id: str) -> dict[str, int]:
        """Status by site."""
        endpoint = f"{self.prefix}/{self.project}/state/representations"
        found = self.admin.raw_get(f"{endpoint}?representationIds={representation_id}")
        return {row["siteName"]: row["status"] for row in found.data}

    def file_statuses(self, published: PublishedFile, site: str) -> list[int]:
        endpoint = f"{self.prefix}/{self.project}/representations/query"
        body = {
            "siteNames": [site],
            "representationIds": [published.id],
            "withFiles": True,
        }
        (row,) = self.admin.raw_post(endpoint, json=body).data["representations"]
        by_id = {file["id"]: file for file in row["files"]}
        return [by_id[f["id"]]["sites"][site]["status"] for f in published.files]


def wait_for(is_so: Callable[[], bool]) -> bool:
    """Whether something came true within 40 seconds."""
    pause = threading.Event()
    for _ in range(400):
        if is_so():
            return True
        pause.wait(0.1)
    return False


@contextmanager
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers this process, as after the server's end."""
    connection = importlib.import_module("ayon_api").get_server_api_connection()
    with monkeypatch.context() as patch:
        # Nothing listens there.
        patch.setattr(connection, "_rest_url", "http://127.0.0.1:1/api")
        patch.setattr(connection, "_graphql_url", "http://127.0.0.1:1/graphql")
        yield


def expect(response: Any) -> None:
    if response.status_code >= 400:
        raise AssertionError(f"{response.status_code} {response.text}")


def link_inputs(
    monkeypatch: pytest.MonkeyPatch, version_id: str, *input_ids: str
) -> None:
    """Versions as inputs of a version; the devhost itself knows no links."""
    links = [
        {"entityType": "version", "entityId": one, "linkType": "reference"}
        for one in input_ids
    ]

    def find(
        connection: Any, project_name: str, version_ids: Any, **filters: Any
    ) -> dict[str, Any]:
        assert filters["link_direction"] == "in"
        assert filters["link_types"] == ["reference"]
        return {one: links if one == version_id else [] for one in version_ids}

    monkeypatch.setattr(ayon_api.ServerAPI, "get_versions_links", find)
