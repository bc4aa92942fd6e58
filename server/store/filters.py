"""What a list of representations is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..domain.status import SiteStatus
from .access import Paths, escape_like


@dataclass(frozen=True)
class Filters:
    """Conditions, ANDed; None = not narrowed. `paths` are those the caller may read.

    :param search: words, each somewhere in path, product or representation.
    :param folder_ids: folders with all that is below them.
    :param statuses: wanted statuses by site; -1 also means that there is no row.
    :param has_error: a failed file, or none, on any site.
    :param changed_since: epoch seconds, on any site.
    :param min_size: bytes of all files, as `max_size`.
    """

    paths: Paths
    search: str | None = None
    folder_ids: list[str] | None = None
    representation_ids: list[str] | None = None
    product_ids: list[str] | None = None
    version_ids: list[str] | None = None
    product_types: list[str] | None = None
    representation_names: list[str] | None = None
    versions: list[int] | None = None
    statuses: dict[str, list[int]] | None = None
    has_error: bool | None = None
    error_text: str | None = None
    changed_since: float | None = None
    min_size: int | None = None
    max_size: int | None = None
    include_inactive: bool = False

    @property
    def driving_status(self) -> tuple[str | None, list[int] | None]:
        """The site and statuses that a query may start from: a row must be there."""
        for site_name, statuses in (self.statuses or {}).items():
            if SiteStatus.NOT_AVAILABLE not in statuses:
                return site_name, statuses
        return None, None

    def values(
        self, folder_ids: list[str] | None, sort_site: str | None = None
    ) -> list[Any]:
        """Return the values $1 to $18 of the lists' queries.

        :param folder_ids: the folders of `folder_ids` and all below them.
        """
        words = (self.search or "").split()
        driving_site, driving_statuses = self.driving_status
        others = {
            site_name: statuses
            for site_name, statuses in (self.statuses or {}).items()
            if site_name != driving_site
        }
        return [
            self.paths,
            [contains(word) for word in words] or None,
            folder_ids,
            self.representation_ids,
            self.product_ids,
            self.version_ids,
            self.product_types,
            self.representation_names,
            self.versions,
            others or None,
            self.include_inactive,
            driving_site,
            driving_statuses,
            contains(self.error_text) if self.error_text else None,
            self.changed_since,
            self.min_size,
            self.max_size,
            sort_site,
        ]

    def fragments(self) -> list[str]:
        """Return the names of the conditions that look at rows of sites."""
        has_size = self.min_size is not None or self.max_size is not None
        chosen = {
            "with_status": self.driving_status[0] is not None,
            "with_errors": self.has_error is True,
            "without_errors": self.has_error is False,
            "with_error_text": bool(self.error_text),
            "with_changes": self.changed_since is not None,
            "with_size": has_size,
        }
        return [name for name, is_used in chosen.items() if is_used]

    @property
    def is_everything(self) -> bool:
        """Tell whether every active representation of a project is left."""
        everything = Filters(paths=None)
        return (
            self.folder_ids is None
            and not self.fragments()
            and self.values(None) == everything.values(None)
        )

    @property
    def parents(self) -> str:
        return "parents_with_inactive" if self.include_inactive else "parents"


def contains(text: str) -> str:
    """Return the LIKE pattern for `text` anywhere."""
    return f"%{escape_like(text)}%"
