"""What an artist stores for his machine decides about his own choice, and no more.

AYON takes any key there, whatever its scope says: scopes are for its editor.
"""

from __future__ import annotations

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import (
    CONFIGURED,
    SITE,
    SetSettings,
    store_own_settings,
)
from tests.integration.pipeline import Pipeline, Published
from tests.support.devhost_app import Host

ANOTHERS = "quiet-grey-owl"
SECRET = "correct horse battery staple"


async def own_machine(site_name: str, user: str) -> None:
    await Postgres.execute(
        "INSERT INTO public.sitesync_machine_sites VALUES ($1, $2, $2, now())",
        *(site_name, user),
    )


@pytest.fixture
async def published(set_settings: SetSettings, pipeline: Pipeline) -> Published:
    return await pipeline.publish()


async def post(
    client: httpx.AsyncClient, host: Host, published: Published, site: str, status: int
) -> int:
    url = f"{host.addon_path}/demo/state/{published.id}/{site}"
    answer = await client.post(url, json={"files": published.posted(status)})
    return answer.status_code


async def states(host: Host, published: Published) -> dict[str, int]:
    url = f"{host.addon_path}/demo/state/representations"
    params = {"representationIds": published.id}
    answer = await (await host.client("admin")).get(url, params=params)
    return {each["siteName"]: each["status"] for each in answer.json()}


async def test_a_machine_that_is_named_as_a_site_stays_its_owners(
    host: Host, published: Published
) -> None:
    await own_machine(ANOTHERS, "restricted")
    await store_own_settings(
        host,
        local_setting={"active_site": ANOTHERS},
        sites=[{"name": ANOTHERS, "provider": "local_drive"}],
    )
    artist = await host.client("artist", SITE)
    for status in (1, 4):
        assert await post(artist, host, published, ANOTHERS, status) == 403
    assert await states(host, published) == {}


async def test_a_site_of_ones_own_is_known(host: Host, published: Published) -> None:
    await store_own_settings(host, sites=[{"name": "my-cloud", "provider": "rclone"}])
    artist = await host.client("artist", SITE)
    assert await post(artist, host, published, "my-cloud", 1) == 204
    other = await host.client("restricted", ANOTHERS)
    assert await post(other, host, published, "their-cloud", 1) == 404


async def test_a_shared_site_that_is_left_out_is_nobodys_machine(
    host: Host, published: Published
) -> None:
    admin = await host.client("admin")
    for site in ("studio", CONFIGURED):
        assert await post(admin, host, published, site, 4) == 204
    await store_own_settings(host, CONFIGURED, sites=[])
    artist = await host.client("artist", CONFIGURED)
    answer = await artist.post(
        f"{host.addon_path}/demo/verbs/remove",
        json={
            "siteNames": [CONFIGURED],
            "selection": {"representationIds": [published.id]},
        },
    )
    assert answer.status_code == 403
    assert (await states(host, published))[CONFIGURED] == 4


async def test_no_store_is_made_another_name_of_a_shared_one(
    host: Host, published: Published
) -> None:
    await store_own_settings(
        host,
        sites=[
            {
                "name": CONFIGURED,
                "provider": "sftp",
                "alternative_sites": [ANOTHERS],
            },
            {"name": "my-cloud", "alternative_sites": ["studio"]},
        ],
    )
    artist = await host.client("artist", SITE)
    for site in (CONFIGURED, "my-cloud"):
        await post(artist, host, published, site, 4)
    assert (await states(host, published)).keys() <= {CONFIGURED, "my-cloud"}


async def test_rules_of_the_project_hold(
    host: Host, set_settings: SetSettings, published: Published
) -> None:
    await set_settings(enabled=False, config={"accept_unleased_results": False})
    admin = await host.client("admin")
    assert await post(admin, host, published, "studio", 4) == 204
    assert await post(admin, host, published, CONFIGURED, 1) == 204
    await store_own_settings(
        host,
        enabled=True,
        config={"accept_unleased_results": True},
        local_setting={"active_site": SITE, "remote_site": CONFIGURED},
    )
    artist = await host.client("artist", SITE)
    assert await post(artist, host, published, CONFIGURED, 2) == 403
    assert await post(artist, host, published, SITE, 1) == 204
    agent = {"id": "a" * 32, "siteName": SITE, "hostname": "here"}
    answer = await artist.post(
        f"{host.addon_path}/-/claim", json={"agent": agent, "serve": ["studio"]}
    )
    assert answer.json()["transfers"] == []


async def test_credentials_are_for_whom_the_project_says(
    host: Host, set_settings: SetSettings
) -> None:
    sftp = {"sftp_host": "vault", "sftp_pass": "{secret:sitesync_vault}"}
    site = {"name": CONFIGURED, "provider": "sftp", "sftp": sftp}
    await set_settings(sites=[site])
    await Postgres.execute(
        "INSERT INTO public.secrets VALUES ('sitesync_vault', $1)", SECRET
    )
    await store_own_settings(host, sites=[{**site, "credentials_for": ["everyone"]}])
    artist = await host.client("artist", SITE)
    answer = await artist.post(
        f"{host.addon_path}/demo/credentials", json={"siteNames": [CONFIGURED]}
    )
    assert SECRET not in answer.text
    [refused] = answer.json()["refused"]
    assert refused["errorCode"] == "not_allowed"


async def test_credentials_of_a_site_added_later_are_handed_out(
    host: Host, set_settings: SetSettings
) -> None:
    """AYON stores all sites as soon as an artist changes something of one."""
    await store_own_settings(host, sites=[])
    artist = await host.client("artist", SITE)
    answer = await artist.post(
        f"{host.addon_path}/demo/credentials", json={"siteNames": [CONFIGURED]}
    )
    assert list(answer.json()["sites"]) == [CONFIGURED]
