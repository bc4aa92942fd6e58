"""The server of the suite: AYON's, named by the environment, or the devhost.

Everything is made over AYON's own HTTP API, so that both are told the same. With
`SITESYNC_TEST_AYON` set (`make test-ayon`) `AYON_SERVER_URL` and `AYON_API_KEY`, an
administrator's key, name the server; `AYON_DATABASE_URL` its Postgres, if tests of the
table are to run there too.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from devhost.data_folder import DataFolder
from devhost.loader import version_key
from devhost.postgres import find_running, make_dsn
from devhost.up import DATABASE
from tests.support.devhost_process import run_devhost

TIMEOUT_SECONDS = 70
ATTEMPTS = 3
# The one folder that `restricted` may read and change something in.
READABLE = "shots/sq001"
FLAGS: dict[str, dict[str, Any]] = {
    "manager": {"isManager": True},
    "service": {"isService": True},
    "artist": {},
    "restricted": {},
    "outsider": {},
    "guest": {"isGuest": True},
}
MEMBERS = ("artist", "restricted", "guest")


def is_real() -> bool:
    """Whether a real server was asked for."""
    return bool(os.environ.get("SITESYNC_TEST_AYON"))


def has_database() -> bool:
    """Whether tests may look into the server's database."""
    return not is_real() or bool(os.environ.get("AYON_DATABASE_URL"))


@dataclass(frozen=True)
class Place:
    """Where a server is, and how to get in. Without a `dsn`, over HTTP only."""

    url: str
    key: str
    dsn: str | None


@contextmanager
def find_place() -> Iterator[Place]:
    """The server of the environment, or a devhost for the time of the context."""
    if is_real():
        url, key = read_variable("AYON_SERVER_URL"), read_variable("AYON_API_KEY")
        yield Place(url.rstrip("/"), key, os.environ.get("AYON_DATABASE_URL") or None)
        return
    with run_devhost() as devhost:
        socket_dir = find_running(DataFolder(devhost.data_dir).postgres_dir)
        assert socket_dir is not None
        yield Place(devhost.url, devhost.admin_key, make_dsn(socket_dir, DATABASE))


def read_variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        pytest.exit(
            f"{name} is not set: make test-ayon AYON_SERVER_URL=http://server:5000 "
            "AYON_API_KEY=<an administrator's key>",
            returncode=2,
        )
    return value


@dataclass
class Server:
    """A server with users of the suite, which are removed again.

    :param mark: is in the name of everything that the suite makes.
    :param headers: what tells who asks, by kind of user.
    """

    place: Place
    admin: httpx.Client
    version: str
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)

    @property
    def addon_path(self) -> str:
        return f"/api/addons/sitesync/{self.version}"

    def name(self, kind: str) -> str:
        """The name of a user, an access group or a machine of the suite."""
        return f"st-{self.mark}-{kind}"

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask as the administrator; what fails fails the test."""
        answer = self.admin.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer

    def create_users(self) -> None:
        limit = {
            "enabled": True,
            "access_list": [{"access_type": "hierarchy", "path": f"/{READABLE}"}],
        }
        limited = dict.fromkeys(
            ("create", "read", "update", "publish", "delete"), limit
        )
        for group in MEMBERS:
            permissions = limited if group == "restricted" else {}
            path = f"/api/accessGroups/{self.name(group)}/_"
            self.send("PUT", path, permissions)
        self.headers = {"admin": {"X-Api-Key": self.place.key}, "nobody": {}}
        for kind, flags in FLAGS.items():
            self.headers[kind] = self._create_user(kind, flags)

    def _create_user(self, kind: str, flags: dict[str, Any]) -> dict[str, str]:
        name = self.name(kind)
        if flags.get("isService"):
            key = secrets.token_hex(16)
            self.send("PUT", f"/api/users/{name}", {"data": flags, "apiKey": key})
            return {"X-Api-Key": key}
        login = {"name": name, "password": secrets.token_urlsafe(24)}
        body = {"data": flags, "password": login["password"]}
        self.send("PUT", f"/api/users/{name}", body)
        token = self.send("POST", "/api/auth/login", login).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    def create_project(self) -> str:
        """A project of a test's own, with the members of `MEMBERS`."""
        mark = secrets.token_hex(4)
        anatomy = self.send("GET", "/api/anatomy/presets/_").json()
        project = f"sitesync_test_{mark}"
        body = {"name": project, "code": f"st{mark}", "anatomy": anatomy}
        self.send("POST", "/api/projects", body)
        for kind in MEMBERS:
            groups = [{"project": project, "accessGroups": [self.name(kind)]}]
            path = f"/api/users/{self.name(kind)}/accessGroups"
            self.send("PATCH", path, {"accessGroups": groups})
        return project

    def delete_project(self, project: str) -> None:
        """Again where it lost a deadlock: it drops all tables while others read."""
        path = f"/api/projects/{project}"
        for _ in range(ATTEMPTS):
            answer = self.admin.delete(path)
            if "deadlock detected" not in answer.text:
                break
        assert answer.is_success, f"DELETE {path}: {answer.text}"

    def remove_users(self) -> None:
        """Also their machines; what is not there any more is no fault."""
        for site in self.sites:
            for kind in FLAGS:
                body = {"siteName": site, "userName": self.name(kind), "allowed": False}
                self.admin.post(f"{self.addon_path}/-/machines", json=body)
            self.admin.delete(f"/api/system/sites/{site}")
        for kind in FLAGS:
            self.admin.delete(f"/api/users/{self.name(kind)}")
        for group in MEMBERS:
            self.admin.delete(f"/api/accessGroups/{self.name(group)}/_")


@contextmanager
def open_server(place: Place) -> Iterator[Server]:
    """The server with the suite's users for the time of the context."""
    headers = {"X-Api-Key": place.key}
    with httpx.Client(
        base_url=place.url, headers=headers, timeout=TIMEOUT_SECONDS
    ) as admin:
        assert admin.get("/api/users/me").status_code == 200, "the key is refused"
        server = Server(place, admin, find_version(admin))
        try:
            server.create_users()
            yield server
        finally:
            server.remove_users()


def find_version(admin: httpx.Client) -> str:
    """The newest installed version."""
    for addon in admin.get("/api/addons").json()["addons"]:
        if addon["name"] == "sitesync":
            return max(addon["versions"], key=version_key)
    pytest.fail("Site Sync is not installed on this server: see make package")
