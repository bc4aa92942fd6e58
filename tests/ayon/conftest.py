"""A project of our own in a real AYON server, for the time of the suite.

`make test-ayon` with `AYON_SERVER_URL` and `AYON_API_KEY`, an administrator's key.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from devhost.loader import version_key

TIMEOUT_SECONDS = 70
FILE_SIZE = 100


@dataclass
class Studio:
    """The server, and a project with one user who is a member of it."""

    url: str
    admin: httpx.Client
    artist: httpx.Client
    stranger: httpx.Client
    token: str
    project: str
    version: str
    _folders: dict[str, str] = field(default_factory=dict)

    @property
    def addon(self) -> str:
        return f"/api/addons/sitesync/{self.version}"

    @property
    def base(self) -> str:
        return f"{self.addon}/{self.project}"

    def make(self, kind: str, **values: Any) -> str:
        """Make an entity; return its id."""
        answer = self.admin.post(f"/api/projects/{self.project}/{kind}", json=values)
        assert answer.status_code == 201, answer.text
        entity_id: str = answer.json()["id"]
        return entity_id

    def publish(self, files: int = 2) -> Published:
        """Publish a representation in a new product."""
        if "shots" not in self._folders:
            self._folders["shots"] = self.make(
                "folders", name="shots", folderType="Folder"
            )
        product_id = self.make(
            "products",
            name=f"comp{uuid.uuid4().hex[:8]}",
            productType="render",
            folderId=self._folders["shots"],
        )
        version_id = self.make("versions", version=1, productId=product_id)
        listed = [
            {
                "id": uuid.uuid4().hex,
                "name": f"frame.{number:04}.exr",
                "path": f"{{root[work]}}/{self.project}/frame.{number:04}.exr",
                "size": FILE_SIZE,
                "hash": "0" * 32,
                "hash_type": "op3",
            }
            for number in range(files)
        ]
        representation_id = self.make(
            "representations", name="exr", versionId=version_id, files=listed
        )
        return Published(representation_id, version_id, listed)

    def post_state(self, published: Published, site: str, status: int) -> None:
        answer = self.admin.post(
            f"{self.base}/state/{published.id}/{site}",
            json={"files": published.posted(status)},
        )
        assert answer.status_code == 204, answer.text


@dataclass(frozen=True)
class Published:
    id: str
    version_id: str
    files: list[dict[str, Any]]

    def posted(self, status: int) -> list[dict[str, Any]]:
        return [
            {"id": file["id"], "fileHash": file["hash"], "status": status}
            for file in self.files
        ]


def read_variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        pytest.fail(
            f"{name} is not set: make test-ayon AYON_SERVER_URL=http://server:5000 "
            "AYON_API_KEY=<an administrator's key>",
            pytrace=False,
        )
    return value


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    """The server with a project and users of the suite, which are removed again."""
    url = read_variable("AYON_SERVER_URL").rstrip("/")
    key = read_variable("AYON_API_KEY")
    mark = secrets.token_hex(4)
    project, names = f"sitesync_test_{mark}", (f"st-member-{mark}", f"st-other-{mark}")
    password = secrets.token_urlsafe(24)
    with httpx.Client(
        base_url=url, headers={"X-Api-Key": key}, timeout=TIMEOUT_SECONDS
    ) as admin:
        assert admin.get("/api/users/me").status_code == 200, "the key is refused"
        try:
            create_project(admin, project, f"st{mark}")
            clients = [
                create_user(
                    admin, url, name, password, [project] if number == 0 else []
                )
                for number, name in enumerate(names)
            ]
            login = {"name": names[0], "password": password}
            token = admin.post("/api/auth/login", json=login).json()["token"]
            yield Studio(url, admin, *clients, token, project, find_version(admin))
            for client in clients:
                client.close()
        finally:
            admin.delete(f"/api/projects/{project}")
            for name in names:
                admin.delete(f"/api/users/{name}")


def create_project(admin: httpx.Client, name: str, code: str) -> None:
    anatomy = admin.get("/api/anatomy/presets/_").json()
    body = {"name": name, "code": code, "anatomy": anatomy}
    answer = admin.post("/api/projects", json=body)
    assert answer.status_code == 201, answer.text


def create_user(
    admin: httpx.Client, url: str, name: str, password: str, projects: list[str]
) -> httpx.Client:
    """Make a user; return a client who is logged in, on a machine of his own."""
    answer = admin.put(f"/api/users/{name}", json={"password": password})
    assert answer.status_code in (200, 201, 204), answer.text
    groups = [{"project": each, "accessGroups": ["artist"]} for each in projects]
    body = {"accessGroups": groups}
    answer = admin.patch(f"/api/users/{name}/accessGroups", json=body)
    assert answer.status_code in (200, 204), answer.text
    login = admin.post("/api/auth/login", json={"name": name, "password": password})
    assert login.status_code == 200, login.text
    return httpx.Client(
        base_url=url,
        timeout=TIMEOUT_SECONDS,
        headers={
            "Authorization": f"Bearer {login.json()['token']}",
            "x-ayon-site-id": f"{name}-machine",
        },
    )


def find_version(admin: httpx.Client) -> str:
    """The newest installed version."""
    for addon in admin.get("/api/addons").json()["addons"]:
        if addon["name"] == "sitesync":
            return max(addon["versions"], key=version_key)
    pytest.fail("Site Sync is not installed on this server: see make package")


@pytest.fixture(scope="session", autouse=True)
def settings(studio: Studio) -> None:
    """Site Sync is on in the project, with a site `vault` that needs a secret."""
    path = f"{studio.addon}/settings/{studio.project}"
    content = studio.admin.get(path).json()
    content["enabled"] = True
    content["config"].update(active_site="local", remote_site="studio")
    sftp = {"sftp_host": "vault", "sftp_pass": "{secret:sitesync_test}"}
    content["sites"] = [{"name": "vault", "provider": "sftp", "sftp": sftp}]
    answer = studio.admin.post(path, json=content)
    assert answer.status_code in (200, 204), answer.text


@pytest.fixture
def published(studio: Studio) -> Published:
    """On the studio's storage, wanted on the member's machine."""
    published = studio.publish()
    studio.post_state(published, "studio", 4)
    answer = studio.artist.post(
        f"{studio.base}/state/{published.id}/{machine(studio)}",
        json={"files": published.posted(1)},
    )
    assert answer.status_code == 204, answer.text
    return published


def machine(studio: Studio) -> str:
    return str(studio.artist.headers["x-ayon-site-id"])
