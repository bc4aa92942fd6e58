"""What the addon says of sites, settings and states, and what other addons call."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ayon_sitesync.statuses import SiteSyncStatus, SyncStatus

from .memory_host import MemoryHost

SITES = [
    {
        "name": "nas",
        "provider": "local_drive",
        "alternative_sites": [],
        "local_drive": {
            "roots": [{"name": "work", "linux": "/mnt/nas", "windows": ""}]
        },
    },
    {"name": "cloud", "provider": "gdrive", "gdrive": {"roots": "/My Drive"}},
    {"name": "empty", "provider": ""},
]


@pytest.fixture
def project(host: MemoryHost) -> str:
    host.settings = {
        "enabled": True,
        "config": {"active_site": "studio", "remote_site": "cloud", "retry_cnt": 3},
        "local_setting": {
            "active_site": "local",
            "remote_site": "",
            "local_roots": [{"name": "work", "path": "/home/artist"}],
        },
        "sites": SITES,
    }
    return "demo"


def test_sites_of_the_artist_before_the_project(addon: Any, project: str) -> None:
    assert addon.get_active_site_type(project) == "local"
    assert addon.get_active_site(project) == "brisk-amber-fox"
    assert addon.get_remote_site(project) == "cloud"
    assert addon.get_local_normalized_site("brisk-amber-fox") == "local"
    assert addon.get_local_normalized_site("cloud") == "cloud"


def test_roots_are_of_this_machine_and_never_raise(addon: Any, project: str) -> None:
    for site in ("local", "brisk-amber-fox"):
        assert addon.get_site_root_overrides(project, site) == {"work": "/home/artist"}
    for site in ("studio", "cloud", "nowhere"):
        assert addon.get_site_root_overrides(project, site) == {}


def test_prepared_settings_of_a_machine_count_instead_of_the_stored(
    addon: Any, project: str
) -> None:
    own = {
        "active_site": "nas",
        "local_roots": [{"name": "work", "path": "/home/other"}],
    }
    for prepared in (own, {"local_setting": own}):
        assert addon.get_active_site_type(project, prepared) == "nas"
        roots = addon.get_site_root_overrides(project, "local", prepared)
        assert roots == {"work": "/home/other"}
    assert addon.get_active_site_type(project, {}) == "studio"


def test_site_id_is_read_once_and_follows_the_environment(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ayon_sitesync import host  # noqa: PLC0415 - needs ayon_core

    asked: list[str] = []

    def read() -> str:
        asked.append("site id")
        return os.environ.get("AYON_SITE_ID") or "id-of-the-file"

    monkeypatch.setattr(host, "get_local_site_id", read)
    monkeypatch.delenv("AYON_SITE_ID")
    for _ in range(3):
        assert addon.get_local_normalized_site("id-of-the-file") == "local"
    assert asked == ["site id"]
    monkeypatch.setenv("AYON_SITE_ID", "another-machine")
    assert addon.get_local_normalized_site("another-machine") == "local"


def test_d14_project_sites_have_their_provider(addon: Any, project: str) -> None:
    providers = {
        site: addon.get_provider_for_site(project, site)
        for site in ("nas", "cloud", "empty", "nowhere", "studio", "local")
    }
    assert providers == {
        "nas": "local_drive",
        "cloud": "gdrive",
        "empty": "N/A",
        "nowhere": "N/A",
        "studio": "local_drive",
        "local": "local_drive",
    }
    shaped = addon.get_sync_project_setting(project, cached=False)
    assert shaped["sites"]["empty"]["provider"] == ""
    assert addon.get_provider_for_site(site="brisk-amber-fox") == "local_drive"


def test_settings_have_roots_by_site_and_name(addon: Any, project: str) -> None:
    for shaped in (
        addon.get_sync_project_setting(project, exclude_locals=False, cached=False),
        addon.sync_project_settings[project],
    ):
        roots = {name: site["root"] for name, site in shaped["sites"].items()}
        assert roots["studio"] == {"work": "/mnt/studio"}
        assert roots["nas"]["work"]["linux"] == "/mnt/nas"
        assert roots["local"] == roots["brisk-amber-fox"] == {"work": "/home/artist"}
        assert roots["cloud"] == "/My Drive"
        assert shaped["config"]["retry_cnt"] == 3


def test_d15_a_project_may_be_on_in_a_studio_where_it_is_off(
    addon: Any, host: MemoryHost, project: str
) -> None:
    host.shared = {"enabled": False, "sites": []}
    found = addon.compute_resource_sync_sites(project_name=project)
    assert found == [
        {"name": "brisk-amber-fox", "status": SiteSyncStatus.OK},
        {"name": "cloud", "status": SiteSyncStatus.QUEUED},
    ]


def test_reads_never_raise_without_a_server(addon: Any, host: MemoryHost) -> None:
    host.is_down = True
    assert addon.is_project_enabled("demo", single=True) is False
    assert addon.get_active_site_type("demo") == "studio"
    assert addon.get_remote_site("demo") == "studio"
    assert addon.get_version_availability("demo", {"v"}, "a", "b") == {"v": (0, 0)}
    assert addon.get_representations_sync_state("demo", {"r"}, "a") == {"r": (0.0, 0.0)}
    entity = {"id": "r", "context": {"project": {"name": "demo"}}}
    assert addon.get_progress_for_repre(entity, "a", "b") == {"a": -1, "b": -1}
    assert addon.is_representation_on_site("demo", "r", "a") is False
    assert addon.get_representations_sites_sync_state("demo", ["r"]) == []


def test_progress_has_both_keys_in_both_forms(addon: Any, host: MemoryHost) -> None:
    host.rows[("r", "a")] = SiteSyncStatus.OK
    entity = {"id": "r", "context": {"project": {"name": "demo"}}}
    assert addon.get_progress_for_repre(entity, "a", "b") == {"a": 1, "b": -1}
    assert addon.get_progress_for_repre(entity, "a", "a") == {"a": 1}
    assert addon.get_progress_for_repre(entity, "a") == {"a": 1, None: -1}
    found = addon.get_progress_for_repre(
        "demo", representation=entity, local_site_name="a", remote_site_name="b"
    )
    assert found == {"a": 1, "b": -1}


# --- what others call ----------------------------------------------------------------


FILE = {
    "id": "f1",
    "fileHash": "x",
    "size": 1000,
    "localStatus": {"status": 0, "retries": 1},
    "remoteStatus": {"status": 4, "retries": 0},
}


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ({"new_file_id": "x"}, {"status": 4, "size": 1000}),
        ({"progress": 0.25}, {"status": 0, "size": 250}),
        ({"progress": 100}, {"status": 0, "size": 1000}),
        ({"error": "full"}, {"status": 2, "message": "full", "retries": 2}),
        ({"error": ""}, {"status": 2, "retries": 2}),
        ({"pause": True}, {"status": 3}),
        ({"pause": False}, {"status": 1}),
    ],
)
def test_d8_d10_d25_results_of_one_file(
    addon: Any, host: MemoryHost, said: dict[str, Any], posted: dict[str, Any]
) -> None:
    addon.update_db(
        "demo", {"representationId": "r"}, "local", file=FILE, side="local", **said
    )
    (state,) = host.written
    assert state["siteName"] == "brisk-amber-fox"
    (file,) = state["files"]
    assert file["id"] == "f1"
    assert {key: file[key] for key in posted} == posted
    assert file.get("message") != ""


def test_d31_aliases_are_left_to_the_server(addon: Any, host: MemoryHost) -> None:
    addon.handle_alternate_site("demo", "r", "sftp", "f1")
    assert host.requests == []


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [
        (1, 4, SyncStatus.DO_DOWNLOAD),
        (4, 1, SyncStatus.DO_UPLOAD),
        (4, 4, SyncStatus.DO_NOTHING),
        (2, 2, SyncStatus.DO_NOTHING),
    ],
)
def test_direction_of_a_file(
    addon: Any, local: int, remote: int, expected: int
) -> None:
    state = {
        "localStatus": {"status": local, "retries": 0},
        "remoteStatus": {"status": remote, "retries": 0},
    }
    config = {"retry_cnt": 3}
    assert addon.check_status(state, "brisk-amber-fox", "studio", config) == expected
    assert addon.check_status(state, "cloud", "studio", config) == SyncStatus.DO_NOTHING
