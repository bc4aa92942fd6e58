"""The devhost answers as AYON server does."""

from pathlib import Path

import pytest
from ayon_server.access.utils import folder_access_list
from ayon_server.entities import UserEntity

from devhost.accounts import RESTRICTED_FOLDER
from tests.support.devhost_app import PROJECT, Host

SAMPLE = Path(__file__).parent.parent / "support" / "sample_addon"


@pytest.fixture
def addon_dirs() -> list[Path]:
    return [SAMPLE]


async def test_addon_is_set_up_as_production_version(host: Host) -> None:
    assert host.addon.is_set_up


async def test_endpoint_and_router_share_the_addons_prefix(host: Host) -> None:
    client = await host.client("artist", site_id="brisk-amber-fox")
    hello = await client.get(f"{host.addon_path}/hello")
    whoami = await client.get(f"{host.addon_path}/{PROJECT.upper()}/whoami")
    assert hello.json() == {"user": "artist"}
    assert whoami.json() == {
        "user": "artist",
        "project": PROJECT,
        "site": "brisk-amber-fox",
    }


async def test_anonymous_gets_401_with_code_and_detail_only(host: Host) -> None:
    client = await host.anonymous()
    response = await client.get(f"{host.addon_path}/hello")
    assert response.status_code == 401
    assert response.json() == {"code": 401, "detail": "Access token is missing"}


async def test_extras_of_an_exception_are_part_of_the_body(host: Host) -> None:
    client = await host.client()
    response = await client.get(f"{host.addon_path}/conflict")
    assert response.status_code == 409
    assert response.json() == {
        "code": 409,
        "detail": "Site is taken",
        "errorCode": "site_id_in_use",
    }
    assert response.headers["x-request-id"]


async def test_constraint_violation_is_500_with_409_in_the_body(host: Host) -> None:
    client = await host.client()
    response = await client.get(f"{host.addon_path}/duplicate")
    assert response.status_code == 500
    assert response.json()["code"] == 409
    assert response.json()["error"] == "unique-violation"


async def test_unreadable_request_is_400(host: Host) -> None:
    client = await host.client()
    response = await client.get(f"{host.addon_path}/number", params={"value": "x"})
    body = response.json()
    assert response.status_code == 400
    assert body["code"] == 400
    assert body["traceback"] == "value: value is not a valid integer"
    assert set(body) == {"code", "detail", "path", "traceback", "errors"}


async def test_unknown_project_is_403_for_artists_and_404_for_managers(
    host: Host,
) -> None:
    for user, status in (("artist", 403), ("manager", 404)):
        client = await host.client(user)
        response = await client.get(f"{host.addon_path}/nowhere/whoami")
        assert response.status_code == status


async def test_restricted_user_reads_one_sequence_and_its_parents(host: Host) -> None:
    restricted = await folder_access_list(await UserEntity.load("restricted"), PROJECT)
    artist = await folder_access_list(await UserEntity.load("artist"), PROJECT)
    parent = RESTRICTED_FOLDER.split("/")[0]
    assert artist is None
    assert restricted is not None
    assert set(restricted) == {
        f'"{parent}"',
        f'"{RESTRICTED_FOLDER}"',
        f'"{RESTRICTED_FOLDER}/%"',
    }
