"""Where files are that nobody spoke of: the project's default sites.

Trait publishes, pushes to another project and ingests over REST make representations
without telling Site Sync. Their files are taken to be on the default active site, and
wanted on the default remote site and on those that everything reaches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .copies import synced_ids
from .files import Entries, RepresentationFile, new_entry
from .reconciliation import conclude, is_concluded
from .site import ProjectSites
from .status import SiteStatus

WAIT_SECONDS = 60.0
"""A publish has this long to say where its files are."""


def default_entries(
    files: Collection[RepresentationFile],
    rows: Mapping[str, Entries],
    sites: ProjectSites,
    now: float,
) -> dict[str, Entries]:
    """Return the entries to write, by site; nothing where somebody has spoken.

    :param rows: the representation's entries by site, in line with `files`.

    Only files that no site is said to have are spoken for, and entries of others are
    left alone. `local` as default active site says nothing: it is another machine for
    every artist.
    """
    home = sites.default_active_site
    there = set().union(*map(synced_ids, rows.values())) if rows else set()
    lost = [file for file in files if file.id not in there]
    if not lost or not sites.default_rows or not sites.is_shared(home):
        return {}
    if home in rows:
        return _claim_concluded(home, rows[home], lost, now)
    if there:
        return {}
    made = {home: {file.id: _present(file, now) for file in files}}
    for name in _targets(sites):
        if name not in rows:
            made[name] = {
                file.id: conclude(new_entry(file, SiteStatus.QUEUED, int(now)))
                for file in files
            }
    return made


def _claim_concluded(
    home: str, entries: Entries, lost: Iterable[RepresentationFile], now: float
) -> dict[str, Entries]:
    """Changed files of a row that knows the representation: what only we said."""
    claimed = {
        file.id: _present(file, now) for file in lost if is_concluded(entries[file.id])
    }
    return {home: {**entries, **claimed}} if claimed else {}


def _present(file: RepresentationFile, now: float) -> dict[str, object]:
    entry = new_entry(file, SiteStatus.SYNCED, int(now))
    return conclude({**entry, "size": file.size})


def _targets(sites: ProjectSites) -> list[str]:
    names = dict.fromkeys([sites.default_remote_site, *sites.always_accessible_on])
    group = {sites.default_active_site} | sites.aliases(sites.default_active_site)
    return [name for name in names if name not in group and sites.is_shared(name)]
