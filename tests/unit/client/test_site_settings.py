"""Secrets, programs and providers of the studio's own: what a site is opened with."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.site_access import SiteAccess
from ayon_sitesync.site_settings import FRESH_SECONDS, SiteSettings

from tests.support import sample_provider
from tests.unit.client.memory_server import FakeClock
from tests.unit.client.test_sites import SITE_ID, Source

SFTP = {"sftp_host": "nas", "sftp_pass": "{secret:sitesync-nas}"}
PLAIN = {"sftp_host": "nas", "sftp_pass": "typed"}
VALUE = "hunter2hunter2"


class Opened:
    """Settings of sites with their source and time."""

    def __init__(self) -> None:
        self.source = Source()
        self.source.credentials = {**SFTP, "sftp_pass": VALUE}
        self.clock = FakeClock()
        self.settings = SiteSettings(self.source, "linux", self.clock.now)

    def resolve(self, settings: dict[str, Any]) -> Any:
        return self.settings.resolve("demo", "nas", settings)


@pytest.fixture
def opened() -> Opened:
    return Opened()


# --- secrets -------------------------------------------------------------------------


def test_settings_without_secrets_are_used_as_they_are(opened: Opened) -> None:
    assert opened.resolve(PLAIN) == PLAIN
    assert opened.source.handed == []


def test_secrets_are_filled_in_by_the_server_and_kept_for_a_minute(
    opened: Opened,
) -> None:
    assert opened.resolve(SFTP)["sftp_pass"] == VALUE
    assert opened.resolve(SFTP)["sftp_pass"] == VALUE
    assert opened.source.handed == ["nas"]
    opened.source.credentials = {**SFTP, "sftp_pass": "rotated"}
    opened.clock.seconds += FRESH_SECONDS
    assert opened.resolve(SFTP)["sftp_pass"] == "rotated"


def test_another_secret_in_the_settings_is_asked_for_at_once(opened: Opened) -> None:
    opened.resolve(SFTP)
    opened.resolve({**SFTP, "sftp_pass": "{secret:sitesync-other}"})
    assert opened.source.handed == ["nas", "nas"]


def test_refused_secrets_are_the_sites_fault_with_the_reason(opened: Opened) -> None:
    opened.source.refusal = "they are for services"
    with pytest.raises(SiteUnhealthyError, match="they are for services") as refused:
        opened.resolve(SFTP)
    assert refused.value.code == "not_allowed"
    opened.source.refusal = ""
    assert opened.resolve(SFTP)["sftp_pass"] == VALUE


def test_rule_that_was_changed_counts_after_a_minute(opened: Opened) -> None:
    opened.resolve(SFTP)
    opened.source.refusal = "no more"
    opened.clock.seconds += FRESH_SECONDS
    with pytest.raises(SiteUnhealthyError, match="no more"):
        opened.resolve(SFTP)


def test_no_value_of_a_secret_is_told(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    site = {"name": "nas", "provider": "sftp", "sftp": SFTP}
    opened.source.sites = [site]
    access = SiteAccess(opened.source, SITE_ID, "linux", "beef")
    with caplog.at_level(logging.DEBUG):
        # The server gives a host that is no host: the settings are refused.
        opened.source.credentials = {"sftp_host": "", "sftp_pass": VALUE}
        with pytest.raises(SiteUnhealthyError) as refused:
            access.open_site("demo", "nas")
    assert opened.source.handed == ["nas"]
    assert VALUE not in caplog.text + str(refused.value)


# --- programs ------------------------------------------------------------------------


def test_program_that_the_studio_names_is_used(opened: Opened) -> None:
    settings = {"rclone_executable_path": {"linux": "/opt/rclone"}}
    opened.source.studio = {"config": {"executable_paths": ["/opt/rclone"]}}
    assert opened.resolve(settings) == settings


def test_program_of_a_site_of_the_studio_is_used(opened: Opened) -> None:
    settings = {"rclone_executable_path": {"linux": "/opt/rclone"}}
    site = {"name": "nas", "provider": "rclone", "rclone": settings}
    opened.source.studio = {"sites": [site]}
    assert opened.resolve(settings) == settings


def test_program_that_only_a_project_names_is_not_started(opened: Opened) -> None:
    settings = {"rclone_executable_path": {"linux": "/srv/project/rclone"}}
    with pytest.raises(SiteUnhealthyError, match="executable_paths") as refused:
        opened.resolve(settings)
    assert refused.value.code == "wrong_setting"


# --- providers of the studio's own ---------------------------------------------------


def make_access(source: Source, **custom: Any) -> SiteAccess:
    source.sites = [{"name": "own", "provider": "custom", "custom": custom}]
    return SiteAccess(source, SITE_ID, "linux", "beef")


def write_module(folder: Path, text: str | None = None) -> None:
    folder.mkdir()
    path = folder / "studio_providers.py"
    path.write_text(text or Path(sample_provider.__file__).read_text())


def trust_folder(source: Source, folder: Path) -> None:
    source.studio = {"config": {"provider_folders": {"linux": [str(folder)]}}}


def test_provider_of_a_folder_is_opened_with_its_free_form_settings(
    tmp_path: Path,
) -> None:
    source = Source()
    write_module(tmp_path / "providers")
    trust_folder(source, tmp_path / "providers")
    store = tmp_path / "store"
    store.mkdir()
    access = make_access(
        source, code="folder", settings=json.dumps({"folder": str(store)})
    )
    site = access.open_site("demo", "own")
    assert access.open_site("demo", "own") is site
    with site.create_part(site.locate("{root[work]}/sh/a.exr")) as part:
        part.write(memoryview(b"frame"))
        part.publish(0)
    assert (store / "projects" / "sh" / "a.exr").read_bytes() == b"frame"


def test_provider_of_an_installed_package_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path / "site")
    package = tmp_path / "site" / "studio_providers-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: studio-providers\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[ayon_sitesync.providers]\nfolder = studio_providers:FolderProvider\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    access = make_access(
        Source(), code="folder", settings=json.dumps({"folder": str(tmp_path)})
    )
    access.open_site("demo", "own").check_health(["work"], writable=True)


def test_provider_that_follows_our_own_protocol_is_made_with_its_site(
    tmp_path: Path,
) -> None:
    source = Source()
    text = (
        "from ayon_sitesync.providers.local_drive import LocalDriveProvider\n"
        "class Own(LocalDriveProvider):\n"
        "    CODE = 'own'\n"
        "    def __init__(self, config):\n"
        "        super().__init__(config)\n"
        "        self.settings = config.settings\n"
    )
    write_module(tmp_path / "providers", text)
    trust_folder(source, tmp_path / "providers")
    access = make_access(
        source, code="own", settings='{"level": 3}', roots=str(tmp_path)
    )
    site = access.open_site("demo", "own")
    assert getattr(site, "settings", None) == {"level": 3}
    assert site.locate("{root[work]}/a.exr") == f"{tmp_path}/a.exr"


def test_folders_that_a_project_names_do_not_count(tmp_path: Path) -> None:
    """It is code that agents run."""
    marker = tmp_path / "ran"
    write_module(tmp_path / "providers", f"open({str(marker)!r}, 'w').close()")
    folders = {"linux": [str(tmp_path / "providers")]}
    access = make_access(Source(provider_folders=folders), code="folder")
    with pytest.raises(SiteUnhealthyError, match="no provider with the code 'folder'"):
        access.open_site("demo", "own")
    assert not marker.exists()


def test_module_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    source = Source()
    write_module(tmp_path / "providers", "import surely_not_installed")
    trust_folder(source, tmp_path / "providers")
    with pytest.raises(SiteUnhealthyError, match="surely_not_installed"):
        make_access(source, code="folder").open_site("demo", "own")


@pytest.mark.parametrize(
    ("custom", "reason"),
    [
        ({"code": "", "settings": "{}"}, "code' is empty"),
        ({"code": "own", "settings": '{"password": "hunter2"'}, "must be a JSON"),
        ({"code": "own", "settings": '["hunter2"]'}, "must be a JSON object"),
    ],
)
def test_wrong_settings_of_an_own_provider_are_told_without_their_text(
    custom: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SiteUnhealthyError, match=reason) as refused:
        make_access(Source(), **custom).open_site("demo", "own")
    assert "hunter2" not in str(refused.value)


def test_secrets_in_free_form_settings_are_filled_in(tmp_path: Path) -> None:
    source = Source()
    write_module(tmp_path / "providers")
    trust_folder(source, tmp_path / "providers")
    filled = json.dumps({"folder": str(tmp_path)})
    source.credentials = {"code": "folder", "settings": filled}
    access = make_access(
        source, code="folder", settings='{"folder": "{secret:sitesync-folder}"}'
    )
    access.open_site("demo", "own").check_health(["work"], writable=True)
    assert source.handed == ["own"]
