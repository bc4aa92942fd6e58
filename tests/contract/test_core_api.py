"""The addon's public API: names, arguments and interfaces that others rely on."""

import importlib
import inspect
import json
from typing import Any

import pytest

from tests.support.ayon_core_path import put_core_on_path

put_core_on_path()

# Arguments as callers give them, by position or by name; more may follow with defaults.
METHODS = {
    "add_site": "project_name representation_id site_name= file_id= force= status=",
    "check_status": "file_state local_site remote_site config_preset",
    "clear_project": "project_name site_name",
    "compute_resource_sync_sites": "project_name",
    "get_active_site": "project_name",
    "get_active_site_type": "project_name local_settings=",
    "get_anatomy": "project_name",
    "get_enabled_projects": "",
    "get_launch_hook_paths": "app=",
    "get_local_file_path": "project_name site_name file_path",
    "get_local_normalized_site": "site_name",
    "get_loop_delay": "project_name",
    "get_plugin_paths": "",
    "get_progress_for_repre": "*args **kwargs",
    "get_provider_for_site": "project_name= site=",
    "get_publish_plugin_paths": "host_name=",
    "get_remote_site": "project_name",
    "get_repre_info_for_versions": "project_name version_ids active_site remote_site",
    "get_repre_sync_state": (
        "project_name representation_id local_site_name remote_site_name= **kwargs"
    ),
    "get_representations_sites_sync_state": (
        "project_name representation_ids site_names="
    ),
    "get_representations_sync_state": (
        "project_name representation_ids local_site_name remote_site_name= **kwargs"
    ),
    "get_site_icons": "",
    "get_site_root_overrides": "project_name site_name local_settings=",
    "get_sync_project_setting": "project_name exclude_locals= cached=",
    "get_sync_representations": "project_name active_site remote_site limit=",
    "get_version_availability": (
        "project_name version_ids local_site_name remote_site_name **kwargs"
    ),
    "handle_alternate_site": "project_name representation_id processed_site file_id=",
    "is_paused": "",
    "is_project_enabled": "project_name single=",
    "is_project_paused": "project_name check_parents=",
    "is_representation_on_site": (
        "project_name representation_id site_name max_retries="
    ),
    "is_representation_paused": "representation_id check_parents= project_name=",
    "pause_project": "project_name",
    "pause_representation": "project_name representation_id site_name",
    "pause_server": "",
    "remove_site": "project_name representation_id site_name remove_local_files=",
    "reset_site_on_representation": (
        "project_name representation_id side= file_id= site_name="
    ),
    "reset_timer": "",
    "server_exit": "",
    "server_init": "",
    "server_start": "",
    "set_sync_project_settings": "exclude_locals=",
    "tray_exit": "",
    "tray_init": "",
    "tray_menu": "tray_menu",
    "tray_start": "",
    "unpause_project": "project_name",
    "unpause_representation": "project_name representation_id site_name",
    "unpause_server": "",
    "update_db": (
        "project_name repre_status site_name new_file_id= file= side= error= progress="
        " priority= pause="
    ),
    "validate_project": "project_name site_name reset_missing=",
    "webserver_initialization": "web_manager",
}


@pytest.fixture(scope="module")
def addon_class() -> Any:
    return importlib.import_module("ayon_sitesync.addon").SiteSyncAddon


def describe_argument(argument: inspect.Parameter) -> str:
    if argument.kind is inspect.Parameter.VAR_POSITIONAL:
        return f"*{argument.name}"
    if argument.kind is inspect.Parameter.VAR_KEYWORD:
        return f"**{argument.name}"
    has_default = argument.default is not inspect.Parameter.empty
    return f"{argument.name}=" if has_default else argument.name


@pytest.mark.parametrize("name", METHODS)
def test_method_takes_what_callers_give(addon_class: Any, name: str) -> None:
    arguments = list(inspect.signature(getattr(addon_class, name)).parameters.values())
    given = [describe_argument(argument) for argument in arguments[1:]]
    assert given == METHODS[name].split()


def test_constants(addon_class: Any) -> None:
    assert addon_class.DEFAULT_SITE == "studio"
    assert addon_class.LOCAL_SITE == "local"
    assert addon_class.DEFAULT_PRIORITY == 50
    assert addon_class.LOG_PROGRESS_SEC == 5
    assert addon_class.REPRESENTATION_LIMIT == 100


def test_core_knows_what_kind_of_addon_it_is(addon_class: Any) -> None:
    core = importlib.import_module("ayon_core.addon")
    for interface in (core.AYONAddon, core.ITrayAddon, core.IPluginPaths):
        assert issubclass(addon_class, interface)
    assert not inspect.isabstract(addon_class)


def test_attributes_of_an_addon_are_cheap(
    addon_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AYON_SITE_ID", "brisk-amber-fox")
    monkeypatch.setenv("AYON_SERVER_URL", "http://nobody.invalid")
    addon = addon_class(None, {})
    assert addon.name == "sitesync"
    assert addon.enabled is True
    assert addon.is_running is False
    assert list(addon.long_running_tasks) == []
    assert addon.projects_processed == set()
    with addon.lock:
        assert json.dumps(addon.get_site_icons())
