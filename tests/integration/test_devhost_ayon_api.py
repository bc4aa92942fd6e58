"""The real `ayon_api` from PyPI works against the devhost."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import ayon_api
import pytest
import requests

from devhost.process import DevhostProcess
from tests.support.devhost_process import run_devhost

SAMPLE = Path(__file__).parent.parent / "support" / "sample_addon"
MACHINE = "brisk-amber-fox"


@pytest.fixture(scope="module")
def devhost_process() -> Iterator[DevhostProcess]:
    with run_devhost([SAMPLE]) as process:
        yield process


def connect(
    devhost: DevhostProcess, user: str, site_id: str | None = None
) -> ayon_api.ServerAPI:
    return ayon_api.ServerAPI(
        devhost.url, devhost.users[user], site_id=site_id, client_version="1.2.3"
    )


@pytest.fixture
def admin(devhost_process: DevhostProcess) -> ayon_api.ServerAPI:
    return connect(devhost_process, "admin")


@pytest.fixture
def project(admin: ayon_api.ServerAPI) -> str:
    name = f"p{uuid.uuid4().hex[:8]}"
    admin.create_project(name, name[:6])
    return name


def make_version(
    connection: ayon_api.ServerAPI, project: str, folders: str = "shots/sq001/sh0010"
) -> str:
    parent: str | None = None
    for name in folders.split("/"):
        parent = connection.create_folder(project, name, parent_id=parent)
    product = connection.create_product(project, "compMain", "render", parent)
    return str(connection.create_version(project, 1, product))


def make_file(name: str, size: int = 2**33) -> dict[str, object]:
    return {
        "id": uuid.uuid4().hex,
        "name": name,
        "path": f"{{root[work]}}/demo/{name}",
        "size": size,
        "hash": "x",
        "hash_type": "op3",
    }


def test_api_key_is_no_bearer_token(devhost_process: DevhostProcess) -> None:
    url, key = f"{devhost_process.url}/api/users/me", devhost_process.admin_key
    bearer = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=10)
    header = requests.get(url, headers={"X-Api-Key": key}, timeout=10)
    assert bearer.status_code == 401
    assert header.json()["name"] == "admin"


def test_password_login_gives_a_bearer_token(devhost_process: DevhostProcess) -> None:
    connection = ayon_api.ServerAPI(devhost_process.url)
    connection.login("artist", devhost_process.passwords["artist"])
    assert connection.get_user()["name"] == "artist"
    wrong = requests.post(
        f"{devhost_process.url}/api/auth/login",
        json={"name": "artist", "password": "wrong"},
        timeout=10,
    )
    assert wrong.status_code == 403


def test_service_acts_as_another_user(
    devhost_process: DevhostProcess, project: str
) -> None:
    service = connect(devhost_process, "service")
    with service.as_username("artist"):
        assert service.get("users/me").data["name"] == "artist"
    artist = connect(devhost_process, "artist")
    assert project in artist.get_project_names()


def test_project_is_listed_read_and_deleted(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    found = admin.get_project(project)
    assert found is not None
    assert found["config"]["roots"]["work"]["linux"] == "/mnt/projects"
    assert project in admin.get_project_names()
    admin.delete_project(project)
    assert admin.get_project(project) is None


def test_entities_are_created_and_read_back(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    version_id = make_version(admin, project)
    file = make_file("a.exr")
    representation_id = admin.create_representation(
        project,
        "exr",
        version_id,
        files=[file],
        data={"context": {"ext": "exr"}},
    )
    folders = list(admin.get_folders(project, folder_paths=["/shots/sq001/sh0010"]))
    products = list(admin.get_products(project, folder_ids=[folders[0]["id"]]))
    versions = list(admin.get_versions(project, product_ids=[products[0]["id"]]))
    last = admin.get_last_versions(project, [products[0]["id"]])
    representation = admin.get_representation_by_id(project, representation_id)
    assert [folder["name"] for folder in folders] == ["sh0010"]
    assert products[0]["productType"] == "render"
    assert [version["id"] for version in versions] == [version_id]
    assert last[products[0]["id"]]["id"] == version_id
    assert representation is not None
    assert representation["files"][0]["size"] == file["size"]
    assert representation["context"] == {"ext": "exr"}


def test_parents_of_representations_are_read_in_one_query(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    version_id = make_version(admin, project)
    representation_id = admin.create_representation(project, "exr", version_id)
    parents = admin.get_representations_parents(project, [representation_id])
    found = parents[representation_id]
    assert found.version["id"] == version_id
    assert found.product["name"] == "compMain"
    assert found.folder["path"] == "/shots/sq001/sh0010"


def test_more_than_one_page_of_representations_is_read(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    version_id = make_version(admin, project)
    operations = [
        {
            "id": uuid.uuid4().hex,
            "type": "create",
            "entityType": "representation",
            "entityId": uuid.uuid4().hex,
            "data": {"name": f"r{i:03}", "versionId": version_id, "files": []},
        }
        for i in range(301)
    ]
    admin.send_batch_operations(project, operations)
    names = [r["name"] for r in admin.get_representations(project)]
    assert names == [f"r{i:03}" for i in range(301)]
    assert list(admin.get_representations(project, representation_ids=[])) == []


def test_failed_operation_rolls_the_batch_back(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    body = {
        "operations": [
            {"type": "create", "entityType": "folder", "data": {"name": "one"}},
            {"type": "create", "entityType": "folder", "data": {"name": "ONE"}},
        ]
    }
    result = admin.post(f"projects/{project}/operations", **body).data
    assert [item["status"] for item in result["operations"]] == [201, 409]
    assert not result["success"]
    assert list(admin.get_folders(project)) == []


def test_restricted_user_sees_and_writes_one_sequence_only(
    devhost_process: DevhostProcess, admin: ayon_api.ServerAPI, project: str
) -> None:
    make_version(admin, project, "shots/sq001/sh0010")
    outside = make_version(admin, project, "assets/hero")
    restricted = connect(devhost_process, "restricted")
    paths = {folder["path"] for folder in restricted.get_folders(project)}
    refused = restricted.post(
        f"projects/{project}/representations", name="abc", versionId=outside
    )
    assert paths == {"/shots", "/shots/sq001", "/shots/sq001/sh0010"}
    assert refused.status_code == 403


def test_machine_is_registered_and_gets_its_own_roots(
    devhost_process: DevhostProcess, project: str
) -> None:
    artist = connect(devhost_process, "artist", MACHINE)
    artist.get_info()
    artist.put(f"projects/{project}/roots/{MACHINE}", work="/fast/disk")
    sites = artist.get("system/sites").data
    roots = artist.get_project_roots_by_site_id(project, MACHINE)
    assert [(site["id"], site["users"]) for site in sites] == [(MACHINE, ["artist"])]
    assert roots == {"work": "/fast/disk"}
    assert artist.get_project_roots_by_platform(project, "windows") is not None
    assert artist.get(f"projects/{project}/roots").data == {
        MACHINE: {"work": "/fast/disk"}
    }


def test_anatomy_names_roots_and_templates(
    admin: ayon_api.ServerAPI, project: str
) -> None:
    anatomy = admin.get(f"projects/{project}/anatomy").data
    assert [root["name"] for root in anatomy["roots"]] == ["work"]
    assert anatomy["templates"]["publish"][0]["name"] == "default"


def test_settings_are_overridden_from_studio_to_machine(
    devhost_process: DevhostProcess, admin: ayon_api.ServerAPI, project: str
) -> None:
    base = "addons/sample/1.2.3"
    artist = connect(devhost_process, "artist", MACHINE)
    artist.get_info()
    settings = admin.get(f"{base}/settings").data
    settings["limits"]["parallel"] = 7
    admin.post(f"{base}/settings", **settings)
    settings["names"] = ["a"]
    admin.post(f"{base}/settings/{project}", **settings)
    settings["limits"]["label"] = "mine"
    artist.post(f"{base}/settings/{project}?site={MACHINE}", **settings)
    staging = admin.get(f"{base}/settings?variant=staging").data
    mine = artist.get_addons_settings(
        project_name=project, site_id=MACHINE, use_site=True
    )
    assert admin.get(f"{base}/rawOverrides").data == {"limits": {"parallel": 7}}
    assert admin.get(f"{base}/rawOverrides/{project}").data == {"names": ["a"]}
    assert staging["limits"]["parallel"] == 4
    assert mine["sample"]["limits"] == {"parallel": 7, "label": "mine"}
    assert mine["sample"]["names"] == ["a"]


def test_invalid_settings_are_refused(admin: ayon_api.ServerAPI) -> None:
    response = admin.post("addons/sample/1.2.3/settings", limits={"parallel": 0})
    assert response.status_code == 400
    assert response.data["errors"][0]["loc"] == ["limits", "parallel"]


def test_machine_settings_are_per_user(devhost_process: DevhostProcess) -> None:
    artist = connect(devhost_process, "artist", MACHINE)
    manager = connect(devhost_process, "manager", MACHINE)
    artist.get_info()
    path = f"addons/sample/1.2.3/siteSettings?site={MACHINE}"
    artist.put(path, folder="/mine")
    assert artist.get(path).data == {"folder": "/mine"}
    assert manager.get(path).data == {"folder": ""}


def test_loaded_addon_is_in_the_production_bundle(admin: ayon_api.ServerAPI) -> None:
    bundles = admin.get_bundles()
    addons = admin.get_addons_info(details=True)["addons"]
    assert bundles["productionBundle"] == "devhost"
    assert addons[0]["productionVersion"] == "1.2.3"


def test_secrets_are_for_admins(
    devhost_process: DevhostProcess, admin: ayon_api.ServerAPI
) -> None:
    admin.save_secret("sftp", "hunter2")
    artist = connect(devhost_process, "artist")
    assert admin.get_secret("sftp")["value"] == "hunter2"
    assert artist.get("secrets/sftp").status_code == 403


def test_event_is_dispatched_once_per_hash_and_read_back(
    admin: ayon_api.ServerAPI,
) -> None:
    event = admin.dispatch_event(
        "studio.test", event_hash="one", summary={"a": 1}, payload={"b": 2}
    )
    again = admin.post(
        "events", topic="studio.test", hash="one", sender="x", description=""
    )
    stored = admin.get(f"events/{event.data['id']}").data
    assert stored["summary"] == {"a": 1}
    assert stored["payload"] == {"b": 2}
    assert again.status_code == 409
