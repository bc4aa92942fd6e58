"""Pauses, priorities, checks of disks: what the addon's other methods do for real."""

import importlib
from typing import Any

import pytest

from tests.support.host_studio import MACHINE, QUEUED, SYNCED, HostStudio

PAUSED = 3


def test_d10_pause_of_a_representation_is_stored(
    addon: Any, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    studio.set_row(published, MACHINE, QUEUED)
    args = (studio.project, published.id, MACHINE)
    addon.pause_representation(*args)
    assert studio.rows(published.id)[MACHINE] == PAUSED
    assert addon.is_representation_paused(published.id, project_name=studio.project)
    addon.unpause_representation(*args)
    assert studio.rows(published.id)[MACHINE] == QUEUED
    assert not addon.is_representation_paused(
        published.id, check_parents=True, project_name=studio.project
    )


def test_priority_is_stored(addon: Any, studio: HostStudio) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    studio.set_row(published, MACHINE, QUEUED)
    addon.set_priority(studio.project, published.id, MACHINE, 700)
    body = {"siteNames": [MACHINE], "representationIds": [published.id]}
    endpoint = f"{studio.prefix}/{studio.project}/representations/query"
    (row,) = studio.admin.raw_post(endpoint, json=body).data["representations"]
    assert row["sites"][MACHINE]["priority"] == 700


def test_d11_pauses_of_the_machine_last_and_end(addon: Any, studio: HostStudio) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    # The first row makes the machine known, and the artist its owner.
    addon.add_site(studio.project, published.id, MACHINE, force=True)
    assert not addon.is_paused()
    addon.pause_server()
    assert addon.is_paused()
    assert addon.is_project_paused(studio.project, check_parents=True)
    assert not addon.is_project_paused(studio.project)
    addon.unpause_server()
    assert not addon.is_paused()
    addon.pause_project(studio.project)
    assert addon.is_project_paused(studio.project)
    assert not addon.is_paused()
    addon.unpause_project(studio.project)
    assert not addon.is_project_paused(studio.project)


def test_d9_check_adopts_and_resets_by_file(addon: Any, studio: HostStudio) -> None:
    files = studio.make_files("a.exr", "b.exr", at="machine")
    published = studio.publish(studio.make_version(), files=files)
    absent = studio.publish(studio.make_version(), "c.exr")
    for one in (published, absent):
        studio.set_row(one, "studio", SYNCED)
    studio.set_row(absent, MACHINE, SYNCED)
    (studio.machine_root / "b.exr").write_text("another size")
    args = (studio.project, MACHINE)
    assert addon.validate_project(*args) == {"present": 1, "missing": 0}
    assert studio.file_statuses(published, MACHINE)[0] == SYNCED
    assert studio.file_statuses(published, MACHINE)[1] != SYNCED
    assert studio.file_statuses(absent, MACHINE) == [SYNCED]
    counts = addon.validate_project(*args, reset_missing=True)
    assert counts == {"present": 0, "missing": 1}
    assert studio.file_statuses(absent, MACHINE) != [SYNCED]


def test_checks_are_of_this_machine_only(addon: Any, studio: HostStudio) -> None:
    assert addon.validate_project(studio.project, "nearline") == {
        "present": 0,
        "missing": 0,
    }


def test_d8_one_file_is_queued_again(addon: Any, studio: HostStudio) -> None:
    files = studio.make_files("x/same.tx", "y/same.tx")
    files[1]["hash"] = files[0]["hash"]
    published = studio.publish(studio.make_version(), files=files)
    studio.set_row(published, "studio", SYNCED)
    studio.set_row(published, MACHINE, SYNCED)
    addon.reset_site_on_representation(
        studio.project, published.id, side="local", file_id=files[1]["id"]
    )
    assert studio.file_statuses(published, MACHINE) == [SYNCED, QUEUED]


def test_d13_counts_of_versions(addon: Any, studio: HostStudio) -> None:
    version_id = studio.make_version()
    for name in ("exr", "mov"):
        one = studio.publish(version_id, f"a.{name}", representation=name)
        studio.set_row(one, "studio", SYNCED)
    studio.set_row(one, MACHINE, SYNCED)
    args = (studio.project, {version_id}, MACHINE, "studio")
    assert addon.get_repre_info_for_versions(*args) == [
        {
            "id": version_id,
            "repre_count": 2,
            "avail_repre_local": 1,
            "avail_repre_remote": 2,
        }
    ]


def test_d28_state_of_a_pair_without_a_local_row(
    addon: Any, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    args = (studio.project, published.id, MACHINE, "studio")
    assert addon.get_repre_sync_state(*args) is None
    studio.set_row(published, "studio", SYNCED)
    found = addon.get_repre_sync_state(*args)
    assert found["localStatus"]["status"] == -1
    assert found["remoteStatus"]["status"] == SYNCED


def test_what_is_to_be_done_between_two_sites(addon: Any, studio: HostStudio) -> None:
    down, up = (studio.publish(studio.make_version(), f"{n}.exr") for n in (1, 2))
    studio.set_row(down, MACHINE, QUEUED)
    studio.set_row(down, "studio", SYNCED)
    studio.set_row(up, MACHINE, SYNCED)
    studio.set_row(up, "studio", QUEUED)
    found = addon.get_sync_representations(studio.project, MACHINE, "studio")
    assert [item["representationId"] for item in found] == [up.id, down.id]


def test_path_on_this_machine(addon: Any, studio: HostStudio) -> None:
    path = addon.get_local_file_path(studio.project, MACHINE, "{root[work]}/a.exr")
    assert path == f"{studio.machine_root}/a.exr"


def test_adding_without_force_does_not_reset(addon: Any, studio: HostStudio) -> None:
    utils = importlib.import_module("ayon_sitesync.utils")
    published = studio.publish(studio.make_version(), "a.exr")
    studio.set_row(published, "studio", SYNCED)
    addon.add_site(studio.project, published.id, MACHINE)
    with pytest.raises(utils.SiteAlreadyPresentError):
        addon.add_site(studio.project, published.id, MACHINE)
    with pytest.raises(ValueError, match="nowhere"):
        addon.add_site(studio.project, published.id, "nowhere")


def test_clear_keeps_last_copies(addon: Any, studio: HostStudio) -> None:
    published = studio.publish(
        studio.make_version(), files=studio.make_files("a.exr", at="machine")
    )
    studio.set_row(published, MACHINE, SYNCED)
    answer = addon.clear_project(studio.project, "local")
    assert [one["errorCode"] for one in answer["problems"]] == ["last_copy"]
    assert studio.rows(published.id) == {MACHINE: SYNCED}
