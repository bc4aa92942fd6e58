"""What the endpoints of the existing addon tell: keys, counts, a user's sites."""

from tests.ayon.studio import CONFIGURED, Studio


async def test_state_has_the_keys_of_the_existing_addon(studio: Studio) -> None:
    published = await studio.publish(files=2)
    client = await studio.client("manager")
    await studio.post(client, published, "studio")
    [item] = await studio.get_state(client)
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
    studio: Studio,
) -> None:
    for name in ("exr", "ma", "exr"):
        await studio.publish(name=name)
    client = await studio.client("artist")
    answer = await client.get(f"{studio.base}/params")
    assert answer.json() == {"count": 3, "names": ["exr", "ma"]}


async def test_representation_states_lists_all_sites_of_named_ids(
    shared: Studio,
) -> None:
    first, second = [await shared.publish() for _ in range(2)]
    client = await shared.client("manager")
    await shared.post(client, first, "studio")
    await shared.post(client, first, CONFIGURED, status=1)
    await shared.post(client, second, "studio")
    url = f"{shared.base}/state/representations"
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


async def test_representation_states_without_ids_is_a_400(shared: Studio) -> None:
    client = await shared.client("manager")
    answer = await client.get(f"{shared.base}/state/representations")
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "invalid_request"
    assert answer.json()["field"] == "representationIds"


async def test_user_sites_resolve_own_choice_then_the_projects(studio: Studio) -> None:
    await studio.set_settings(
        config={"active_site": "studio", "remote_site": CONFIGURED}
    )
    artist = await studio.artist()
    url = f"{studio.base}/get_user_sites"
    assert (await artist.get(url)).json() == {
        "active_site": ["studio"],
        "remote_site": [CONFIGURED],
    }
    machine = {"platform": "linux", "hostname": "ws042", "version": "1.5.0"}
    headers = {f"x-ayon-{name}": value for name, value in machine.items()}
    assert (await artist.get("/api/info", headers=headers)).status_code == 200
    await studio.choose_sites(artist, active_site="local")
    assert (await artist.get(url)).json() == {
        "active_site": [studio.machine],
        "remote_site": [CONFIGURED],
    }


async def test_user_sites_tell_the_choice_on_a_machine_that_is_not_registered(
    studio: Studio,
) -> None:
    """AYON registers a machine only when the request tells its platform and so on."""
    site = studio.site("unregistered")
    artist = await studio.client("artist", site)
    await studio.choose_sites(artist, active_site="local", remote_site=CONFIGURED)
    answer = (await artist.get(f"{studio.base}/get_user_sites")).json()
    # On machines where nothing was chosen it is the project's.
    assert set(answer["active_site"]) - {"studio"} == {site}
    assert set(answer["remote_site"]) - {"studio"} == {CONFIGURED}


ENDPOINTS = (
    ("GET", "get_user_sites"),
    ("GET", "params"),
    ("GET", "state?localSite=a&remoteSite=b"),
    ("GET", f"state/representations?representationIds={'0' * 32}"),
    ("POST", f"state/{'0' * 32}/studio"),
    ("DELETE", f"state/{'0' * 32}/studio"),
)


async def test_a_project_that_is_not_there_is_404(shared: Studio) -> None:
    client = await shared.client("manager")
    for method, path in ENDPOINTS:
        body = {"files": []} if method == "POST" else None
        url = f"{shared.addon_path}/sitesync_test_none/{path}"
        answer = await client.request(method, url, json=body)
        assert answer.status_code == 404, path
