"""What is wrong in settings: told as problems of sites, as nothing is refused for it.

Works on settings as plain dicts, keys as stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .rclone_arguments import find_bad_argument, list_arguments
from .site import LOCAL_SITE, STUDIO_SITE

PLATFORMS = ("windows", "linux", "darwin")
DAYS = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
MAX_PORT = 65535
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class SettingFault:
    """A wrong setting of a site, of the project where `site_name` is None.

    `field` is its path within the settings; no value of a credential is in the texts.
    """

    site_name: str | None
    field: str
    text: str
    todo: str


def find_faults(
    settings: Settings, trusted_programs: frozenset[str]
) -> list[SettingFault]:
    """Return what is wrong.

    :param trusted_programs: paths of programs that the studio's own settings name.
    """
    names = {site["name"] for site in settings["sites"]}
    faults = [*_config_faults(settings["config"], names)]
    for site in settings["sites"]:
        faults += _site_faults(site, names, trusted_programs)
    return faults


def list_programs(settings: Settings) -> frozenset[str]:
    """Return the paths of programs that settings name, for sites and for projects."""
    paths = set(settings["config"]["executable_paths"])
    for site in settings["sites"]:
        paths.update(path for _, path in _programs(site))
    return frozenset(paths - {""})


def unreadable_value(site_name: str | None, field: str, text: str) -> SettingFault:
    """A stored value that does not fit; it counts as not set."""
    return SettingFault(
        site_name,
        field,
        f"The stored value does not count: {text}",
        "Set it again in the addon's settings",
    )


def missing_secret(site_name: str, name: str) -> SettingFault:
    return SettingFault(
        site_name,
        "sites",
        f"It names the secret '{name}', which is not there",
        "Add it under Secrets in AYON's studio settings",
    )


def find_untrusted_programs(
    site: Settings, trusted_programs: frozenset[str]
) -> list[SettingFault]:
    """Return the programs of a site that only the project's settings name."""
    return [
        SettingFault(
            site["name"],
            field,
            f"The program '{path}' is named by this project only",
            "Let an administrator add it to the studio's setting "
            "config.executable_paths; until then it is not started",
        )
        for field, path in _programs(site)
        if path and path not in trusted_programs
    ]


def _config_faults(config: Settings, names: set[str]) -> Iterator[SettingFault]:
    known = names | {STUDIO_SITE, LOCAL_SITE, ""}
    for field, value in (
        ("active_site", config["active_site"]),
        ("remote_site", config["remote_site"]),
        *(("always_accessible_on", name) for name in config["always_accessible_on"]),
    ):
        if value not in known:
            yield SettingFault(
                None,
                f"config.{field}",
                f"'{value}' is no site of the settings: nothing moves from or to it",
                "Add the site under 'sites', or name one that is there",
            )
    if config["loop_delay"] < 1:
        yield _number_fault(None, "config.loop_delay", "1 second or more")
    if config["retry_cnt"] < 0:
        yield _number_fault(None, "config.retry_cnt", "0 or more")
    yield from _limit_faults(None, "config.limits", config["limits"])


def _site_faults(
    site: Settings, names: set[str], trusted_programs: frozenset[str]
) -> Iterator[SettingFault]:
    name, provider = site["name"], site["provider"]
    if name in (STUDIO_SITE, LOCAL_SITE):
        yield SettingFault(
            name,
            "sites.name",
            f"'{name}' is the name of a built-in site: this entry has no effect",
            "Rename it; the roots of 'studio' are in the project's anatomy",
        )
        return
    for other in site["alternative_sites"]:
        if other not in names | {STUDIO_SITE}:
            yield SettingFault(
                name,
                "sites.alternative_sites",
                f"'{other}' is no site of the settings",
                "Name a site that is there, or remove it",
            )
    check = _PROVIDERS.get(provider)
    if check is None:
        chosen = f"'{provider}' is no provider" if provider else "No provider is chosen"
        yield SettingFault(
            name, "sites.provider", chosen, f"Choose one of {', '.join(_PROVIDERS)}"
        )
    else:
        for field, text, todo in check(site[provider]):
            yield SettingFault(name, f"sites.{provider}.{field}", text, todo)
    yield from find_untrusted_programs(site, trusted_programs)
    yield from _limit_faults(name, "sites.limits", site["limits"])


def _programs(site: Settings) -> Iterator[tuple[str, str]]:
    """Yield field and path of each program that the site's provider starts."""
    provider = site["provider"]
    paths = site.get(provider, {}).get("rclone_executable_path", {}) if provider else {}
    for platform in PLATFORMS:
        yield (
            f"sites.{provider}.rclone_executable_path.{platform}",
            str(paths.get(platform, "")).strip(),
        )


def _limit_faults(
    site_name: str | None, field: str, limits: Settings
) -> Iterator[SettingFault]:
    for key in ("parallel_transfers", "bandwidth_mb_s", "free_space_floor_gb"):
        if limits[key] < 0:
            yield _number_fault(site_name, f"{field}.{key}", "0 (no limit) or more")
    for window in limits["timetable"]:
        if window["bandwidth_mb_s"] < 0:
            yield _number_fault(
                site_name,
                f"{field}.timetable.bandwidth_mb_s",
                "0 (no limit) or more",
            )
        for day in window["days"]:
            if day not in DAYS:
                yield SettingFault(
                    site_name,
                    f"{field}.timetable.days",
                    f"'{day}' is no day: its window does not count",
                    "Use mon, tue, wed, thu, fri, sat, sun",
                )
        for key in ("start", "end"):
            if not _TIME.fullmatch(window[key]):
                yield SettingFault(
                    site_name,
                    f"{field}.timetable.{key}",
                    f"'{window[key]}' is no time of day: its window does not count",
                    "Write hours and minutes as 08:30",
                )


def _number_fault(site_name: str | None, field: str, allowed: str) -> SettingFault:
    return SettingFault(site_name, field, "The number is not allowed", f"Set {allowed}")


# Field, what is wrong, what to do.
_Found = Iterator[tuple[str, str, str]]


def _local_drive(settings: Settings) -> _Found:
    if not any(root[platform] for root in settings["roots"] for platform in PLATFORMS):
        yield "roots", "No root has a path", "Set the paths of the roots"


# What artists may set for themselves (users, tokens, keys) may be empty here.


def _gdrive(settings: Settings) -> _Found:
    yield from _needs(settings, "roots")


def _sftp(settings: Settings) -> _Found:
    yield from _needs(settings, "sftp_host")
    if not 0 <= settings["sftp_port"] <= MAX_PORT:
        yield "sftp_port", "The number is no port", "Set 1 to 65535, or 0 for 22"


def _s3(settings: Settings) -> _Found:
    yield from _needs(settings, "bucket")


def _rclone(settings: Settings) -> _Found:
    if settings["config_type"] == "config_file":
        if not settings["config_file"]["remote_name"]:
            yield "config_file.remote_name", "It is empty", "Name the remote"
    elif not settings["config_web"]["type"]:
        yield "config_web.type", "It is empty", "Set rclone's type of the storage"
    fault = find_bad_argument(settings["additional_args"])
    if fault is not None:
        yield "additional_args", fault, f"Allowed are {list_arguments()}"


def _custom(settings: Settings) -> _Found:
    yield from _needs(settings, "code")
    try:
        is_object = isinstance(json.loads(settings["settings"] or "{}"), dict)
    except ValueError:
        is_object = False
    if not is_object:
        yield "settings", "It is no JSON object", 'Write it as {"key": "value"}'


def _needs(settings: Settings, field: str) -> _Found:
    if not settings[field].strip():
        yield field, "It is empty", "Set it"


_PROVIDERS: dict[str, Callable[[Settings], _Found]] = {
    "local_drive": _local_drive,
    "gdrive": _gdrive,
    "dropbox": lambda _: iter(()),
    "sftp": _sftp,
    "s3": _s3,
    "rclone": _rclone,
    "custom": _custom,
}
