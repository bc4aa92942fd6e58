"""A studio for the chaos run: five sites, agents, and what was published to it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import ayon_api

from devhost.agent import AgentProcess
from devhost.postgres import find_running, make_dsn
from devhost.process import DevhostProcess
from devhost.publishing import QUEUED, SYNCED, Published, Publisher, describe_file
from devhost.sample_files import SamplePublish
from tests.support.rclone_servers import RcloneServer, serve_s3
from tests.support.relay import NoisyRelay
from tests.support.remote_storage import make_s3_settings
from tests.support.small_disk import SmallDisk
from tests.support.sshd import Sshd

PROJECT = "demo"
STUDIO, MACHINE = "studio", "brisk-amber-fox"
NEARLINE, VAULT, BUCKET = "nearline", "vault", "bucket"
SITES = (STUDIO, MACHINE, NEARLINE, VAULT, BUCKET)
SERVED = (NEARLINE, VAULT, BUCKET)
DISK_MEGABYTES = 4_000
# After so much is published files are a tenth as long.
LARGE_FILES_BYTES = 1_500_000_000
_connect: Any = asyncpg.connect  # has no types


@dataclass(frozen=True)
class Unfinished:
    """A representation that a site does not have; no row: `status` is None."""

    path: Path
    site: str
    status: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.path} on {self.site}: {self.status} {self.message}"


@dataclass
class Entry:
    """A live publish: its paths below a root with the digests of their content."""

    published: Published
    home: str
    digests: dict[Path, str]
    untold: set[str] = field(default_factory=lambda: set(SITES))
    is_described: bool = True  # AYON has these files, not those before


class Studio:
    """Starts everything and keeps the ledger of what was published."""

    def __init__(self, base: Path, chance: random.Random) -> None:
        self.base = base
        self.chance = chance
        self.ledger: dict[str, Entry] = {}
        self.ledger_lock = threading.Lock()
        self.stack = ExitStack()
        self._count = 0
        self._bytes_published = 0

    def start(self) -> None:
        """:raises RuntimeError: a part does not start."""
        os.environ["XDG_STATE_HOME"] = str(self.base / "state")
        self.devhost = DevhostProcess(self.base / "server")
        self.devhost.start()
        self.stack.callback(self.devhost.stop)
        self._keep_what_is_committed()
        self.server_link = NoisyRelay(_port(self.devhost.url), self.chance)
        self.nearline_disk = SmallDisk(self.base / NEARLINE, DISK_MEGABYTES)
        self.stack.enter_context(self.nearline_disk)
        self.sshd = Sshd(self.base / "sshd")
        self.stack.enter_context(self.sshd)
        self.vault_link = NoisyRelay(self.sshd.port, self.chance)
        self.roots = {
            STUDIO: self.base / STUDIO,
            MACHINE: self.base / MACHINE,
            NEARLINE: self.nearline_disk.path / "files",
            VAULT: self.base / VAULT,
            BUCKET: self.base / "s3" / "studio" / "ayon",
        }
        for root in self.roots.values():
            root.mkdir(parents=True, exist_ok=True)
        self.bucket: RcloneServer = serve_s3(self.base / "s3", is_watched=False)
        self.bucket.start()
        self.stack.callback(self.bucket.stop)
        self.bucket_link = NoisyRelay(self.bucket.port, self.chance)
        self._configure()
        self.agents = [self._make_agent("artist", MACHINE)]
        self.agents += [self._make_agent("service", STUDIO) for _ in range(2)]
        for agent in self.agents:
            agent.start()
            self.stack.callback(agent.stop)

    def stop(self) -> None:
        self.stack.close()

    def _keep_what_is_committed(self) -> None:
        """A devhost trades that for speed; a studio's Postgres does not."""
        asyncio.run(self.query("ALTER DATABASE ayon SET synchronous_commit = on"))
        self.devhost.stop()
        self.devhost.start()

    @property
    def url(self) -> str:
        """The server as agents and publishers reach it."""
        return f"http://127.0.0.1:{self.server_link.port}"

    def _make_agent(self, user: str, site: str) -> AgentProcess:
        serve = [word for name in SERVED for word in ("--serve", name)]
        return AgentProcess(
            *(self.url, self.devhost.users[user], site),
            *(serve if site == STUDIO else ()),
            cwd=self.base,
            prefix=self.nearline_disk.inside if site == STUDIO else (),
        )

    def start_server_again(self) -> None:
        """After the server, or its Postgres, has ended."""
        self.devhost.stop()
        self.devhost.start()
        self.server_link.point_to(_port(self.devhost.url))

    # --- set-up -----------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        return self.devhost.addon_url.split("/api/", 1)[1]

    def connect(self, user: str, site: str | None = None) -> ayon_api.ServerAPI:
        """Straight to the server, past the link that faults cut."""
        return ayon_api.ServerAPI(
            self.devhost.url,
            self.devhost.users[user],
            site_id=site,
            client_version="2.0.0",
            create_session=False,
        )

    def _configure(self) -> None:
        admin, artist = self.connect("admin"), self.connect("artist", MACHINE)
        roots = [_root(self.roots[STUDIO])]
        body = {"name": PROJECT, "code": "dmo", "anatomy": {"roots": roots}}
        expect(admin.raw_post("projects", json={**body, "library": False}))
        settings = expect(admin.raw_get(f"{self.endpoint}/settings"))
        settings["enabled"] = True
        settings["config"]["retry_cnt"] = 5
        settings["sites"] = self._describe_sites()
        expect(admin.raw_post(f"{self.endpoint}/settings", json=settings))
        artist.get_server_version()  # makes the machine known to AYON
        own = f"{self.endpoint}/settings/{PROJECT}"
        settings = expect(artist.raw_get(f"{own}?site={MACHINE}"))
        settings["local_setting"] = {
            "active_site": "local",
            "remote_site": STUDIO,
            "local_roots": [{"name": "work", "path": str(self.roots[MACHINE])}],
        }
        expect(artist.raw_post(f"{own}?site_id={MACHINE}", json=settings))

    def _describe_sites(self) -> list[dict[str, Any]]:
        sftp = {
            **self.sshd.settings,
            "sftp_port": self.vault_link.port,
            "sftp_host_key": self.sshd.fingerprint,
            "roots": str(self.roots[VAULT]),
        }
        link = f"http://127.0.0.1:{self.bucket_link.port}"
        s3 = make_s3_settings(self.bucket, endpoint=link)
        # Where the studio's agents have it, which see its disk in its place.
        drive = {"roots": [_root(self.nearline_disk.place / "files")]}
        return [
            {"name": NEARLINE, "provider": "local_drive", "local_drive": drive},
            {"name": VAULT, "provider": "sftp", "sftp": sftp},
            {"name": BUCKET, "provider": "s3", "s3": s3},
        ]

    # --- publishing -------------------------------------------------------------

    def publish(self) -> None:
        """One version of some files, from the studio or the artist's machine."""
        self._count += 1
        chance = self.chance
        home = chance.choice((STUDIO, STUDIO, MACHINE))
        folder = Path("demo", f"sh{self._count:05}", f"render{self._count:05}")
        sizes = (
            [self._scale(chance.randrange(20_000_000, 60_000_000))]
            if chance.random() < 0.1
            else [
                self._scale(chance.randrange(300_000))
                for _ in range(chance.randrange(1, 30))
            ]
        )
        paths = [folder / f"f.{number:04}.exr" for number in range(len(sizes))]
        digests = {
            path: self._write(home, path, size)
            for path, size in zip(paths, sizes, strict=True)
        }
        sample = SamplePublish(
            *(folder.parts[1:2], folder.name, "render", 1, {"exr": paths}),
            at_artist=home == MACHINE,
        )
        (published,) = self._publisher().publish(sample)
        entry = Entry(published, home, digests)
        with self.ledger_lock:
            self.ledger[published.representation_id] = entry
        self.tell(entry)

    def publish_again(self, entry: Entry) -> None:
        """Some files of a version are rendered anew, over what was there."""
        changed = [path for path in entry.digests if self.chance.random() < 0.5]
        # What breaks off from here on is told all the same, by the next `tell`.
        entry.untold.add(entry.home)
        entry.is_described = False
        for path in changed:
            size = (self.roots[entry.home] / path).stat().st_size
            entry.digests[path] = self._write(entry.home, path, size)
        self.tell(entry)

    def delete(self, entry: Entry) -> None:
        with self.ledger_lock:
            del self.ledger[entry.published.representation_id]
        self.connect("admin").delete_representation(
            PROJECT, entry.published.representation_id
        )

    def tell(self, entry: Entry) -> None:
        """Tell the server of a publish what it does not know yet."""
        if not entry.is_described:
            self._describe(entry)
        published = entry.published
        order = sorted(entry.untold, key=lambda site: site != entry.home)
        for site in order:
            status = SYNCED if site == entry.home else QUEUED
            self._publisher().set_sites(published, {site: status})
            entry.untold.discard(site)

    def _describe(self, entry: Entry) -> None:
        """Give AYON the files as they are now, under new ids as an integrator does."""
        root, before = self.roots[entry.home], entry.published
        files = [describe_file(root, path) for path in before.paths]
        entry.published = replace(before, files=files)
        self.connect("admin").update_representation(
            PROJECT, before.representation_id, files=files
        )
        entry.is_described = True

    def _publisher(self) -> Publisher:
        return Publisher(
            *(self.connect("admin", MACHINE), PROJECT, self.endpoint),
            *(self.roots[STUDIO], self.roots[MACHINE]),
        )

    def _scale(self, size: int) -> int:
        """The size of a new file: a long run must fit on the smallest disk."""
        return size if self._bytes_published < LARGE_FILES_BYTES else size // 10

    def _write(self, site: str, path: Path, size: int) -> str:
        self._bytes_published += size
        content = self.chance.randbytes(size)
        target = self.roots[site] / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.publishing")
        part.write_bytes(content)
        part.replace(target)
        return hashlib.md5(content).hexdigest()

    # --- what the server says -----------------------------------------------------

    def order(self, verb: str, sites: tuple[str, ...]) -> None:
        """A verb over everything."""
        body = {"siteNames": list(sites), "selection": {"all": True}}
        admin = self.connect("admin")
        expect(admin.raw_post(f"{self.endpoint}/{PROJECT}/verbs/{verb}", json=body))

    def unfinished(self) -> list[Unfinished]:
        """What is not SYNCED everywhere."""
        found = []
        rows = {row["representationId"]: row for row in self._rows()}
        for representation_id, entry in self.ledger.items():
            sites = rows.get(representation_id, {}).get("sites", {})
            for site in SITES:
                state = sites.get(site) or {}
                if state.get("status") != SYNCED:
                    found.append(
                        Unfinished(
                            *(entry.published.paths[0], site, state.get("status")),
                            state.get("message") or "",
                        )
                    )
        return found

    def _rows(self) -> list[dict[str, Any]]:
        admin, rows, after = self.connect("admin"), [], None
        while True:
            body = {"first": 1000, "after": after, "siteNames": list(SITES)}
            answer = expect(
                admin.raw_post(
                    f"{self.endpoint}/{PROJECT}/representations/query", json=body
                )
            )
            rows += answer["representations"]
            after = answer["pageInfo"]["endCursor"]
            if not answer["pageInfo"]["hasNextPage"]:
                return rows

    def wrong_files(self) -> tuple[list[str], list[str]]:
        """Compare every byte: what is missing, and what has another content."""
        missing, wrong = [], []
        for entry in self.ledger.values():
            for path, digest in entry.digests.items():
                for site in SITES:
                    file = self.roots[site] / path
                    if not file.exists():
                        missing.append(f"{site}: {path}")
                    elif hashlib.md5(file.read_bytes()).hexdigest() != digest:
                        wrong.append(f"{site}: {path}")
        return missing, wrong

    async def evidence(self, representation_id: str) -> dict[str, Any]:
        """What the database says of a representation: to find out what went wrong."""
        schema = f"project_{PROJECT}"
        of_it = f"WHERE representation_id = '{representation_id}'"
        found: dict[str, Any] = {}
        for table in ("files_status", "known_files", "attempts", "leases"):
            rows = await self.query(f"SELECT * FROM {schema}.sitesync_{table} {of_it}")
            found[table] = [dict(row) for row in rows]
        return found

    async def query(self, sql: str) -> Any:
        """Ask the devhost's database itself.

        :raises OSError, asyncpg.PostgresError: it is not up.
        """
        socket = find_running(self.base / "server" / "postgres")
        if socket is None:
            raise ConnectionError("Postgres does not run")
        connection = await _connect(make_dsn(socket, "ayon"))
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()


def expect(response: Any) -> Any:
    """:raises RuntimeError: the server refused, in its words."""
    if response.status_code >= 400:
        raise RuntimeError(f"the server said {response.status_code}: {response.text}")
    return response.data


def _root(path: Path) -> dict[str, str]:
    text = path.as_posix()
    return {"name": "work", "windows": text, "linux": text, "darwin": text}


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
