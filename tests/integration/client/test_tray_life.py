"""The addon's life in the tray, with a real agent and a real server."""

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.host_studio import (
    MACHINE,
    SYNCED,
    HostStudio,
    expect,
    wait_for,
)

WAIT_SECONDS = 40


def wait_for_file(path: Path) -> bool:
    return wait_for(path.exists)


@pytest.fixture
def tray(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The addon, started by a tray; ended after the test."""
    addon.tray_init()
    addon.tray_start()
    yield addon
    addon.tray_exit()
    assert not addon.is_running


def test_download_by_the_loader_arrives(tray: Any, studio: HostStudio) -> None:
    assert tray.is_running
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    tray.add_site(studio.project, published.id, MACHINE, force=True)
    assert wait_for_file(studio.machine_root / "a.exr")


def test_paused_tray_moves_nothing_until_resumed(tray: Any, studio: HostStudio) -> None:
    service = tray._tray
    service.pause()
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    tray.add_site(studio.project, published.id, MACHINE, force=True)
    assert service.read_state().describe() == "paused"
    assert wait_for(tray.is_paused)
    assert not (studio.machine_root / "a.exr").exists()
    service.resume()
    assert wait_for_file(studio.machine_root / "a.exr")
    assert not tray.is_paused()


def test_actions_of_the_loader_move_files(tray: Any, studio: HostStudio) -> None:
    """Download, Upload and Remove from local, from the menu to the disk."""
    name = "ayon_core.tools.loader.models.sitesync"
    loader = importlib.import_module(name).SiteSyncModel(None)

    def act(action: str, *ids: str) -> None:
        data = {
            "representation_ids": set(ids),
            "action_identifier": f"sitesync.{action}",
        }
        loader.trigger_action_item(studio.project, data)

    version_id = studio.make_version()
    shared = studio.make_files("resources/tex.tx")
    plate = studio.publish(version_id, files=studio.make_files("a.exr") + shared)
    look = studio.publish(version_id, files=shared, representation="look")
    for one in (plate, look):
        studio.set_row(one, "studio", SYNCED)
    act("download", plate.id, look.id)
    for one in (plate, look):
        assert wait_for(lambda one=one: studio.rows(one.id)[MACHINE] == SYNCED)
    assert (studio.machine_root / "a.exr").read_bytes() == b"a.exr" * 20
    act("remove", plate.id)
    assert studio.rows(plate.id) == {"studio": SYNCED}
    assert not (studio.machine_root / "a.exr").exists()
    # A sibling on this machine has it too.
    assert (studio.machine_root / "resources/tex.tx").exists()
    assert (studio.studio_root / "a.exr").exists()

    made = studio.publish(
        studio.make_version(), files=studio.make_files("b.exr", at="machine")
    )
    studio.set_row(made, MACHINE, SYNCED)
    act("remove", made.id)
    assert (studio.machine_root / "b.exr").exists(), "the last copy stays"
    act("upload", made.id)
    assert wait_for(lambda: studio.rows(made.id).get("studio") == SYNCED)
    assert (studio.studio_root / "b.exr").read_bytes() == b"b.exr" * 20
    act("remove", made.id)
    assert studio.rows(made.id) == {"studio": SYNCED}
    assert not (studio.machine_root / "b.exr").exists()


def test_cleared_project_leaves_only_last_copies(tray: Any, studio: HostStudio) -> None:
    copied, only = (
        studio.publish(studio.make_version(), files=studio.make_files(name, at=at))
        for name, at in (("a.exr", "studio"), ("b.exr", "machine"))
    )
    studio.set_row(copied, "studio", SYNCED)
    tray.add_site(studio.project, copied.id, MACHINE, force=True)
    assert wait_for(lambda: studio.rows(copied.id)[MACHINE] == SYNCED)
    studio.set_row(only, MACHINE, SYNCED)
    tray.clear_project(studio.project, MACHINE)
    assert wait_for(lambda: studio.rows(copied.id) == {"studio": SYNCED})
    assert not (studio.machine_root / "a.exr").exists()
    assert (studio.studio_root / "a.exr").exists()
    assert (studio.machine_root / "b.exr").exists()
    assert studio.rows(only.id) == {MACHINE: SYNCED}


def test_studio_wide_pause_is_shown_and_ends_by_itself(
    tray: Any, studio: HostStudio
) -> None:
    service = tray._tray
    endpoint = f"{studio.prefix}/-/pauses"
    pause = {"scope": "all", "reason": "the storage moves", "paused": True}
    expect(studio.admin.raw_post(endpoint, json=pause))

    def is_shown() -> bool:
        # Each opening of the menu looks.
        shown: str = service._refresh_state().describe()
        return shown == "paused for all by admin: the storage moves"

    assert wait_for(is_shown)
    expect(studio.admin.raw_post(endpoint, json={**pause, "paused": False}))
    assert wait_for(lambda: not is_shown())
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    tray.add_site(studio.project, published.id, MACHINE, force=True)
    assert wait_for_file(studio.machine_root / "a.exr")


def test_states_of_an_earlier_publish_are_told(
    addon: Any, studio: HostStudio, tmp_path: Path
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    publish = importlib.import_module("ayon_sitesync.spool").Publish(
        studio.project, (published.id,)
    )
    spool = addon._services._open_spool("artist")
    kept = spool.keep(publish, [{"name": MACHINE, "status": SYNCED}])
    assert tmp_path in kept.parents
    addon.on_host_install(None, "maya", studio.project)
    for thread in threading.enumerate():
        if thread.name == "sitesync-replay":
            thread.join(WAIT_SECONDS)
    assert studio.rows(published.id) == {MACHINE: SYNCED}
    assert not kept.exists()
