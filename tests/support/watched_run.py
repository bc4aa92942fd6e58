"""What a run leaves where others may look: arguments and environments of processes,
files, events, rows, answers.
"""

from __future__ import annotations

import json
import stat
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from tests.support.canaries import Hunt
from tests.support.devhost_app import PROJECT

LOOK_SECONDS = 0.01
LOOKS = 20
"""At a new process: what it is told at first is not yet its program's."""


class ProcessWatch:
    """Looks at all that this process starts, and at what they start."""

    def __init__(self, hunt: Hunt) -> None:
        self.programs: set[str] = set()
        self._hunt = hunt
        self._own = psutil.Process()
        self._looks: Counter[int] = Counter()
        self._stopped = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            for pid in psutil.pids():
                self._looks[pid] += 1
                if self._looks[pid] <= LOOKS:
                    self._look(pid)

    def _look(self, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            ancestors = process.parents()
            if self._own not in ancestors:
                return
            words, values = process.cmdline(), process.environ().values()
            if words == ancestors[0].cmdline():
                return  # forked, and about to become another program
        except (psutil.Error, OSError):
            return
        arguments = " ".join(words)
        if not words or _is_server(words):
            return
        self.programs.add(Path(words[0]).name)
        self._hunt.add("process arguments", arguments)
        if ancestors[0] != self._own:
            self._hunt.add("environment of a child", "\n".join(values))


def _is_server(words: list[str]) -> bool:
    """Whether it is one of the studio's, who has its logins: none of our processes."""
    arguments = " ".join(words)
    return "serve" in words or "sshd" in arguments or "postgres" in arguments


@asynccontextmanager
async def listen(dsn: str, hunt: Hunt) -> AsyncIterator[None]:
    """What is told to everybody, by AYON's events and Postgres' notices."""

    async def hear(message: dict[str, Any]) -> None:
        hunt.add("events", json.dumps(message, default=str))

    def hear_notice(*told: Any) -> None:
        hunt.add("notices", str(told[-1]))

    connect: Any = asyncpg.connect
    listener = await connect(dsn)
    await listener.add_listener("sitesync_live_v1", hear_notice)
    EventStream.publishers.append(hear)
    try:
        yield
    finally:
        EventStream.publishers.remove(hear)
        await listener.close()


def read_files(folder: Path, hunt: Hunt) -> None:
    """Names and contents of all that is there now."""
    for path in folder.rglob("*"):
        hunt.add("names on disk", str(path))
        if path.is_file() and not path.is_symlink():
            hunt.add("files on disk", path.read_bytes())


def list_open_files(folder: Path) -> list[str]:
    """What others of the machine may read below the folders of `folder`."""
    return [
        str(each)
        for each in folder.rglob("*")
        if each.parent != folder
        and not each.is_symlink()
        and stat.S_IMODE(each.stat().st_mode) & 0o077
    ]


async def read_database(hunt: Hunt) -> None:
    """Every row of every table but settings, AYON's secrets and its users."""
    tables = await Postgres.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname IN ('public', $1) AND tablename NOT IN"
        " ('secrets', 'settings', 'project_site_settings', 'users')",
        f"project_{PROJECT}",
    )
    for table in tables:
        name = table["name"]
        for row in await Postgres.fetch(f"SELECT t::text AS content FROM {name} t"):
            hunt.add(f"table {name}", row["content"])


async def list_paths(admin: httpx.AsyncClient, addon_path: str) -> list[str]:
    """What may be got, as in OpenAPI, but for waiting."""
    document = (await admin.get(f"{addon_path}/openapi.json")).json()
    return [
        path
        for path, methods in document["paths"].items()
        if "get" in methods and not path.endswith("/wait")
    ]


class Reader:
    """One who asks for everything that he can get, but settings and hand-outs."""

    def __init__(
        self, client: httpx.AsyncClient, addon_path: str, paths: list[str], hunt: Hunt
    ) -> None:
        """`paths`: what may be got, as in OpenAPI."""
        self._client = client
        self._base = addon_path
        self._paths = paths
        self._hunt = hunt

    async def read(self, representation_id: str, site: str) -> None:
        """All answers about a representation and a site."""
        sites = {"siteName": site, "localSite": "studio", "remoteSite": site}
        for path in self._paths:
            in_project = path.replace("{project_name}", PROJECT)
            about = in_project.replace("{representation_id}", representation_id)
            await self._ask("GET", about, params=sites)
        for path, body in {
            "representations/query": {"withFiles": True},
            "summary": {},
            "availability": {"representationIds": [representation_id], "siteNames": []},
            "verbs/retry": {"siteNames": [site], "selection": {"all": True}},
            # Requests with something wrong, whose answers quote them.
            "credentials/": {"siteNames": [site]},
            "states": {"states": [{"siteName": site}]},
        }.items():
            await self._ask("POST", f"{self._base}/{PROJECT}/{path}", json=body)
        query = (
            f'{{ project(name: "{PROJECT}") {{ problems {{ text todo }} '
            "sites { siteName } representations { edges { node { sites { siteName "
            "message } files { sites { message } } } } } "
            f'history(representationId: "{representation_id}") '
            "{ attempts { outcome } } } agents { agentId } }"
        )
        for text in (query, query.removesuffix("}"), '{ project(name: "x") { name } }'):
            graph = f"{self._base}/-/graphql"
            answer = await self._ask("POST", graph, json={"query": text})
            assert text != query or "errors" not in answer.json(), answer.text

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._client.request(method, path, **options)
        self._hunt.add("answers", f"{answer.text}\n{answer.headers}")
        return answer
