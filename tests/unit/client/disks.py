"""Two sites on this machine's disk, and files on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ayon_sitesync.paths import PART_SUFFIX, current_platform
from ayon_sitesync.providers.base import Provider, SiteConfig
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.work import Transfer, TransferFile, TransferKey

MIB = 1024 * 1024
MACHINE_TAG = "beef"


def make_disk(root: Path, site_name: str, machine_tag: str = MACHINE_TAG) -> Provider:
    """A site whose root `work` is the folder `root`, made when it is not there."""
    root.mkdir(parents=True, exist_ok=True)
    config = SiteConfig(site_name, {"work": str(root)}, current_platform(), machine_tag)
    return make_provider("local_drive", config)


class Disks:
    """A source and a target site below one folder."""

    def __init__(self, base: Path) -> None:
        self.source_root = base / "studio"
        self.target_root = base / "local"
        self.source = make_disk(self.source_root, "studio")
        self.target = make_disk(self.target_root, "brisk-amber-fox")
        self.tick: Callable[[int], None] = lambda moved: None

    def write(self, name: str, content: bytes) -> Path:
        """A file on the source site."""
        path = self.source_root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def copy(
        self,
        name: str,
        size: int | None = None,
        checksum: str | None = None,
        published_hash: str | None = None,
    ) -> CopyResult:
        file = TransferFile(
            "f1", f"{{root[work]}}/{name}", size, checksum, published_hash
        )
        return copy_file(file, Route(self.source, self.target, self.tick))

    def list_parts(self) -> list[Path]:
        """Temporary files on the target site."""
        return sorted(self.target_root.rglob(f".*{PART_SUFFIX}"))

    def list_files(self) -> list[str]:
        """Everything on the target site, folders left out."""
        return sorted(
            path.relative_to(self.target_root).as_posix()
            for path in self.target_root.rglob("*")
            if path.is_file()
        )


class DiskSites:
    """Both disks as the sites of an agent: `studio`, and any other name."""

    def __init__(self, disks: Disks) -> None:
        self._disks = disks

    def open_site(self, project_name: str, site_name: str) -> Provider:
        return self._disks.source if site_name == "studio" else self._disks.target

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        return NO_LIMITS

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        return {}

    def find_idle_seconds(self) -> float:
        return 60.0

    def note_projects(self, names: set[str]) -> None:
        assert names == {"demo"}


def make_transfer(*names: str, number: int = 0) -> Transfer:
    """A download of five bytes for each name."""
    return Transfer(
        TransferKey("demo", f"{number:032x}", "brisk-amber-fox"),
        "studio",
        "download",
        "1" * 32,
        tuple(TransferFile(name, f"{{root[work]}}/{name}", 5) for name in names),
    )
