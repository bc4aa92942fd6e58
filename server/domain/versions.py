"""Order of semantic versions, and which installed version does common work."""

from __future__ import annotations

from collections.abc import Collection

VersionOrder = tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...], str]


def version_order(version: str) -> VersionOrder:
    """Return a key that sorts versions; a pre-release comes before its release.

    Total for any text: what is no number counts as 0.
    """
    core, _, _build = version.partition("+")
    numbers, _, pre = core.partition("-")
    parts = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in pre.split(".")
        if part
    )
    plain = tuple(
        int(part) if part.isdecimal() else 0 for part in numbers.split(".")[:3]
    )
    return plain, not pre, parts, version


def choose_acting(installed: Collection[str], production: str | None) -> str | None:
    """Return the version that does what is done once for all, None if there is none.

    AYON loads all installed versions side by side: the production bundle's acts, else
    the highest.
    """
    if production in installed:
        return production
    return max(installed, key=version_order, default=None)
