"""A model studio for the queue's state machine: who publishes, works and orders there.

Whatever is done is written down in a ledger, which tells what must come of it.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from ayon_server.events import EventStream
from ayon_server.lib.postgres import Postgres

from server.domain.files import entry_status, parse_entries
from server.domain.status import SiteStatus
from tests.integration.pipeline import PROJECT, Clock, Pipeline
from tests.support.devhost_app import Host
from tests.support.queue_agents import Agent
from tests.support.queue_ledger import Ledger, Pair
from tests.support.queue_stores import (
    FOX,
    MIRROR,
    NEARLINE,
    OWL,
    SITES,
    STORES,
    STUDIO,
    Publish,
    Stores,
    make_file,
)

SCHEMA = f"project_{PROJECT}"


@dataclass(frozen=True)
class Rules:
    """The settings that change while there is work."""

    retry_count: int = 2
    is_enabled: bool = True
    has_nearline: bool = True
    is_mirror_alias: bool = True

    def settings(self) -> dict[str, Any]:
        mirror: dict[str, Any] = {"name": MIRROR, "provider": "sftp"}
        if self.is_mirror_alias:
            mirror["alternative_sites"] = [STUDIO]
        nearline = {"name": NEARLINE, "provider": "sftp"}
        return {
            "enabled": self.is_enabled,
            "config": {
                "active_site": "local",
                "remote_site": STUDIO,
                "retry_cnt": self.retry_count,
            },
            "sites": [nearline, mirror] if self.has_nearline else [mirror],
        }

    def knows(self, site: str) -> bool:
        return self.has_nearline or site != NEARLINE

    def names_of(self, site: str) -> set[str]:
        """Return a site and the other names of its store, as the settings tell."""
        if not self.is_mirror_alias:
            return {site}
        return {name for name in SITES if STORES[name] == STORES[site]}


class World:
    """The stores, the agents, and what was published."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self.host = host
        self.clock = clock
        self.pipeline = Pipeline()
        self.stores = Stores()
        self.rules = Rules()
        self.ledger = Ledger(self.rules.retry_count + 1)
        self.publishes: list[Publish] = []
        # The bodies of pauses that are in force.
        self.pauses: list[dict[str, Any]] = []
        # Tokens of the removals that were given last.
        self.removals: dict[Pair, str] = {}
        self.agents = [
            Agent(host, "artist", FOX),
            Agent(host, "manager", OWL),
            Agent(host, "service", STUDIO, (NEARLINE, MIRROR)),
            Agent(host, "service", STUDIO, (NEARLINE, MIRROR)),
        ]

    @classmethod
    async def open(cls, host: Host) -> "World":
        for machine, user in ((FOX, "artist"), (OWL, "manager")):
            await Postgres.execute(
                "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
                machine,
                {"users": [user]},
            )
        clock = Clock(["public", SCHEMA])
        await clock.apply()
        world = cls(host, clock)
        await world.change_rules(Rules())
        return world

    async def call(
        self, path: str, body: dict[str, Any], user: str = "admin"
    ) -> dict[str, Any]:
        client = await self.host.client(user)
        answer = await client.post(f"{self.host.addon_path}/{path}", json=body)
        assert answer.status_code in (200, 204), f"{path} {body}: {answer.text}"
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    async def rows(self) -> list[Any]:
        rows = await Postgres.fetch(
            "SELECT s.*, r.files, extract(epoch FROM s.changed_at)::float8 AS changed "
            f"FROM {SCHEMA}.sitesync_files_status AS s "
            f"LEFT JOIN {SCHEMA}.representations AS r ON r.id = s.representation_id"
        )
        return list(rows)

    def alive(self) -> list[Publish]:
        return [publish for publish in self.publishes if not publish.is_deleted]

    # --- publishing -------------------------------------------------------------

    async def publish(self, home: str, count: int) -> Publish:
        """Files appear at `home`, AYON gets a representation. Nobody is told yet."""
        number = len(self.publishes)
        files = [make_file(number, index, 1) for index in range(count)]
        made = await self.pipeline.publish(files=files)
        new = Publish(made.id, home, files, {})
        self.stores.write(new, {file["path"] for file in files})
        self.publishes.append(new)
        return new

    async def publish_again(
        self, publish: Publish, changed: set[int], *, is_event_lost: bool
    ) -> None:
        """Integrate over the same version: new file ids, some contents changed."""
        number = self.publishes.index(publish)
        publish.revision += 1
        files = [
            make_file(number, index, publish.revision)
            if index in changed
            else {**file, "id": uuid.uuid4().hex}
            for index, file in enumerate(publish.files)
        ]
        await self._replace_files(publish, files, is_event_lost=is_event_lost)

    async def publish_hero(
        self, hero: Publish, version: Publish, *, is_event_lost: bool
    ) -> None:
        """Integrate what a version has over the files of a hero, and reset its sites.

        There may be more or fewer files than before.
        """
        number = self.publishes.index(hero)
        files = []
        for index, file in enumerate(version.files):
            place = make_file(number, index, 1)
            content = {key: file[key] for key in ("size", "hash", "hash_type")}
            files.append({**place, **content})
        await self._replace_files(hero, files, is_event_lost=is_event_lost)
        sites = {site for each, site in self.ledger.wanted if each == hero.id}
        for site in sorted(sites - {hero.home}):
            if self.rules.knows(site):
                await self._announce(hero, site, SiteStatus.QUEUED, "?reset=true")
        await self._announce(hero, hero.home, SiteStatus.SYNCED, "?reset=true")

    async def _replace_files(
        self, publish: Publish, files: list[dict[str, Any]], *, is_event_lost: bool
    ) -> None:
        publish.files, publish.is_told = files, False
        self.stores.write(publish, {file["path"] for file in files})
        if is_event_lost:
            await Postgres.execute(
                f"UPDATE {SCHEMA}.representations SET files = $1 WHERE id = $2",
                files,
                publish.id,
            )
        else:
            await self._operate("update", publish, {"files": files})

    async def want(self, publish: Publish, site: str) -> None:
        """A publish wants its files on another site."""
        await self._announce(publish, site, SiteStatus.QUEUED)

    async def tell_home(self, publish: Publish) -> None:
        """A publish says that its files are on its home, and sees to it that it is so.

        Where they were deleted meanwhile they are integrated once more.
        """
        if not self.stores.has_content(publish.home, publish):
            await self.publish_again(publish, set(), is_event_lost=False)
        await self._announce(publish, publish.home, SiteStatus.SYNCED)

    async def claim_wrongly(self, publish: Publish, site: str) -> None:
        """Somebody says that files are where they are not."""
        wanted = set(self.ledger.wanted)
        self.ledger.note_mistake(publish, site)
        await self._announce(publish, site, SiteStatus.SYNCED)
        self.ledger.wanted = wanted

    async def _announce(
        self, publish: Publish, site: str, status: SiteStatus, query: str = ""
    ) -> None:
        """Post a state as publishing does, without a lease."""
        is_there = status == SiteStatus.SYNCED
        files = [
            {
                "id": file["id"],
                "fileHash": file["hash"],
                "status": int(status),
                "size": file["size"] if is_there else 0,
                "timestamp": int(self.clock.now),
            }
            for file in publish.files
        ]
        path = f"{PROJECT}/state/{publish.id}/{site}{query}"
        await self.call(path, {"files": files})
        names = self.rules.names_of(site) if is_there else {site}
        self.ledger.wanted |= {(publish.id, name) for name in names}
        self.ledger.void_proofs((publish.id, site))
        publish.is_told = publish.is_told or (is_there and site == publish.home)

    async def delete(self, publish: Publish) -> None:
        publish.is_deleted = True
        await self._operate("delete", publish, {})
        self.ledger.forget(publish)

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

    async def hear(self) -> None:
        """The background work that server events ask for."""
        await vars(self.host.addon)["upkeep"].handle_events()

    async def look(self) -> None:
        """The background work of every ten seconds."""
        await vars(self.host.addon)["upkeep"].look()

    # --- what agents do ---------------------------------------------------------

    async def claim(self, agent: Agent, most: int) -> int:
        """Ask for work, which must be allowed; return how much there was."""
        given = await agent.claim(most)
        for each in given:
            ends = {each["siteName"], each.get("sourceSite", each["siteName"])}
            assert self.rules.is_enabled, f"given in a project that is off: {each}"
            assert all(map(self.rules.knows, ends)), f"given to a lost site: {each}"
            paused = [
                pause
                for pause in self.pauses
                if pause["scope"] != "site" or pause["siteName"] in ends
            ]
            assert not paused, f"given in spite of {paused}: {each}"
            if "sourceSite" not in each:
                pair = each["representationId"], each["siteName"]
                self.removals[pair] = each["lease"]["token"]
        return len(given)

    async def report(
        self, agent: Agent, transfer: dict[str, Any], body: dict[str, Any]
    ) -> None:
        """Bring a report to the server; write down what it took."""
        before = await self._synced_ids(transfer)
        answer = await agent.post("report", body)
        result = answer["transfers"][0]
        if result["state"] not in ("held", "finished", "paused"):
            return
        rejected = {each["id"] for each in result["rejected"]}
        files = [
            file
            for file in body["transfers"][0]["files"]
            if file["status"] == SiteStatus.SYNCED and file["id"] not in rejected
        ]
        self.ledger.note_report(transfer, files)
        if result["state"] == "paused":
            return  # the lease may have ended before
        representation_id, site = transfer["representationId"], transfer["siteName"]
        self.ledger.arrived |= {
            (representation_id, name, file["id"])
            for file in files
            for name in self.rules.names_of(site)
            if file["id"] not in before
        }

    async def _synced_ids(self, transfer: dict[str, Any]) -> set[str]:
        row = await Postgres.fetchrow(
            f"SELECT data FROM {SCHEMA}.sitesync_files_status "
            "WHERE representation_id = $1 AND site_name = $2",
            transfer["representationId"],
            transfer["siteName"],
        )
        entries = {} if row is None else parse_entries(row["data"])
        return {
            file_id
            for file_id, entry in entries.items()
            if entry_status(entry) == SiteStatus.SYNCED
        }

    def delete_file(
        self, agent: Agent, removal: dict[str, Any], file: dict[str, Any]
    ) -> None:
        """An agent deletes one file of a removal that it holds."""
        self.stores.of(removal["siteName"]).pop(file["path"], None)
        self.ledger.note_deletion(removal["siteName"], file["path"])
        agent.deleted.setdefault(removal["lease"]["token"], []).append(file["id"])

    # --- what operators do ------------------------------------------------------

    async def order(
        self, verb: str, sites: list[str], chosen: list[Publish], **extra: Any
    ) -> None:
        """Order something about representations; write down what follows for them."""
        before = {
            (row["representation_id"], row["site_name"]): row
            for row in await self.rows()
        }
        ids = [publish.id for publish in chosen]
        is_all = chosen == self.alive()
        selection = {"all": True} if is_all else {"representationIds": ids}
        answer = await self.call(
            f"{PROJECT}/verbs/{verb}",
            {"siteNames": sites, "selection": selection, **extra},
        )
        refused = {
            (each["representationId"], each["siteName"]) for each in answer["problems"]
        }
        for publish in chosen:
            for site in sites:
                pair = publish.id, site
                if pair not in refused:
                    self._note_order(verb, pair, before.get(pair))
        if verb == "resume":
            # What had no attempts left gets one more, each time.
            self.ledger.attempts += 1

    def _note_order(self, verb: str, pair: Pair, row: Any) -> None:
        ledger = self.ledger
        if verb == "queue" or (verb == "reset" and row is not None):
            ledger.wanted.add(pair)
        if verb in ("reset", "verify"):
            ledger.void_proofs(pair)
        if verb == "remove":
            ledger.wanted -= {(pair[0], name) for name in self.rules.names_of(pair[1])}
        if verb == "cancel" and row and row["files_synced"] != row["files_total"]:
            ledger.wanted.discard(pair)

    async def prioritize(
        self, priority: int, sites: list[str], chosen: list[Publish]
    ) -> None:
        await self.order("priority", sites, chosen, priority=priority)
        ids = {publish.id for publish in chosen}
        for row in await self.rows():
            if row["representation_id"] in ids and row["site_name"] in sites:
                assert row["priority"] == priority, row

    async def pause(self, scope: dict[str, Any], *, paused: bool) -> None:
        """Pause a scope of `/-/pauses`, or let it go on."""
        await self.call("-/pauses", {**scope, "paused": paused})
        self.pauses = [each for each in self.pauses if each != scope]
        if paused:
            self.pauses.append(scope)

    async def change_rules(self, rules: Rules) -> None:
        """Store the settings, as AYON does."""
        await Postgres.execute(
            "INSERT INTO public.settings (addon_name, addon_version, variant, data) "
            "VALUES ($1, $2, 'production', $3) "
            "ON CONFLICT (addon_name, addon_version, variant) "
            "DO UPDATE SET data = EXCLUDED.data",
            self.host.addon.name,
            self.host.addon.version,
            rules.settings(),
        )
        await EventStream.dispatch("settings.changed")
        self.ledger.attempts += max(rules.retry_count - self.rules.retry_count, 0)
        self.rules = rules
