"""On which sites a new publish is, and to which it has to go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .sites import STUDIO_SITE
from .statuses import SiteSyncStatus


def compute_publish_sites(
    settings: Mapping[str, Any], active_site: str, remote_site: str
) -> list[dict[str, Any]]:
    """`[{"name", "status"}]` for a representation that was just published.

    It is on the active site and wanted on the remote and the always accessible ones.
    Names of one store go together: what is present under one is present under all.
    """
    if not settings.get("enabled"):
        return [{"name": STUDIO_SITE, "status": SiteSyncStatus.OK}]
    statuses = {active_site: SiteSyncStatus.OK}
    statuses.setdefault(remote_site, SiteSyncStatus.QUEUED)
    config = settings.get("config") or {}
    for name in config.get("always_accessible_on") or []:
        if name.strip():
            statuses.setdefault(name.strip(), SiteSyncStatus.QUEUED)
    for group in _group_aliases(settings.get("sites") or []):
        known = [statuses[name] for name in group if name in statuses]
        if not known:
            continue
        status = (
            SiteSyncStatus.OK if SiteSyncStatus.OK in known else SiteSyncStatus.QUEUED
        )
        statuses.update(dict.fromkeys(sorted(group), status))
    return [{"name": name, "status": status} for name, status in statuses.items()]


def _group_aliases(sites: Iterable[Mapping[str, Any]]) -> list[set[str]]:
    """Names that mean the same store, whichever of them says so."""
    groups: list[set[str]] = []
    for site in sites:
        linked = {str(site["name"]), *map(str, site.get("alternative_sites") or [])}
        if len(linked) == 1:
            continue
        touching = [group for group in groups if group & linked]
        groups = [group for group in groups if not group & linked]
        groups.append(linked.union(*touching))
    return groups
