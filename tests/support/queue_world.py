"""A model studio for the queue's state machine: stores with files, and agents.

The files are contents by path; agents copy them as ours do, and say what they saw.
So what the server holds for true can be compared with what is on the stores.
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from ayon_server.lib.postgres import Postgres

from server.domain.files import (
    Entries,
    entry_retries,
    entry_status,
    is_verified,
    parse_entries,
)
from server.domain.rollup import compute_rollup
from server.domain.status import SiteStatus
from tests.integration.pipeline import PROJECT, Clock, Pipeline
from tests.support.devhost_app import Host

STUDIO, NEARLINE, MIRROR = "studio", "nearline", "mirror"
FOX, OWL = "brisk-amber-fox", "calm-blue-owl"
SITES = (STUDIO, NEARLINE, MIRROR, FOX, OWL)
# `mirror` is another name of what `studio` has.
STORES = {
    STUDIO: "studio",
    MIRROR: "studio",
    NEARLINE: "nearline",
    FOX: "fox",
    OWL: "owl",
}
RETRY_COUNT = 2
SCHEMA = f"project_{PROJECT}"
SETTINGS = {
    "enabled": True,
    "config": {
        "active_site": "local",
        "remote_site": STUDIO,
        "retry_cnt": RETRY_COUNT,
    },
    "sites": [
        {"name": NEARLINE, "provider": "sftp"},
        {"name": MIRROR, "provider": "sftp", "alternative_sites": [STUDIO]},
    ],
}


@dataclass(frozen=True)
class Content:
    """What a file holds."""

    digest: str
    size: int

    @classmethod
    def make(cls, text: str, size: int) -> "Content":
        return cls(hashlib.md5(text.encode()).hexdigest(), size)

    @property
    def checksum(self) -> str:
        return f"xxh3:{self.digest}"


@dataclass
class Publish:
    """A representation: its files as AYON has them, and their true contents."""

    id: str
    home: str
    files: list[dict[str, Any]]
    contents: dict[str, Content]
    revision: int = 1
    is_deleted: bool = False

    def content_of(self, file_id: str) -> Content | None:
        return next(
            (
                self.contents[file["path"]]
                for file in self.files
                if file["id"] == file_id
            ),
            None,
        )


@dataclass
class Agent:
    """One process that moves files. It believes its leases until it is told."""

    host: Host
    user: str
    site: str
    serve: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    held: list[dict[str, Any]] = field(default_factory=list)

    async def client(self) -> httpx.AsyncClient:
        machine = self.site if self.site in (FOX, OWL) else None
        return await self.host.client(self.user, machine)

    async def post(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        client = await self.client()
        answer = await client.post(f"{self.host.addon_path}/-/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def claim_body(self, most: int) -> dict[str, Any]:
        return {
            "agent": {
                "id": self.id,
                "runId": self.run_id,
                "siteName": self.site,
                "hostname": f"host-of-{self.site}",
                "version": "2.0.0",
            },
            "projects": [PROJECT],
            "serve": list(self.serve),
            "maxTransfers": most,
        }

    async def claim(self, most: int) -> list[dict[str, Any]]:
        answer = await self.post("claim", self.claim_body(most))
        taken: list[dict[str, Any]] = answer["transfers"]
        self.held += taken
        return taken

    def restart(self) -> None:
        """The process was killed; another takes its place."""
        self.held.clear()
        self.run_id = uuid.uuid4().hex


class World:
    """The stores, the agents, and what was published."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self.host = host
        self.clock = clock
        self.pipeline = Pipeline()
        self.stores: dict[str, dict[str, Content]] = {
            store: {} for store in STORES.values()
        }
        self.publishes: list[Publish] = []
        self.agents = [
            Agent(host, "artist", FOX),
            Agent(host, "manager", OWL),
            Agent(host, "service", STUDIO, (NEARLINE, MIRROR)),
            Agent(host, "service", STUDIO, (NEARLINE, MIRROR)),
        ]
        self.agents[3].id = uuid.uuid4().hex

    @classmethod
    async def open(cls, host: Host) -> "World":
        await Postgres.execute(
            "INSERT INTO public.settings (addon_name, addon_version, variant, data) "
            "VALUES ($1, $2, 'production', $3)",
            host.addon.name,
            host.addon.version,
            SETTINGS,
        )
        for machine, user in ((FOX, "artist"), (OWL, "manager")):
            await Postgres.execute(
                "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
                machine,
                {"users": [user]},
            )
        clock = Clock(["public", SCHEMA])
        await clock.apply()
        return cls(host, clock)

    async def call(
        self, path: str, body: dict[str, Any], user: str = "admin"
    ) -> dict[str, Any]:
        client = await self.host.client(user)
        answer = await client.post(f"{self.host.addon_path}/{path}", json=body)
        assert answer.status_code in (200, 204), f"{path} {body}: {answer.text}"
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    # --- publishing -------------------------------------------------------------

    async def publish(self, home: str, count: int) -> Publish:
        """Files appear at `home`, AYON gets a representation. Nobody is told yet."""
        number = len(self.publishes)
        files = [self._file(number, index, 1) for index in range(count)]
        made = await self.pipeline.publish(files=files)
        new = Publish(made.id, home, files, {})
        self._write(new, {file["path"] for file in files})
        self.publishes.append(new)
        return new

    async def publish_again(
        self, publish: Publish, changed: set[int], is_event_lost: bool
    ) -> None:
        """Integrate over the same version: new file ids, some contents changed."""
        number = self.publishes.index(publish)
        publish.revision += 1
        files = [
            self._file(number, index, publish.revision)
            if index in changed
            else {**file, "id": uuid.uuid4().hex}
            for index, file in enumerate(publish.files)
        ]
        publish.files = files
        paths = {file["path"] for index, file in enumerate(files) if index in changed}
        self._write(publish, paths)
        if is_event_lost:
            await Postgres.execute(
                f"UPDATE {SCHEMA}.representations SET files = $1 WHERE id = $2",
                files,
                publish.id,
            )
        else:
            await self._operate("update", publish, {"files": files})

    async def announce(self, publish: Publish, site: str, status: SiteStatus) -> None:
        """Post a state as publishing does, without a lease."""
        await self.call(
            f"{PROJECT}/state/{publish.id}/{site}",
            {
                "files": [
                    {
                        "id": file["id"],
                        "fileHash": file["hash"],
                        "status": int(status),
                        "size": file["size"] if status == SiteStatus.SYNCED else 0,
                        "timestamp": int(self.clock.now),
                    }
                    for file in publish.files
                ]
            },
        )

    async def delete(self, publish: Publish) -> None:
        publish.is_deleted = True
        await self._operate("delete", publish, {})

    async def hear(self) -> None:
        """The background work that server events ask for."""
        await vars(self.host.addon)["upkeep"].handle_events()

    async def look(self) -> None:
        """The background work of every ten seconds."""
        await vars(self.host.addon)["upkeep"].look()

    async def _operate(self, kind: str, publish: Publish, data: dict[str, Any]) -> None:
        client = await self.host.client()
        operation = {
            "type": kind,
            "entityType": "representation",
            "entityId": publish.id,
            "data": data,
        }
        answer = await client.post(
            f"/api/projects/{PROJECT}/operations", json={"operations": [operation]}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["success"], answer.text

    def _file(self, number: int, index: int, revision: int) -> dict[str, Any]:
        # Every second revision keeps its size, as a render done again often does.
        size = 100 + index * 10 + revision // 2
        name = f"r{number}.{index:04}.exr"
        return {
            "id": uuid.uuid4().hex,
            "name": name,
            "path": f"{{root[work]}}/demo/{name}",
            "size": size,
            "hash": f"{name}|{1_700_000_000 + revision}|{size}",
            "hash_type": "op3",
        }

    def _write(self, publish: Publish, paths: set[str]) -> None:
        for file in publish.files:
            if file["path"] in paths:
                content = Content.make(file["hash"], file["size"])
                publish.contents[file["path"]] = content
                self.stores[STORES[publish.home]][file["path"]] = content

    def has_content(self, site: str, publish: Publish) -> bool:
        store = self.stores[STORES[site]]
        return all(
            store.get(path) == content for path, content in publish.contents.items()
        )

    def has_none(self, site: str, publish: Publish) -> bool:
        store = self.stores[STORES[site]]
        return not any(path in store for path in publish.contents)

    # --- what agents do ---------------------------------------------------------

    def move(
        self,
        transfer: dict[str, Any],
        file: dict[str, Any],
        *,
        is_careless: bool = False,
    ) -> dict[str, Any]:
        """Copy one file as our agent does; answers what it reports of it.

        A careless agent takes whatever it finds, of any size.
        """
        source = self.stores[STORES[transfer["sourceSite"]]]
        target = self.stores[STORES[transfer["siteName"]]]
        found = source.get(file["path"])
        there = target.get(file["path"])
        if there is not None and there.checksum == file["checksum"]:
            return _done(file, there, source_read=False)
        if found is None:
            return _failed(file, "missing_source")
        if found.size != file["size"] and not is_careless:
            return _failed(file, "corrupt")
        target[file["path"]] = found
        return _done(file, found, source_read=True)

    # --- what must hold ---------------------------------------------------------

    async def rows(self) -> list[Any]:
        rows = await Postgres.fetch(
            "SELECT s.*, r.files, extract(epoch FROM s.changed_at)::float8 AS changed "
            f"FROM {SCHEMA}.sitesync_files_status AS s "
            f"LEFT JOIN {SCHEMA}.representations AS r ON r.id = s.representation_id"
        )
        return list(rows)

    async def check(self) -> None:
        """Hold every row against the stores and against its own counts."""
        publishes = {publish.id: publish for publish in self.publishes}
        for row in await self.rows():
            entries = parse_entries(row["data"])
            publish = publishes[row["representation_id"]]
            if not publish.is_deleted:
                self._check_proofs(publish, row["site_name"], entries)
                self._check_counts(row)
            for entry in entries.values():
                assert entry_retries(entry) <= RETRY_COUNT + 1, row
        await self._check_leases()

    def _check_proofs(self, publish: Publish, site: str, entries: Entries) -> None:
        store = self.stores[STORES[site]]
        for file in publish.files:
            entry = entries.get(file["id"])
            if entry is None or not is_verified(entry):
                continue
            content = publish.content_of(file["id"])
            assert store.get(file["path"]) == content, (
                f"{site} is said to have {file['path']}, verified: {entry}"
            )

    def _check_counts(self, row: Any) -> None:
        if row["files_total"] is None:
            return  # "compute now"
        counted = compute_rollup(
            row["data"], row["files"], self.clock.now, row["changed"]
        )
        for name in ("files_total", "files_due", "files_failed", "files_synced"):
            assert row[name] == getattr(counted, name), (name, row)
        assert row["files_verified"] == counted.files_verified, row
        assert row["bytes_done"] == counted.bytes_done, row

    async def _check_leases(self) -> None:
        """A live lease is held by one agent at most, the one that the server knows."""
        rows = await Postgres.fetch(
            f"SELECT token, agent_id FROM {SCHEMA}.sitesync_leases "
            "WHERE expires_at > to_timestamp($1::float8)",
            self.clock.now,
        )
        owners = {row["token"]: row["agent_id"] for row in rows}
        for agent, transfer in self._held():
            owner = owners.get(transfer["lease"]["token"])
            assert owner in (None, agent.id), (owner, transfer)
        keys = [
            (transfer["representationId"], transfer["siteName"])
            for _, transfer in self._held()
            if transfer["lease"]["token"] in owners
        ]
        assert len(keys) == len(set(keys)), f"held twice: {keys}"

    def _held(self) -> Iterator[tuple[Agent, dict[str, Any]]]:
        for agent in self.agents:
            for transfer in agent.held:
                yield agent, transfer

    async def check_that_all_arrives(self) -> None:
        """Without faults everything that can be brought is brought, and then it ends.

        :raises AssertionError: work goes on for ever, or something was forgotten.
        """
        everything = {"siteNames": list(SITES), "selection": {"all": True}}
        await self.call("-/pauses", {"scope": "all", "paused": False})
        for site in SITES:
            await self.call(
                "-/pauses", {"scope": "site", "siteName": site, "paused": False}
            )
        await self.call(f"{PROJECT}/verbs/resume", everything)
        for agent in self.agents:
            agent.restart()
        await self.hear()
        await self.look()
        for _ in range(2):
            await self.call(f"{PROJECT}/verbs/retry", everything)
            await self._work_until_idle()
        await self.check()
        await self._check_that_nothing_is_forgotten()

    async def _work_until_idle(self) -> None:
        idle = 0
        for _ in range(60):
            # A lease's time: what waits longer than that for its turn was forgotten.
            await self.clock.advance(61.0)
            moved = 0
            for agent in self.agents:
                for transfer in await agent.claim(100):
                    files = [self.move(transfer, file) for file in transfer["files"]]
                    await agent.post("report", report_body(agent, transfer, files))
                    moved += 1
                agent.held.clear()
            idle = 0 if moved else idle + 1
            if idle == 2:
                return
        raise AssertionError("agents never run out of work")

    async def _check_that_nothing_is_forgotten(self) -> None:
        neighbours = {
            STUDIO: {FOX, OWL, NEARLINE},
            MIRROR: {NEARLINE},
            NEARLINE: {STUDIO},
            FOX: {STUDIO},
            OWL: {STUDIO},
        }
        rows = await self.rows()
        waiting = {SiteStatus.QUEUED, SiteStatus.IN_PROGRESS, SiteStatus.FAILED}
        publishes = {one.id: one for one in self.publishes if not one.is_deleted}
        full = {
            (row["representation_id"], row["site_name"])
            for row in rows
            if row["representation_id"] in publishes
            and self._is_whole(publishes[row["representation_id"]], row)
        }
        for row in rows:
            publish = publishes.get(row["representation_id"])
            statuses = {
                entry_status(entry) for entry in parse_entries(row["data"]).values()
            }
            if publish is None or not statuses & waiting:
                continue
            sources = {
                site
                for site in neighbours[row["site_name"]]
                if (publish.id, site) in full and self.has_content(site, publish)
            }
            assert not sources, f"{row['site_name']} waits beside {sources}: {row}"

    @staticmethod
    def _is_whole(publish: Publish, row: Any) -> bool:
        entries = parse_entries(row["data"])
        return all(
            file["id"] in entries
            and entry_status(entries[file["id"]]) == SiteStatus.SYNCED
            for file in publish.files
        )


def report_body(
    agent: Agent,
    transfer: dict[str, Any],
    files: list[dict[str, Any]],
    *,
    finished: bool = True,
) -> dict[str, Any]:
    """The body of a report about one transfer."""
    return {
        "agentId": agent.id,
        "transfers": [
            {
                "projectName": PROJECT,
                "representationId": transfer["representationId"],
                "siteName": transfer["siteName"],
                "leaseToken": transfer["lease"]["token"],
                "finished": finished,
                "files": files,
            }
        ],
    }


def _done(
    file: dict[str, Any], content: Content, *, source_read: bool
) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 4,
        "bytesDone": content.size,
        "checksum": content.checksum,
        "proof": "content",
        "sourceRead": source_read,
    }


def _failed(file: dict[str, Any], error_class: str) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 2,
        "errorClass": error_class,
        "message": f"{error_class} as the test wants it",
    }
