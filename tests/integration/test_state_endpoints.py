"""What the endpoints of the existing addon tell: keys, counts, a user's sites."""

from typing import Any

import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings, store_own_settings
from tests.integration.pipeline import Pipeline
from tests.integration.state_requests import get_state, post
from tests.support.devhost_app import Host

pytestmark = pytest.mark.usefixtures("set_settings")


async def test_state_has_the_keys_of_the_existing_addon(
    host: Host, pipeline: Pipeline
) -> None:
    published = await pipeline.publish(files=2)
    client = await host.client("manager")
    await post(client, host, published, "studio")
    [item] = await get_state(client, host)
    assert set(item) == {
        "folder",
        "product",
        "version",
        "representation",
        "representationId",
        "fileCount",
        "size",
        "localStatus",
        "remoteStatus",
        "versionId",
        "files",
    }
    status_keys = {
        "status",
        "size",
        "totalSize",
        "timestamp",
        "message",
        "retries",
        "progress",
    }
    assert set(item["localStatus"]) == status_keys
    assert set(item["files"][0]) == {
        "id",
        "fileHash",
        "size",
        "path",
        "baseName",
        "localStatus",
        "remoteStatus",
    }
    assert set(item["files"][0]["remoteStatus"]) == status_keys
    assert item["folder"] == "sh0010"
    assert item["versionId"] == published.version_id
    assert item["files"][0]["baseName"] == "frame.0001.exr"
    assert (item["fileCount"], item["size"]) == (2, 200)
    assert item["localStatus"]["status"] == 4
    assert item["localStatus"]["progress"] == 1.0
    assert item["remoteStatus"]["status"] == -1  # no row


async def test_params_counts_representations_and_lists_their_names(
    host: Host, pipeline: Pipeline
) -> None:
    for name in ("exr", "ma", "exr"):
        await pipeline.publish(name=name)
    client = await host.client("artist")
    answer = await client.get(f"{host.addon_path}/demo/params")
    assert answer.json() == {"count": 3, "names": ["exr", "ma"]}


async def test_representation_states_lists_all_sites_of_named_ids(
    host: Host, pipeline: Pipeline
) -> None:
    first, second = [await pipeline.publish() for _ in range(2)]
    client = await host.client("manager")
    await post(client, host, first, "studio")
    await post(client, host, first, CONFIGURED, status=1)
    await post(client, host, second, "studio")
    url = f"{host.addon_path}/demo/state/representations"
    answer = await client.get(url, params={"representationIds": [first.id]})
    assert answer.json() == [
        {"representationId": first.id, "siteName": CONFIGURED, "status": 1},
        {"representationId": first.id, "siteName": "studio", "status": 4},
    ]
    answer = await client.get(
        url,
        params={"representationIds": [first.id, second.id], "siteNames": ["studio"]},
    )
    assert [each["siteName"] for each in answer.json()] == ["studio", "studio"]


async def test_representation_states_without_ids_is_a_400(host: Host) -> None:
    client = await host.client("manager")
    answer = await client.get(f"{host.addon_path}/demo/state/representations")
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"] == "representationIds"


async def test_user_sites_resolve_own_choice_then_the_projects(
    host: Host, set_settings: SetSettings
) -> None:
    await set_settings(config={"active_site": "studio", "remote_site": CONFIGURED})
    client = await host.client("artist", SITE)
    url = f"{host.addon_path}/demo/get_user_sites"
    assert (await client.get(url)).json() == {
        "active_site": ["studio"],
        "remote_site": [CONFIGURED],
    }
    await Postgres.execute(
        "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
        SITE,
        {"users": ["artist"]},
    )
    await store_own_settings(host, local_setting={"active_site": "local"})
    assert (await client.get(url)).json() == {
        "active_site": [SITE],
        "remote_site": [CONFIGURED],
    }


async def test_d50_user_sites_read_no_settings_for_each_machine(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [SITE, *(f"machine-{number}" for number in range(10))]
    for machine in machines:
        await Postgres.execute(
            "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
            machine,
            {"users": ["artist"]},
        )
    read: list[str] = []
    for name in ("get_project_settings", "get_project_site_settings"):
        original = getattr(host.addon, name)

        async def note(
            *args: Any, name: str = name, original: Any = original, **extra: Any
        ) -> Any:
            read.append(name)
            return await original(*args, **extra)

        monkeypatch.setattr(host.addon, name, note)
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/demo/get_user_sites")
    # What all of them have is told once.
    assert answer.json() == {"active_site": ["studio"], "remote_site": ["studio"]}
    assert read == ["get_project_settings"]


async def test_user_sites_tell_the_choice_on_a_machine_that_is_not_registered(
    host: Host,
) -> None:
    """AYON registers a machine only when the request tells its platform and so on."""
    await store_own_settings(
        host, local_setting={"active_site": "local", "remote_site": "studio"}
    )
    client = await host.client("artist", SITE)
    answer = await client.get(f"{host.addon_path}/demo/get_user_sites")
    assert answer.json() == {"active_site": [SITE], "remote_site": ["studio"]}
