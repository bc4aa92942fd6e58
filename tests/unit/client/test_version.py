"""The version is read from package.py, and the package imports nothing it need not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ayon_sitesync
import pytest
from ayon_sitesync.version import read_version


def test_version_is_that_of_package_py(tmp_path: Path) -> None:
    package = tmp_path / "package.py"
    package.write_text('name = "sitesync"\nversion = "9.8.7"\nraise SystemExit\n')
    assert read_version(package) == "9.8.7"
    root = Path(__file__).parents[3]
    assert ayon_sitesync.__version__ == read_version(root / "package.py")


def test_package_without_a_version_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "package.py"
    package.write_text('name = "sitesync"\n')
    with pytest.raises(ValueError, match="assigns no string to 'version'"):
        read_version(package)


def test_names_of_the_package() -> None:
    assert {"SiteSyncAddon", "SYNC_ADDON_DIR"} <= set(dir(ayon_sitesync))
    assert Path(ayon_sitesync.SYNC_ADDON_DIR).name == "ayon_sitesync"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ayon_sitesync.nothing


CHECK_IMPORTS = """
import sys, importlib, pkgutil
import ayon_api, requests
before = set(sys.modules)
import ayon_sitesync
inside_ayon = {"ayon_core", "ayon_applications", "pyblish"}
for found in pkgutil.walk_packages(ayon_sitesync.__path__, "ayon_sitesync."):
    if found.name == "ayon_sitesync.__main__":
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in inside_ayon:
            raise
new = {name.partition(".")[0] for name in set(sys.modules) - before}
builtin = set(getattr(sys, "stdlib_module_names", ())) or {
    name for name in new
    if "site-packages" not in str(getattr(sys.modules[name], "__file__", ""))
}
print(sorted(new - builtin - inside_ayon - {"ayon_sitesync"}))
"""


def test_importing_needs_the_standard_library_ayon_api_and_requests_only() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", CHECK_IMPORTS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    # xxhash is used where it is installed; without it blake2b serves.
    assert answer.stdout.strip() in ("[]", "['xxhash']")
