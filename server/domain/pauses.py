"""What is paused: everything, projects, sites, or a site within a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ANY = ""
"""Stands for every project, or every site, in a scope."""


@dataclass(frozen=True)
class Pauses:
    """The scopes that are paused, as (project, site)."""

    scopes: frozenset[tuple[str, str]] = frozenset()

    def cover(self, project_name: str, site_names: Iterable[str]) -> bool:
        """Tell whether nothing may move in a project from or to one of the sites."""
        return any(
            (project, site) in self.scopes
            for project in (ANY, project_name)
            for site in (ANY, *site_names)
        )
