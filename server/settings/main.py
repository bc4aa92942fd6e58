"""The settings model. Every key of the existing addon keeps its name and scope."""

from __future__ import annotations

from typing import Any

from pydantic import root_validator, validator

from ..host import (
    AyonException,
    BaseSettingsModel,
    SettingsField,
    ensure_unique_names,
    normalize_name,
)
from .choices import list_credential_receivers, list_providers, list_sites
from .leniency import LeftOut, leave_out_what_is_wrong
from .limits import LimitSettings
from .providers.custom import CustomSettings
from .providers.dropbox import DropboxSettings
from .providers.gdrive import GoogleDriveSettings
from .providers.local_drive import LocalDriveSettings
from .providers.paths import PathsPerPlatform
from .providers.rclone import RcloneSettings
from .providers.s3 import S3Settings
from .providers.sftp import SftpSettings

EVERYWHERE = ["studio", "project", "site"]


class GeneralSettings(BaseSettingsModel):
    """How the queue works in a project."""

    retry_cnt: int = SettingsField(
        3,
        title="Retry Count",
        description="How often a failed file is tried again",
    )
    loop_delay: int = SettingsField(
        60,
        title="Loop Delay",
        description="Longest wait between two looks for work, in seconds",
    )
    always_accessible_on: list[str] = SettingsField(
        default_factory=list,
        title="Always accessible on sites",
        description="Sites that every publish reaches in the end",
    )
    active_site: str = SettingsField("studio", title="User Default Active Site")
    remote_site: str = SettingsField("studio", title="User Default Remote Site")
    workfile_link_depth: int = SettingsField(
        1,
        ge=0,
        le=10,
        title="Depth of a workfile's inputs",
        description=(
            "How many steps of links a published workfile brings its inputs along when "
            "it is downloaded at launch; 0 brings none"
        ),
    )
    accept_unleased_results: bool = SettingsField(
        True,
        title="Accept results without a lease",
        description=(
            "Artists' clients of the previous Site Sync report what they moved without "
            "asking for the work first. Switch this off when all clients are new."
        ),
    )
    default_rows: bool = SettingsField(
        True,
        title="Take unreported publishes to be on the default sites",
        description=(
            "A minute after something was made that nobody told Site Sync about, it "
            "counts as present on the default active site, unverified, and is queued "
            "on the default remote site and on those that every publish reaches."
        ),
    )
    history_days: int = SettingsField(
        30,
        ge=1,
        le=3650,
        title="Days of history",
        description="How long runs of agents and bytes per minute are kept",
    )
    tombstone_days: int = SettingsField(
        90,
        ge=1,
        le=3650,
        title="Days that deleted files are remembered",
        description=(
            "What was on the sites of a deleted representation can be listed, and "
            "removed from there, for this long"
        ),
    )

    limits: LimitSettings = SettingsField(
        default_factory=LimitSettings,
        title="Limits of studio and machines",
        description=(
            "For 'studio' and the artists' machines; other sites have limits of their "
            "own. Several projects: the strictest counts."
        ),
    )

    provider_folders: PathsPerPlatform = SettingsField(
        default_factory=PathsPerPlatform,
        title="Folders of providers",
        scope=["studio"],
        description=(
            "Python modules with providers of your own, for sites of the provider "
            "'Custom'. Only the studio's value counts: it is code that agents run."
        ),
    )
    executable_paths: list[str] = SettingsField(
        default_factory=list,
        title="Programs that projects may name",
        scope=["studio"],
        description=(
            "A project's own 'RClone Executable Path' must be on this list, or be one "
            "that the studio's sites name. Only the studio's value counts."
        ),
    )

    @validator("always_accessible_on", each_item=True)
    def strip_name(cls, value: str) -> str:
        return value.strip()


class LocalRootSettings(BaseSettingsModel):
    """Root paths of this machine.

    Overrides of studio roots are in the separate `Roots` tab outside of Site Sync.
    """

    _layout: str = "expanded"

    name: str = SettingsField(
        "work", title="Root name", regex="^[a-zA-Z0-9_]{1,}$", scope=["site"]
    )
    path: str = SettingsField("c:/projects_local", title="Path", scope=["site"])


def default_local_roots() -> list[LocalRootSettings]:
    return [LocalRootSettings(name="work", path="C:/projects_local")]


class LocalSettings(BaseSettingsModel):
    """The artist's own choice of sites and roots."""

    active_site: str = SettingsField(
        "", title="My Active Site", scope=["site"], enum_resolver=list_sites
    )
    remote_site: str = SettingsField(
        "", title="My Remote Site", scope=["site"], enum_resolver=list_sites
    )
    local_roots: list[LocalRootSettings] = SettingsField(
        default_factory=default_local_roots,
        title="Local roots overrides",
        scope=["site"],
        description="Overrides for local root(s).",
    )
    limits: LimitSettings = SettingsField(
        default_factory=LimitSettings,
        title="Limits of my machine",
        scope=["site"],
        description="Beside those that the project sets; the strictest counts",
    )


class SiteSettings(BaseSettingsModel):
    """A site besides `studio` and the artists' machines."""

    _layout: str = "expanded"

    alternative_sites: list[str] = SettingsField(
        default_factory=list,
        title="Alternative sites",
        scope=["studio", "project"],
        description=(
            "Other names of the same physical store: what is on this site is on them "
            "too. Example: an SFTP site that exposes the files of 'studio'."
        ),
    )
    provider: str = SettingsField(
        "",
        title="Provider",
        description="Switch between providers",
        enum_resolver=list_providers,
        conditional_enum=True,
    )
    local_drive: LocalDriveSettings = SettingsField(
        default_factory=LocalDriveSettings, scope=EVERYWHERE
    )
    gdrive: GoogleDriveSettings = SettingsField(
        default_factory=GoogleDriveSettings, scope=EVERYWHERE
    )
    dropbox: DropboxSettings = SettingsField(
        default_factory=DropboxSettings, scope=EVERYWHERE
    )
    sftp: SftpSettings = SettingsField(default_factory=SftpSettings, scope=EVERYWHERE)
    rclone: RcloneSettings = SettingsField(
        default_factory=RcloneSettings, scope=EVERYWHERE
    )
    s3: S3Settings = SettingsField(default_factory=S3Settings, scope=EVERYWHERE)
    custom: CustomSettings = SettingsField(
        default_factory=CustomSettings, scope=EVERYWHERE
    )
    credentials_for: list[str] = SettingsField(
        default_factory=list,
        title="Credentials for",
        scope=["studio", "project"],
        enum_resolver=list_credential_receivers,
        description=(
            "Who is handed this site's settings with its secrets. None chosen: "
            "everyone, or services where a secret of AYON is named ({secret:NAME}). "
            "Managers always are. Each hand-out is recorded."
        ),
    )
    limits: LimitSettings = SettingsField(
        default_factory=LimitSettings, title="Limits", scope=["studio", "project"]
    )
    name: str = SettingsField(..., title="Site name", scope=EVERYWHERE)

    @validator("name")
    def normalize(cls, value: str) -> str:
        try:
            return normalize_name(value)
        except AyonException as error:
            # Only an error of this kind is one of the field, and not of all settings.
            raise ValueError(error.detail) from error


class SiteSyncSettings(BaseSettingsModel):
    """Settings of Site Sync."""

    enabled: bool = SettingsField(False)
    config: GeneralSettings = SettingsField(
        default_factory=GeneralSettings, title="Config"
    )
    local_setting: LocalSettings = SettingsField(
        default_factory=LocalSettings,
        title="Local setting",
        scope=["site"],
        description="This setting is only applicable for artist's site",
    )
    sites: list[SiteSettings] = SettingsField(
        default_factory=list, scope=EVERYWHERE, title="Sites"
    )

    # What was stored and left out, see `leniency`.
    _left_out: tuple[LeftOut, ...] = ()

    @root_validator(pre=True)
    def fit(cls, values: dict[str, Any]) -> dict[str, Any]:
        model: Any = cls
        return leave_out_what_is_wrong(model, values)

    @validator("sites")
    def names_are_unique(cls, value: list[SiteSettings]) -> list[SiteSettings]:
        ensure_unique_names(value)
        return value
