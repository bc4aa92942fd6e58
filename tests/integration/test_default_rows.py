"""Rows of default sites for what appeared without a word, and who may overrule them."""

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings
from tests.integration.pipeline import Clock, Pipeline, Published, make_files
from tests.support.devhost_app import Host

WAIT = 61.0


class Upkeep:
    """The addon's background work, done when a test means it."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self.worker: Any = vars(host.addon)["upkeep"]
        self._clock = clock

    async def look(self, after: float = 0.0) -> None:
        if after:
            await self._clock.advance(after)
        await self.worker.look()

    async def handle_events(self) -> None:
        await self.worker.handle_events()


@pytest.fixture
async def upkeep(host: Host, clock: Clock, set_settings: SetSettings) -> Upkeep:
    """Begins with a first look: what is there by then was published before."""
    await set_settings(config={"active_site": "studio", "remote_site": CONFIGURED})
    upkeep = Upkeep(host, clock)
    await upkeep.look()
    return upkeep


async def sites_of(pipeline: Pipeline, published: Published) -> dict[str, list[int]]:
    rows = await Postgres.fetch(
        "SELECT site_name FROM project_demo.sitesync_files_status "
        "WHERE representation_id = $1 ORDER BY site_name",
        published.id,
    )
    names = [row["site_name"] for row in rows]
    return {name: await pipeline.statuses(published, name) for name in names}


async def test_what_nobody_spoke_of_is_on_the_default_sites_after_a_minute(
    upkeep: Upkeep, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    await upkeep.look()
    assert await sites_of(pipeline, published) == {}
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {
        "studio": [4, 4],
        CONFIGURED: [1, 1],
    }
    row = await pipeline.row(published, "studio")
    assert (row["files_synced"], row["files_verified"]) == (2, 0)


async def test_sites_that_every_publish_reaches_get_it_too(
    upkeep: Upkeep, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    await set_settings(
        config={"always_accessible_on": ["farm", "studio", "nowhere"]},
        sites=[{"name": name, "provider": "sftp"} for name in ("farm", CONFIGURED)],
    )
    published = await pipeline.publish()
    await upkeep.look()
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {"studio": [4], "farm": [1]}


async def test_aliases_of_the_default_site_have_it_as_well(
    upkeep: Upkeep, pipeline: Pipeline, set_settings: SetSettings
) -> None:
    alias = {"name": CONFIGURED, "provider": "sftp", "alternative_sites": ["studio"]}
    await set_settings(config={"remote_site": CONFIGURED}, sites=[alias])
    published = await pipeline.publish()
    await upkeep.look()
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {"studio": [4], CONFIGURED: [4]}


@pytest.mark.parametrize(
    "settings",
    [
        {"enabled": False},
        {"config": {"default_rows": False}},
        {"config": {"active_site": "local"}},
    ],
)
async def test_settings_say_whether_anything_is_taken_to_be_anywhere(
    upkeep: Upkeep,
    pipeline: Pipeline,
    set_settings: SetSettings,
    settings: dict[str, Any],
) -> None:
    await set_settings(**settings)
    published = await pipeline.publish()
    await upkeep.look()
    await upkeep.look(after=WAIT)
    # Switching it on later brings back nothing of the past: that is for seeding.
    await set_settings()
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {}


async def test_what_was_published_before_site_sync_is_left_alone(
    pipeline: Pipeline, host: Host, clock: Clock, set_settings: SetSettings
) -> None:
    published = await pipeline.publish()
    upkeep = Upkeep(host, clock)
    for _ in range(3):
        await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {}


async def test_whoever_speaks_within_the_minute_is_believed(
    upkeep: Upkeep, pipeline: Pipeline, host: Host
) -> None:
    published = await pipeline.publish()
    await upkeep.look()
    artist = await host.client("artist", SITE)
    await post(artist, host, [state(published, SITE, 4), state(published, "studio", 1)])
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, published) == {SITE: [4], "studio": [1]}


async def test_a_wish_of_somebody_else_says_nothing_about_where_files_are(
    upkeep: Upkeep, pipeline: Pipeline, host: Host
) -> None:
    published = await pipeline.publish()
    artist = await host.client("artist", SITE)
    await post(artist, host, [state(published, SITE, 1)])
    await upkeep.look()
    await upkeep.look(after=WAIT)
    found = await sites_of(pipeline, published)
    assert found == {"studio": [4], CONFIGURED: [1], SITE: [1]}


async def test_a_restart_and_more_than_one_worker_change_nothing(
    upkeep: Upkeep, pipeline: Pipeline, host: Host, clock: Clock
) -> None:
    many = [await pipeline.publish() for _ in range(3)]
    # Nobody was there when they were made, and a minute has passed since.
    await Postgres.execute(
        "UPDATE project_demo.representations SET created_at = $1",
        "2026-01-01T00:00:00+00:00",
    )
    await upkeep.look()
    await upkeep.look()
    for published in many:
        assert "studio" in await sites_of(pipeline, published)
    await Postgres.execute("DELETE FROM project_demo.sitesync_files_status")
    await upkeep.look(after=3600)
    assert await sites_of(pipeline, many[0]) == {}


# --- what a publish says late --------------------------------------------------------


async def test_a_publish_that_is_told_late_wins_over_what_the_server_took_to_be(
    upkeep: Upkeep, pipeline: Pipeline, host: Host, clock: Clock
) -> None:
    written_at = clock.now
    published = await pipeline.publish(files=2)
    await upkeep.look()
    await upkeep.look(after=WAIT)
    assert "studio" in await sites_of(pipeline, published)
    await clock.advance(86_400)
    artist = await host.client("artist", SITE)
    states = [state(published, SITE, 4), state(published, "studio", 1)]
    results = await post(artist, host, states, writtenAt=written_at)
    assert results == [None, None]
    found = await sites_of(pipeline, published)
    assert found == {SITE: [4, 4], "studio": [1, 1], CONFIGURED: [1, 1]}


async def test_what_others_reported_since_stays(
    upkeep: Upkeep, pipeline: Pipeline, host: Host, clock: Clock
) -> None:
    written_at = clock.now
    published = await pipeline.publish()
    await clock.advance(10)
    admin = await host.client("admin")
    await post(admin, host, [state(published, "studio", 4)])
    await clock.advance(10)
    artist = await host.client("artist", SITE)
    results = await post(
        artist, host, [state(published, "studio", 1)], writtenAt=written_at
    )
    assert results == ["newer_state"]
    assert await sites_of(pipeline, published) == {"studio": [4]}


async def test_the_only_copy_stays_where_a_stranger_queues_it(
    upkeep: Upkeep, pipeline: Pipeline, host: Host
) -> None:
    published = await pipeline.publish(author="somebody")
    await upkeep.look()
    await upkeep.look(after=WAIT)
    await Postgres.execute(
        "UPDATE public.users SET data = jsonb_set(data, '{accessGroups}', "
        "'{\"demo\": [\"viewer\"]}') WHERE name = 'artist'"
    )
    viewer = await host.client("artist", SITE)
    await post(viewer, host, [state(published, "studio", 1)])
    assert (await sites_of(pipeline, published))["studio"] == [4]


def state(published: Published, site: str, status: int) -> dict[str, Any]:
    return {
        "representationId": published.id,
        "siteName": site,
        "status": status,
        "reset": True,
    }


async def post(
    client: httpx.AsyncClient, host: Host, states: list[dict[str, Any]], **extra: Any
) -> list[str | None]:
    answer = await client.post(
        f"{host.addon_path}/demo/states",
        json={"states": [{**each, **extra} for each in states]},
    )
    assert answer.status_code == 200, answer.text
    return [result["errorCode"] for result in answer.json()["results"]]


async def test_new_content_that_nobody_speaks_of_is_on_the_default_site(
    upkeep: Upkeep, pipeline: Pipeline, host: Host
) -> None:
    published = await pipeline.publish(files=2)
    await upkeep.look()
    await upkeep.look(after=WAIT)
    files = [published.files[0], *make_files(2, size=200)[1:]]
    await Postgres.execute(
        "UPDATE project_demo.representations SET files = $2 WHERE id = $1",
        published.id,
        files,
    )
    again = Published(published.id, "", "", "", files)
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, again) == {"studio": [4, 1], CONFIGURED: [1, 1]}
    await upkeep.look(after=WAIT)
    assert await sites_of(pipeline, again) == {"studio": [4, 4], CONFIGURED: [1, 1]}
