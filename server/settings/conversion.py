"""Settings that earlier versions stored, in the keys of this one.

What 1.1 to 1.3 stored is taken as it is. 1.0 named the providers' settings otherwise,
and had one root for each of an artist's two sites. Nothing raises for what is stored:
AYON would take that for no settings at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OLD_PROVIDERS = {
    "local_model": "local_drive",
    "gdrive_model": "gdrive",
    "dropbox_model": "dropbox",
    "sftp_model": "sftp",
}
_PLATFORMS = ("linux", "windows", "darwin")
_GROUPS = ("config", "local_setting")


def convert_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored overrides with today's keys; what is new enough stays as it is."""
    converted = {
        key: value
        for key, value in overrides.items()
        # AYON cannot read them otherwise, nor its editor a site that is none.
        if key not in _GROUPS or isinstance(value, Mapping)
    }
    own = dict(converted.get("local_setting") or {})
    roots = own.get("local_roots") or converted.pop("local_roots", None)
    roots = roots or _old_local_roots(own)
    if roots:
        own["local_roots"] = roots
    if own:
        converted["local_setting"] = own
    sites = converted.get("sites")
    if isinstance(sites, Mapping):
        # By name, as in the addon's predecessor.
        sites = [
            {"name": name, **site}
            for name, site in sites.items()
            if isinstance(site, Mapping)
        ]
    if isinstance(sites, list):
        converted["sites"] = [
            _convert_site(site) for site in sites if isinstance(site, Mapping)
        ]
    return converted


def _old_local_roots(own: Mapping[str, Any]) -> list[dict[str, str]]:
    for side in ("active", "remote"):
        path = own.get(f"{side}_site_root")
        if path and own.get(f"{side}_site") == "local":
            return [{"name": "work", "path": str(path)}]
    return []


def _convert_site(site: Mapping[str, Any]) -> dict[str, Any]:
    converted = {_OLD_PROVIDERS.get(key, key): value for key, value in site.items()}
    for provider in ("gdrive", "dropbox", "sftp"):
        settings = converted.get(provider)
        if isinstance(settings, Mapping):
            converted[provider] = _convert_roots(settings)
    return converted


def _convert_roots(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a remote's settings with its root folder as one text in `roots`."""
    converted = dict(settings)
    if "root" in converted:
        converted.setdefault("roots", converted.pop("root"))
    roots = converted.get("roots")
    if isinstance(roots, list):
        paths = [
            root.get(platform)
            for root in roots
            if isinstance(root, Mapping)
            for platform in _PLATFORMS
        ]
        converted["roots"] = next(filter(None, paths), "")
    return converted
