"""Sites: names, kinds, and which of them are the same physical store."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STUDIO_SITE = "studio"
LOCAL_SITE = "local"
MAX_SITE_NAME_LENGTH = 255


class SiteKind(enum.StrEnum):
    STUDIO = "studio"
    CONFIGURED = "configured"
    MACHINE = "machine"


@dataclass(frozen=True)
class ConfiguredSite:
    """A site of the settings: its provider's code and its aliases."""

    name: str
    provider: str
    alternative_sites: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ProjectSites:
    """Sites and rules of one project, as one caller on one machine sees them.

    `active_site` and `remote_site` are resolved: the caller's own choice, else the
    project's, with `local` replaced by the machine's site id.
    """

    enabled: bool
    active_site: str
    remote_site: str
    default_active_site: str
    retry_count: int
    accept_unleased_results: bool
    default_remote_site: str = STUDIO_SITE
    default_rows: bool = True
    history_days: int = 30
    tombstone_days: int = 90
    always_accessible_on: tuple[str, ...] = ()
    configured: Mapping[str, ConfiguredSite] = field(default_factory=dict)

    def kind(self, name: str) -> SiteKind:
        if name == STUDIO_SITE:
            return SiteKind.STUDIO
        return SiteKind.CONFIGURED if name in self.configured else SiteKind.MACHINE

    def is_shared(self, name: str) -> bool:
        """`studio` and configured names are never anybody's machine."""
        return self.kind(name) != SiteKind.MACHINE

    def provider(self, name: str) -> str:
        """Return the provider's code; `studio` and machines are disks."""
        configured = self.configured.get(name)
        return configured.provider if configured else "local_drive"

    def aliases(self, name: str) -> frozenset[str]:
        """Return the other names of the same physical store.

        `alternative_sites` holds both ways and through any number of steps.
        """
        neighbours: dict[str, set[str]] = {}
        for site in self.configured.values():
            for other in site.alternative_sites:
                neighbours.setdefault(site.name, set()).add(other)
                neighbours.setdefault(other, set()).add(site.name)
        found, open_names = {name}, [name]
        while open_names:
            for other in neighbours.get(open_names.pop(), ()):
                if other not in found:
                    found.add(other)
                    open_names.append(other)
        return frozenset(found - {name, LOCAL_SITE})

    def reachable(self, own_site: str, serve: Iterable[str]) -> list[str]:
        """Return the sites an agent moves files from and to, in order of preference.

        Its own site is not among them. A pair of equal active and remote site
        means that nothing of it is moved. `always_accessible_on` is fed by the
        service of the default active site. Only sites of the settings count.
        """
        names: list[str] = []
        if self.active_site != self.remote_site:
            names += [self.active_site, self.remote_site]
        names += serve
        if own_site == self.default_active_site:
            names += self.always_accessible_on
        return [
            name
            for name in dict.fromkeys(names)
            if name != own_site and self.is_shared(name)
        ]
