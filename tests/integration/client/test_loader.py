"""The Loader and the Scene Inventory, whose own models call the addon."""

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.host_studio import (
    FAILED,
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    Requests,
    link_inputs,
)


def make_model(tool: str) -> Any:
    """Core's own model of a tool."""
    name = f"ayon_core.tools.{tool}.models.sitesync"
    return importlib.import_module(name).SiteSyncModel(None)


@pytest.fixture
def loader(addon: Any) -> Any:
    return make_model("loader")


@pytest.fixture
def inventory(addon: Any) -> Any:
    return make_model("sceneinventory")


def act(loader: Any, studio: HostStudio, action: str, *ids: str) -> None:
    data = {
        "representation_ids": set(ids),
        "action_identifier": f"sitesync.{action}",
    }
    loader.trigger_action_item(studio.project, data)


def test_pair_of_sites_and_icons(loader: Any, studio: HostStudio) -> None:
    assert loader.is_sitesync_enabled(studio.project)
    assert loader.get_active_site(studio.project) == MACHINE
    assert loader.get_remote_site(studio.project) == "studio"
    for icon in (
        loader.get_active_site_icon_def(studio.project),
        loader.get_remote_site_icon_def(studio.project),
    ):
        assert icon["type"] == "path"
        assert Path(icon["path"]).read_bytes().startswith(b"\x89PNG")


def test_d23_d48_availability_of_500_versions_is_one_request(
    loader: Any, studio: HostStudio, sent: Requests
) -> None:
    shown = [studio.make_version() for _ in range(3)]
    for version_id in shown:
        published = studio.publish(version_id, f"{version_id}.exr")
        studio.set_row(published, "studio", SYNCED)
    second = studio.publish(shown[0], "second.mov", representation="mov")
    studio.set_row(second, "studio", QUEUED)
    studio.set_row(second, MACHINE, SYNCED)
    loader.is_sitesync_enabled(studio.project)
    unknown = [f"{number:032x}" for number in range(497)]
    sent.clear()
    found = loader.get_version_sync_availability(studio.project, {*shown, *unknown})
    assert found[shown[0]] == (1, 1)
    assert found[shown[1]] == (0, 1)
    assert found[unknown[0]] == (0, 0)
    assert len(found) == 500
    assert sent.own == [f"POST /api/{studio.prefix}/{studio.project}/availability"]


def test_d23_no_representation_is_left_out(
    loader: Any, studio: HostStudio, sent: Requests
) -> None:
    version_id = studio.make_version()
    published = [
        studio.publish(version_id, f"{number}.exr", representation=f"r{number}")
        for number in range(60)
    ]
    for one in published:
        studio.set_row(one, MACHINE, SYNCED)
    found = loader.get_representations_sync_status(
        studio.project, {one.id for one in published}
    )
    assert set(found.values()) == {(1.0, 0.0)}
    assert loader.get_version_sync_availability(studio.project, {version_id}) == {
        version_id: (60, 0)
    }


def test_progress_is_a_share_of_the_files(loader: Any, studio: HostStudio) -> None:
    version_id = studio.make_version()
    published = studio.publish(version_id, "a.exr", "b.exr", "c.exr", "d.exr")
    studio.set_row(published, MACHINE, SYNCED, SYNCED, SYNCED, QUEUED)
    studio.set_row(published, "studio", QUEUED)
    (found,) = loader.get_representations_sync_status(
        studio.project, {published.id}
    ).values()
    assert found == (0.75, 0.0)


def test_d26_what_is_only_queued_shows_no_progress(
    addon: Any, inventory: Any, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    addon.add_site(studio.project, published.id, MACHINE, force=True)
    found = inventory.get_representations_site_progress(studio.project, {published.id})
    assert found[published.id] == {"active_site": 0.0, "remote_site": 1.0}


def test_download_upload_and_remove(
    loader: Any, studio: HostStudio, sent: Requests
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    act(loader, studio, "download", published.id)
    assert studio.rows(published.id) == {"studio": SYNCED, MACHINE: QUEUED}
    studio.make_files("a.exr", at="machine")
    studio.set_row(published, MACHINE, SYNCED)
    act(loader, studio, "remove", published.id)
    assert studio.rows(published.id) == {"studio": SYNCED}
    assert list(studio.machine_root.iterdir()) == []
    assert (studio.studio_root / "a.exr").exists()

    local = studio.publish(
        studio.make_version(), files=studio.make_files("b.exr", at="machine")
    )
    studio.set_row(local, MACHINE, SYNCED)
    act(loader, studio, "upload", local.id)
    assert studio.rows(local.id) == {"studio": QUEUED, MACHINE: SYNCED}


def test_last_copy_stays_and_nothing_is_raised(
    loader: Any, studio: HostStudio, caplog: pytest.LogCaptureFixture
) -> None:
    published = studio.publish(
        studio.make_version(), files=studio.make_files("only.exr", at="machine")
    )
    studio.set_row(published, MACHINE, SYNCED)
    act(loader, studio, "remove", published.id)
    assert studio.rows(published.id) == {MACHINE: SYNCED}
    assert (studio.machine_root / "only.exr").exists()
    assert "Nothing was removed" in caplog.text


def test_d29_files_of_a_sibling_stay_and_missing_ones_do_not_matter(
    loader: Any, studio: HostStudio
) -> None:
    version_id = studio.make_version()
    own = studio.make_files("v1/a.exr", "v1/gone.exr", at="machine")
    shared = studio.make_files("v1/resources/tex.tx", at="machine")
    first = studio.publish(version_id, files=own + shared)
    second = studio.publish(version_id, files=shared, representation="abc")
    for one in (first, second):
        studio.set_row(one, "studio", SYNCED)
        studio.set_row(one, MACHINE, SYNCED)
    (studio.machine_root / "v1/gone.exr").unlink()
    act(loader, studio, "remove", first.id)
    assert not (studio.machine_root / "v1/a.exr").exists()
    assert (studio.machine_root / "v1/resources/tex.tx").exists()
    assert MACHINE not in studio.rows(first.id)
    act(loader, studio, "remove", second.id)
    # A root keeps its own folders: an empty one looks like storage not mounted.
    assert list(studio.machine_root.rglob("*")) == [studio.machine_root / "v1"]


def test_files_without_a_row_are_not_deleted(
    loader: Any, studio: HostStudio, caplog: pytest.LogCaptureFixture
) -> None:
    """A publish whose states still wait to be told may be the only copy there is."""
    files = studio.make_files("a.exr", at="machine")
    published = studio.publish(studio.make_version(), files=files)
    act(loader, studio, "remove", published.id)
    assert (studio.machine_root / "a.exr").exists()
    assert "its files stay" in caplog.text


def test_shared_files_of_a_sibling_without_any_row_stay(
    loader: Any, studio: HostStudio
) -> None:
    version = studio.make_version()
    files = studio.make_files("a.exr", "shared.tx", at="machine")
    first = studio.publish(version, files=files)
    studio.publish(version, files=files[1:], representation="tx")
    studio.set_row(first, "studio", SYNCED)
    studio.set_row(first, MACHINE, SYNCED)
    act(loader, studio, "remove", first.id)
    assert not (studio.machine_root / "a.exr").exists()
    assert (studio.machine_root / "shared.tx").exists()


def test_d30_a_row_of_which_some_files_are_there_can_be_removed(
    loader: Any, studio: HostStudio
) -> None:
    files = studio.make_files("a.exr", "b.exr", at="machine")
    published = studio.publish(studio.make_version(), files=files)
    studio.set_row(published, "studio", SYNCED)
    studio.set_row(published, MACHINE, SYNCED, -1)
    act(loader, studio, "remove", published.id)
    assert MACHINE not in studio.rows(published.id)
    assert not (studio.machine_root / "a.exr").exists()


def test_download_of_a_workfile_brings_its_inputs(
    loader: Any, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [
        studio.publish(studio.make_version(), f"in{number}.abc") for number in (1, 2)
    ]
    scene_version = studio.make_version(product_type="workfile")
    context = {"product": {"type": "workfile"}}
    scene = studio.publish(scene_version, "s.ma", representation="ma", context=context)
    for one in [*inputs, scene]:
        studio.set_row(one, "studio", SYNCED)
    studio.set_row(inputs[0], MACHINE, SYNCED)
    link_inputs(monkeypatch, scene_version, *(one.version_id for one in inputs))
    act(loader, studio, "download", scene.id)
    assert studio.rows(scene.id)[MACHINE] == QUEUED
    assert studio.rows(inputs[0].id)[MACHINE] == SYNCED
    assert studio.rows(inputs[1].id)[MACHINE] == QUEUED


def test_d28_inventory_downloads_what_has_no_local_row(
    inventory: Any, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    found = inventory.get_representations_site_progress(studio.project, {published.id})
    assert found[published.id] == {"active_site": -1, "remote_site": 1}
    inventory.resync_representations(studio.project, {published.id}, "active_site")
    assert studio.rows(published.id)[MACHINE] == QUEUED
    # A user's own action is seen at once.
    found = inventory.get_representations_site_progress(studio.project, {published.id})
    assert found[published.id]["active_site"] == 0


def test_inventory_asks_one_by_one_only_once(
    addon: Any,
    inventory: Any,
    studio: HostStudio,
    sent: Requests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version_id = studio.make_version()
    ids = set()
    for number in range(12):
        one = studio.publish(version_id, f"{number}.exr", representation=f"r{number}")
        studio.set_row(one, "studio", SYNCED)
        ids.add(one.id)
    inventory.get_sites_information(studio.project)
    clock = [0.0]
    monkeypatch.setattr(addon._services.states, "_now", lambda: clock[0])
    sent.clear()
    first = inventory.get_representations_site_progress(studio.project, ids)
    assert len(sent.states) == 12
    # All on the connection that was there already.
    assert sent.connections == 0
    sent.clear()
    clock[0] += 60
    assert inventory.get_representations_site_progress(studio.project, ids) == first
    assert len(sent.states) == 1


def test_reads_from_many_threads(addon: Any, studio: HostStudio) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    found: list[Any] = []

    def read() -> None:
        args = (studio.project, {published.id}, MACHINE, "studio")
        found.append(addon.get_representations_sync_state(*args))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{published.id: (0.0, 1.0)}] * 8


def test_d6_waiting_ends_when_a_file_failed_too_often(
    addon: Any, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr", "b.exr")
    studio.set_row(published, MACHINE, FAILED, SYNCED, retries=3, message="disk full")
    args = (studio.project, published.id, MACHINE)
    assert addon.is_representation_on_site(*args) is False
    assert addon.is_representation_on_site(*args, max_retries=5) is False
    with pytest.raises(ValueError, match="disk full"):
        addon.is_representation_on_site(*args, max_retries=3)
