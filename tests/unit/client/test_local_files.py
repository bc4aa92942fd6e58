"""Files of this machine that are removed, and the folders that they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ayon_sitesync.local_files import LocalFiles
from ayon_sitesync.paths import current_platform


def test_d29_empty_folders_go_and_a_root_keeps_its_own(tmp_path: Path) -> None:
    """An empty root would look like storage that is not mounted."""
    root = tmp_path / "root"
    names = ["demo/sh010/v001/a.exr", "demo/sh020/b.exr"]
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"frame")
    no_server = cast(Any, None)
    files = LocalFiles(
        no_server, "demo", "laptop", {"work": str(root)}, current_platform()
    )
    assert files.delete([f"{{root[work]}}/{names[0]}"]) == 1
    assert not (root / "demo/sh010").exists()
    assert files.delete([f"{{root[work]}}/{name}" for name in names]) == 1
    assert list(root.rglob("*")) == [root / "demo"]
