"""The launch hook over a real server, without a tray: it performs its own transfers."""

import importlib
import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.host_studio import (
    MACHINE,
    SYNCED,
    HostStudio,
    link_inputs,
    no_server,
)

HOOK = Path(__file__).parents[3] / (
    "client/ayon_sitesync/launch_hooks/pre_copy_last_published_workfile.py"
)
PROFILE = {
    "task_names": [],
    "task_types": [],
    "host_names": [],
    "enabled": True,
    "use_last_published_workfile": True,
}
TEMPLATE_PROFILE = {
    "task_types": ["Generic"],
    "host_names": ["maya"],
    "workfile_template": "default",
}


class Launch:
    """A launch of Maya in a task with a published workfile, version 3."""

    def __init__(self, manager: Any, studio: HostStudio) -> None:
        self.studio = studio
        project = studio.admin.get_project(studio.project)
        folder = studio.admin.get_folder_by_id(studio.project, studio.folder_id)
        task_id = studio.admin.create_task(
            studio.project, "anim", "Generic", studio.folder_id
        )
        task = {"id": task_id, "name": "anim", "taskType": "Generic", "label": None}
        self.version_id = studio.make_version(
            "workfileAnim", "workfile", version=3, task_id=task_id
        )
        self.workfile = studio.publish(
            self.version_id,
            "pub/s_v003.ma",
            "pub/resources/tex/wood.tx",
            representation="ma",
            attrib={"path": f"{studio.studio_root}/pub/s_v003.ma"},
        )
        studio.set_row(self.workfile, "studio", SYNCED)
        settings = {
            "core": {
                "studio_name": "Studio",
                "studio_code": "st",
                "tools": {
                    "Workfiles": {
                        "last_workfile_on_startup": [dict(PROFILE)],
                        "workfile_template_profiles": [dict(TEMPLATE_PROFILE)],
                    },
                    "creator": {"product_name_profiles": []},
                },
            }
        }
        self.profile = settings["core"]["tools"]["Workfiles"][
            "last_workfile_on_startup"
        ][0]
        self.data: dict[str, Any] = {
            "project_name": studio.project,
            "project_settings": settings,
            "project_entity": project,
            "folder_entity": folder,
            "task_entity": task,
            "task_name": "anim",
            "task_type": "Generic",
            "anatomy": importlib.import_module("ayon_core.pipeline").Anatomy(
                studio.project
            ),
        }
        self.data["last_workfile_path"] = str(self.find_work_file(1))
        host_addon = SimpleNamespace(get_workfile_extensions=lambda: [".ma"])
        addons = SimpleNamespace(
            get=manager.get, get_host_addon=lambda name: host_addon
        )
        # What `ayon_applications` makes for each launch.
        self.context = SimpleNamespace(
            application=SimpleNamespace(host_name="maya"),
            app_group=SimpleNamespace(name="maya"),
            app_name="maya/2026",
            host_name="maya",
            launch_type="local",
            addons_manager=addons,
            data=self.data,
            env={"AYON_LAST_WORKFILE": self.data["last_workfile_path"]},
        )

    def make_hook(self) -> Any:
        spec = importlib.util.spec_from_file_location("pre_copy", HOOK)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.CopyLastPublishedWorkfile(self.context)

    def run(self) -> dict[str, Any]:
        hook = self.make_hook()
        assert hook.is_valid
        hook.execute()
        return self.data

    def find_work_file(self, version: int) -> Path:
        """Where core's own templates have a version of the task's workfile."""
        make_data = importlib.import_module("ayon_core.pipeline.template_data")
        data = make_data.get_template_data(
            self.data["project_entity"],
            self.data["folder_entity"],
            self.data["task_entity"],
            "maya",
            self.data["project_settings"],
        )
        data.update(version=version, ext="ma")
        template = self.data["anatomy"].get_template_item("work", "default", "path")
        return Path(str(template.format_strict(data)))

    def save_work(self, version: int) -> str:
        path = self.find_work_file(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        self.data["last_workfile_path"] = str(path)
        return str(path)


@pytest.fixture
def launch(
    manager: Any,
    addon: Any,
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> Launch:
    anatomy = importlib.import_module("ayon_core.pipeline.anatomy").Anatomy
    monkeypatch.setattr(anatomy, "get_sitesync_addon", classmethod(lambda _: addon))
    made = Launch(manager, studio)
    link_inputs(monkeypatch, made.version_id)
    return made


def test_published_workfile_becomes_the_next_version(launch: Launch) -> None:
    data = launch.run()
    target = launch.find_work_file(4)
    assert target.name == f"{launch.studio.project[:6]}_sh010_anim_v004.ma"
    assert data["last_workfile_path"] == str(target)
    assert target.read_bytes() == b"pub/s_v003.ma" * 20
    # Hosts that get no argument look there.
    assert launch.context.env["AYON_LAST_WORKFILE"] == str(target)
    source = launch.studio.machine_root / "pub/s_v003.ma"
    assert data["source_filepath"] == str(source)
    resource = target.parent / "resources/tex/wood.tx"
    assert resource.read_bytes() == b"pub/resources/tex/wood.tx" * 20
    assert launch.studio.rows(launch.workfile.id)[MACHINE] == SYNCED


def test_a_template_that_fails_lets_the_launch_go_on(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> str:
        raise KeyError("root[work]")

    monkeypatch.setattr(launch.data["anatomy"], "get_template_item", fail)
    before = launch.data["last_workfile_path"]
    assert launch.run()["last_workfile_path"] == before


def test_linked_inputs_come_along(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = launch.studio
    linked = studio.publish(studio.make_version(), "in.abc", representation="abc")
    studio.set_row(linked, "studio", SYNCED)
    link_inputs(monkeypatch, launch.version_id, linked.version_id)
    launch.run()
    assert studio.rows(linked.id)[MACHINE] == SYNCED
    assert (studio.machine_root / "in.abc").exists()


def test_an_input_that_cannot_be_had_does_not_keep_the_workfile_away(
    launch: Launch,
    addon: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It was deleted, or the artist may not read it."""
    gone = "f" * 32
    monkeypatch.setattr(type(addon), "find_workfile_inputs", lambda *_: [gone])
    data = launch.run()
    assert data["last_workfile_path"] == str(launch.find_work_file(4))
    assert [text for text in caplog.messages if "input of the workfile" in text]


def test_a_server_that_is_away_lets_the_launch_go_on(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = launch.data["last_workfile_path"]
    with no_server(monkeypatch):
        data = launch.run()
    assert data["last_workfile_path"] == before
    assert "source_filepath" not in data


def test_project_that_is_off_opens_its_own_workfile(launch: Launch, addon: Any) -> None:
    studio = launch.studio
    endpoint = f"{studio.prefix}/settings/{studio.project}"
    settings = studio.admin.raw_get(endpoint).data
    studio.admin.raw_post(endpoint, json={**settings, "enabled": False})
    addon.get_sync_project_setting(studio.project, cached=False)
    before = dict(launch.data)
    assert launch.run() == before


def test_newer_than_the_local_one(launch: Launch) -> None:
    launch.save_work(2)
    assert launch.run()["last_workfile_path"] == str(launch.find_work_file(4))


def test_not_newer_than_the_local_one(launch: Launch) -> None:
    own = launch.save_work(3)
    assert launch.run()["last_workfile_path"] == own
    assert MACHINE not in launch.studio.rows(launch.workfile.id)


@pytest.mark.parametrize("key", ["enabled", "use_last_published_workfile"])
def test_settings_of_core_decide(launch: Launch, key: str) -> None:
    launch.profile[key] = False
    before = dict(launch.data)
    assert launch.run() == before
    assert MACHINE not in launch.studio.rows(launch.workfile.id)


def test_launch_without_the_last_workfile_downloads_none(launch: Launch) -> None:
    """The artist unticked it in the launcher."""
    launch.data["start_last_workfile"] = False
    before = dict(launch.data)
    assert launch.run() == before
    assert MACHINE not in launch.studio.rows(launch.workfile.id)


@pytest.mark.parametrize("launch_type", ["farm-publish", "farm-render", "automated"])
def test_only_what_an_artist_launches(launch: Launch, launch_type: str) -> None:
    assert launch.make_hook().is_valid
    launch.context.launch_type = launch_type
    assert not launch.make_hook().is_valid


def test_explicit_workfile_is_opened(launch: Launch) -> None:
    launch.data["workfile_path"] = "/somewhere/s.ma"
    assert "source_filepath" not in launch.run()


def test_d6_launch_goes_on_when_nothing_arrives(
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Published, but its file is on no site that this machine reaches.
    monkeypatch.setattr("ayon_sitesync.published_workfile.STALL_SECONDS", 1.0)
    (launch.studio.studio_root / "pub/s_v003.ma").unlink()
    before = launch.data["last_workfile_path"]
    data = launch.run()
    assert data["last_workfile_path"] == before
    assert "source_filepath" not in data
    (told,) = [text for text in caplog.messages if "does not move" in text]
    assert "missing" in told
    assert told.endswith("It goes on without the published workfile.")


def test_known_function_still_brings_a_workfile(launch: Launch, addon: Any) -> None:
    sitesync = importlib.import_module("ayon_sitesync.sitesync")
    (entity,) = launch.studio.admin.get_representations(
        launch.studio.project, {launch.workfile.id}
    )
    path = sitesync.download_last_published_workfile(
        "maya", launch.studio.project, "anim", entity, 3, sitesync_addon=addon
    )
    assert path == str(launch.studio.machine_root / "pub/s_v003.ma")
    assert Path(path).exists()
