"""The publish plugins in pyblish's hands, over a real server."""

import importlib
import importlib.util
from pathlib import Path
from time import time
from typing import Any

import pytest
from ayon_api import ServerAPI
from ayon_api.exceptions import GraphQlQueryFailed

from tests.support.host_studio import (
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    PublishedFile,
    Requests,
    no_server,
    wait_for,
)

PLUGINS = Path(__file__).parents[3] / "client/ayon_sitesync/plugins/publish"


def load_plugin(name: str, class_name: str) -> Any:
    """A plugin as pyblish loads it: from its file, by its path."""
    spec = importlib.util.spec_from_file_location(name, PLUGINS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, class_name)()


class Publisher:
    """A publish up to our plugin, as core's integrators leave it."""

    def __init__(self, manager: Any, studio: HostStudio) -> None:
        self.studio = studio
        api = importlib.import_module("pyblish.api")
        self.context = api.Context()
        self.context.data.update(
            projectName=studio.project,
            projectEntity={"name": studio.project},
            ayonAddonsManager=manager,
            user="artist",
        )

    def run(
        self,
        new: list[PublishedFile] | None = None,
        replaced: list[PublishedFile] | None = None,
        **data: Any,
    ) -> Any:
        instance = self.context.create_instance("render")
        infos = {one.id: {"repre_update_data": None} for one in new or []}
        infos.update({one.id: {"repre_update_data": {}} for one in replaced or []})
        if infos:
            instance.data["published_representations"] = infos
        instance.data.update(data)
        load_plugin("integrate_site_sync", "IntegrateSiteSync").process(instance)
        return instance


@pytest.fixture
def publisher(manager: Any, addon: Any, studio: HostStudio) -> Publisher:
    addon.is_project_enabled(studio.project, single=True)
    return Publisher(manager, studio)


def test_d47_20_representations_on_3_sites_are_one_request(
    publisher: Publisher, studio: HostStudio, sent: Requests
) -> None:
    studio.configure(config={"always_accessible_on": ["nearline"]})
    version_id = studio.make_version()
    published = [
        studio.publish(version_id, f"{number}.exr", representation=f"r{number}")
        for number in range(20)
    ]
    sent.clear()
    publisher.run(published)
    assert sent.states == [f"POST /api/{studio.prefix}/{studio.project}/states"]
    for one in published:
        rows = studio.rows(one.id)
        assert rows[MACHINE] == SYNCED
        assert rows["studio"] == QUEUED


def test_d33_over_an_existing_version(
    publisher: Publisher, studio: HostStudio, sent: Requests
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    for site in (MACHINE, "studio", "nearline"):
        studio.set_row(published, site, SYNCED)
    files = studio.make_files("a.exr", at="machine")
    studio.admin.update_representation(studio.project, published.id, files=files)
    sent.clear()
    publisher.run(replaced=[published])
    assert len(sent.states) == 2
    assert studio.rows(published.id) == {
        MACHINE: SYNCED,
        "studio": QUEUED,
        "nearline": QUEUED,
    }
    anew = PublishedFile(published.id, published.version_id, files)
    assert studio.file_statuses(anew, "nearline") == [QUEUED]


def test_hero_is_wanted_again_where_it_was(
    publisher: Publisher, studio: HostStudio
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    hero_id = studio.make_version()
    known = studio.publish(hero_id, "hero/a.exr")
    studio.set_row(known, "nearline", SYNCED)
    # Integration gives the files of a hero version new ids.
    files = studio.make_files("hero/a.exr", at="machine")
    studio.admin.update_representation(studio.project, known.id, files=files)
    added = studio.publish(hero_id, "hero/a.mov", representation="mov")
    publisher.run([published], heroVersionEntity={"id": hero_id})
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}
    assert studio.rows(known.id) == {
        MACHINE: SYNCED,
        "studio": QUEUED,
        "nearline": QUEUED,
    }
    assert studio.rows(added.id) == {MACHINE: SYNCED, "studio": QUEUED}


def test_a_failing_query_does_not_fail_the_publish(
    publisher: Publisher, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GraphQL failures of ayon_api are no kin of its other errors."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise GraphQlQueryFailed([{"message": "the database is away"}], "", {})

    monkeypatch.setattr(ServerAPI, "get_representations", fail)
    published = studio.publish(studio.make_version(), "a.exr")
    publisher.run([published], heroVersionEntity={"id": studio.make_version()})
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}


def test_traits(publisher: Publisher, studio: HostStudio) -> None:
    version_id = studio.make_version()
    published = studio.publish(version_id, "a.exr")
    publisher.run(
        publishedRepresentationsWithTraits=[object()],
        versionEntity={"id": version_id},
    )
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}


def test_render_node_has_its_own_site(
    publisher: Publisher, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AYON_PUBLISH_JOB", "1")
    monkeypatch.setenv("AYON_SITE_ID", "studio")
    published = studio.publish(studio.make_version(), "a.exr")
    publisher.run([published])
    assert studio.rows(published.id)["studio"] == SYNCED


def test_disabled_project_is_on_the_studio_site(
    manager: Any, addon: Any, studio: HostStudio
) -> None:
    endpoint = f"{studio.prefix}/settings/{studio.project}"
    settings = studio.admin.raw_get(endpoint).data
    studio.admin.raw_post(endpoint, json={**settings, "enabled": False})
    published = studio.publish(studio.make_version(), "a.exr")
    Publisher(manager, studio).run([published])
    assert studio.rows(published.id) == {"studio": SYNCED}


def test_publish_without_permission_stands(
    publisher: Publisher,
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A folder that is not in the user's access list."""
    published = studio.publish(studio.make_version(), "a.exr")
    api = importlib.import_module("ayon_api")
    api.close_connection()
    monkeypatch.setenv("AYON_API_KEY", studio.devhost.users["restricted"])
    api.create_connection(MACHINE, "1.0.0")
    publisher.run([published])
    assert studio.rows(published.id) == {}
    told = [text for text in caplog.messages if published.id in text]
    assert len(told) == 2
    assert "Site Sync could not be told all of it; see the log" in caplog.messages


def test_nothing_published_asks_nobody(publisher: Publisher, sent: Requests) -> None:
    sent.clear()
    publisher.run()
    assert sent.sent == []


def test_server_that_cannot_be_reached_does_not_fail_the_publish(
    publisher: Publisher,
    addon: Any,
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    hero_id = studio.make_version()
    hero = studio.publish(hero_id, "hero/a.exr")
    studio.set_row(hero, "nearline", SYNCED)
    files = studio.make_files("hero/a.exr", at="machine")
    studio.admin.update_representation(studio.project, hero.id, files=files)
    with no_server(monkeypatch):
        publisher.run([published], heroVersionEntity={"id": hero_id})
    assert studio.rows(published.id) == {}
    assert addon._services.publish.replay() == 1
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}
    assert studio.rows(hero.id) == {
        MACHINE: SYNCED,
        "studio": QUEUED,
        "nearline": QUEUED,
    }


def test_settings_that_were_never_read_are_no_reason_to_claim_studio(
    manager: Any, addon: Any, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    with no_server(monkeypatch):
        Publisher(manager, studio).run([published])
    assert addon._services.publish.replay() == 1
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}


def test_what_is_told_late_does_not_undo_what_was_done_meanwhile(
    publisher: Publisher,
    addon: Any,
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    # Published an hour ago by a clock that is a day behind the server's.
    monkeypatch.setattr("ayon_sitesync.spool.time.time", lambda: time() - 90_000)
    with no_server(monkeypatch):
        publisher.run([published])
    monkeypatch.setattr("ayon_sitesync.spool.time.time", lambda: time() - 86_400)
    monkeypatch.setattr(addon._services.publish, "_wall_clock", lambda: time() - 86_400)
    studio.set_row(published, "studio", SYNCED, timestamp=int(time()))
    assert addon._services.publish.replay() == 1
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": SYNCED}


def test_what_is_told_late_wins_over_what_the_server_concluded(
    publisher: Publisher,
    addon: Any,
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = studio.publish(studio.make_version(), "a.exr")
    for site in (MACHINE, "studio"):
        studio.set_row(published, site, SYNCED)
    with monkeypatch.context() as patch, no_server(monkeypatch):
        patch.setattr("ayon_sitesync.spool.time.time", lambda: time() - 10)
        publisher.run(replaced=[published])
    files = studio.make_files("a.exr", at="machine")
    files[0]["hash"] = "another content"
    studio.admin.update_representation(studio.project, published.id, files=files)
    # The server saw new files and wants them wherever the old ones were.
    concluded = {MACHINE: QUEUED, "studio": QUEUED}
    assert wait_for(lambda: studio.rows(published.id) == concluded)
    assert addon._services.publish.replay() == 1
    assert studio.rows(published.id) == {MACHINE: SYNCED, "studio": QUEUED}


def test_resources_beside_a_workfile_are_published_along(
    publisher: Publisher, studio: HostStudio, tmp_path: Path
) -> None:
    folder = tmp_path / "work" / "resources" / "tex"
    folder.mkdir(parents=True)
    (folder / "wood.tx").write_text("wood")
    instance = publisher.context.create_instance("workfile")
    publisher.context.data["currentFile"] = str(tmp_path / "work" / "s_v001.ma")
    instance.data["resourcesDir"] = "/publish/v001/resources"
    load_plugin("collect_workfile_resources", "CollectWorkfileResources").process(
        instance
    )
    assert instance.data["transfers"] == [
        [str(folder / "wood.tx"), "/publish/v001/resources/tex/wood.tx"]
    ]
