"""Paths that lead out of a site's root, on every kind of storage: nothing outside is
read, written or deleted, by any method of a provider.

`docs/security.md` says which symbolic links are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from ayon_sitesync.errors import PathError, TransferError
from ayon_sitesync.paths import resolve_path
from ayon_sitesync.providers.adapter import AdaptedProvider
from ayon_sitesync.providers.base import (
    BatchProvider,
    FileStat,
    FolderProvider,
    NewFile,
    Provider,
    SiteConfig,
)
from ayon_sitesync.providers.registry import make_provider

from tests.contract.provider_suite import OLD_TIME_NS, read_all, write_all
from tests.support.rclone_servers import serve_s3
from tests.support.remote_storage import EXECUTABLE, make_s3_settings
from tests.support.sample_provider import FolderProvider as SampleProvider
from tests.support.sshd import Sshd

SECRET = b"nobody may read this"
WORK = "{root[work]}/"

REFUSED = (
    "../outside/secret.txt",
    "a/../../outside/secret.txt",
    "a/./../../outside/secret.txt",
    "a//..//../outside/secret.txt",
    "..",
    "a/..",
    "..\\outside\\secret.txt",
    "a\\..\\..\\outside\\secret.txt",
    "a/..\\../outside/secret.txt",
    "a/..\\..\\outside/secret.txt",
    "secret\x00.txt",
    "a\x00/../../outside/secret.txt",
    ".frame.exr.beef1234.sitesync-part",
)
"""Names that no storage may take: some are only a backslash from the root's parent."""

BARE = (
    "/etc/passwd",
    "etc/passwd",
    "../secret.txt",
    "C:\\Windows\\win.ini",
    "C:evil.txt",
    "\\\\server\\share\\x",
    "//server/share/x",
    "file:///etc/passwd",
    "{root[work]}",
    "{root[work]}..",
    "{root[work]}/",
    "{root[nowhere]}/a",
    "{root[../outside]}/a",
    "{root[work]}\n/a",
    "{root[work]}{root[work]}/a",
    "",
)
"""No rootless paths, or of a root that the site does not have."""

PLAIN = (
    "．．/outside/secret.txt",
    "‥/outside/secret.txt",
    "..／outside／secret.txt",
    "．．／outside／secret.txt",
    "‛．．/outside/secret.txt",
    "%2e%2e/outside/secret.txt",
    "..%2foutside%2fsecret.txt",
    "..;/outside/secret.txt",
    "... /outside/secret.txt",
    ".../outside/secret.txt",
    ". ./outside/secret.txt",
    "/outside/secret.txt",
    "//outside/secret.txt",
    "~/secret.txt",
    "$HOME/secret.txt",
    "CON",
    "nul.txt",
    "trailing. /dots../x.",
    "x" * 250,
    "a'; touch ../outside/new; '.exr",
    "`touch outside`/$(touch outside).exr",
    "-rf",
    "new\nline/tab\t.exr",
    "\u202egnp.exr",
)
"""Odd, and all below the root: names are data. Storage may refuse them."""

LINKS = (
    "folder-link/secret.txt",
    "folder-link/deeper/secret.txt",
    "folder-link/new.txt",
    "up/outside/secret.txt",
    "file-link",
    "dangling-link",
    "chain/secret.txt",
    "real/inner-link/secret.txt",
)
"""Below the root by name, and outside by a symbolic link."""


class Studio:
    """A folder with a site's root, a second root of it, and what is not to be touched.

    `site` is itself a link: where a root leads is the administrator's business.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "storage" / "site"
        self.other_root = base / "tier"
        self.outside = base / "storage" / "outside"
        for folder in (self.root / "real", self.other_root, self.outside / "deeper"):
            folder.mkdir(parents=True)
        (self.root / "kept.txt").write_bytes(b"kept")
        (self.other_root / "old.txt").write_bytes(b"old")
        for folder in (self.outside, self.outside / "deeper", self.root.parent):
            (folder / "secret.txt").write_bytes(SECRET)
        (self.outside / "empty").mkdir()
        self.link = base / "mounted"
        self.link.symlink_to(self.root)

    def add_links(self) -> None:
        links = {
            "folder-link": "../outside",
            "up": "..",
            "file-link": "../outside/secret.txt",
            "dangling-link": "../outside/new.txt",
            "chain": "folder-link",
            "real/inner-link": str(self.outside),
            "tier-link": str(self.other_root),
            "own-link": "real",
        }
        for name, target in links.items():
            (self.root / name).symlink_to(target)

    def look_outside(self) -> dict[str, bytes | None]:
        """Everything that is not below the site's roots."""
        return {
            path.relative_to(self.base).as_posix(): path.read_bytes()
            if path.is_file()
            else None
            for path in self.base.rglob("*")
            if not path.is_relative_to(self.root)
            and not path.is_relative_to(self.other_root)
        }


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


Make = Callable[[Studio], Provider]


def make_disk(studio: Studio) -> Provider:
    roots = {"work": str(studio.link), "tier": str(studio.other_root)}
    return make_provider("local_drive", SiteConfig("nas", roots, "linux", "beef"))


def make_sftp(studio: Studio, sshd: Sshd) -> Provider:
    roots = {"work": str(studio.link), "tier": str(studio.other_root)}
    config = SiteConfig("nas", roots, "linux", "beef", sshd.settings, str(sshd.folder))
    return make_provider("sftp", config)


def make_remote(studio: Studio, kind: str, **options: str) -> Provider:
    settings = {
        "config_type": "config_web",
        "config_web": {
            "type": kind,
            "config_params": [
                {"key": key, "value": value} for key, value in options.items()
            ],
        },
        "rclone_executable_path": EXECUTABLE,
    }
    roots = {"work": str(studio.link)}
    config = SiteConfig("cloud", roots, "linux", "beef", settings=settings)
    return make_provider("rclone", config)


def make_remote_sftp(studio: Studio, sshd: Sshd) -> Provider:
    login = {
        "host": "127.0.0.1",
        "port": str(sshd.port),
        "user": sshd.user,
        "key_file": str(sshd.user_key),
    }
    return make_remote(studio, "sftp", **login)


def make_custom(studio: Studio) -> Provider:
    roots = {"work": "/" + studio.root.name}
    settings = {"folder": str(studio.root.parent)}
    config = SiteConfig("own", roots, "linux", "beef", settings)
    return AdaptedProvider(SampleProvider, config)


KINDS = ("disk", "sftp", "rclone local", "rclone sftp", "s3", "custom")
CHECKED = ("disk", "sftp", "rclone local")
"""Whose links are looked at. Behind rclone a server's are the server's, and a studio's
own provider follows what it likes: `docs/security.md`."""


@pytest.fixture(params=KINDS)
def provider(
    request: pytest.FixtureRequest, studio: Studio, sshd: Sshd
) -> Iterator[Provider]:
    kind = request.param
    if kind == "s3":
        # The site is the folder `site` of the bucket `storage`.
        server = serve_s3(studio.base, is_watched=False)
        server.start()
        settings = make_s3_settings(server, bucket="storage")
        config = SiteConfig("s3", {"work": "site"}, "linux", "beef", settings=settings)
        yield make_provider("s3", config)
        server.stop()
        return
    makers: dict[str, Make] = {
        "disk": make_disk,
        "sftp": lambda made: make_sftp(made, sshd),
        "rclone local": lambda made: make_remote(made, "local"),
        "rclone sftp": lambda made: make_remote_sftp(made, sshd),
        "custom": make_custom,
    }
    yield makers[kind](studio)


def do_everything(provider: Provider, path: str) -> Iterator[Any]:
    """What each method tells of a path, in which it may refuse it."""
    batches = cast(BatchProvider, provider) if provider.capabilities.batches else None

    def read() -> bytes:
        with provider.open_reader(path) as reader:
            return read_all(reader)

    def write() -> None:
        with provider.create_part(path) as part:
            write_all(part, b"written")
            part.publish(OLD_TIME_NS)

    def prune() -> None:
        if provider.capabilities.has_folders:
            cast(FolderProvider, provider).prune_folders([path])

    steps: list[Callable[[], Any]] = [lambda: provider.stat(path), read, write]
    if batches is not None:
        steps += [
            lambda: batches.stat_many([path]),
            lambda: batches.read_many([path]),
            lambda: batches.write_many([NewFile(path, b"written", OLD_TIME_NS)]),
        ]
    steps += [lambda: provider.delete(path), prune]
    for step in steps:
        try:
            yield step()
        except TransferError as error:
            yield error


@pytest.mark.parametrize("platform", ["linux", "windows", "darwin"])
def test_paths_that_leave_their_root_name_no_file(platform: str) -> None:
    roots = {"work": "C:\\site" if platform == "windows" else "/mnt/site"}
    for path in (*(WORK + name for name in REFUSED), *BARE):
        with pytest.raises(PathError) as refused:
            resolve_path(path, roots, platform)
        assert len(str(refused.value)) > 20, path


@pytest.mark.parametrize(
    "name",
    [
        "C:\\x",
        "a:stream",
        "con",
        "COM1.exr",
        "lpt9 .txt",
        "nul",
        "a/aux.mov",
        "conin$",
        "end.",
        "end ",
        "a./b",
        'q"uote',
        "pipe|",
        "star*",
        "\\\\?\\C:\\x",
        "bell\x07",
    ],
)
def test_names_that_mean_something_else_on_windows_are_refused_there(
    name: str,
) -> None:
    with pytest.raises(PathError, match="Windows"):
        resolve_path(WORK + name, {"work": "P:\\"}, "windows")


def test_every_storage_refuses_what_leaves_its_root(provider: Provider) -> None:
    for path in (*(WORK + name for name in REFUSED), *BARE):
        with pytest.raises(PathError):
            provider.locate(path)


def test_odd_names_stay_below_the_root(studio: Studio, provider: Provider) -> None:
    before = studio.look_outside()
    for name in PLAIN:
        for told in do_everything(provider, provider.locate(WORK + name)):
            assert SECRET not in str(told).encode(), name
        assert studio.look_outside() == before, name


@pytest.mark.parametrize("provider", CHECKED, indirect=True)
def test_links_that_lead_out_of_the_root_are_not_followed(
    studio: Studio, provider: Provider
) -> None:
    studio.add_links()
    before = studio.look_outside()
    for name in LINKS:
        try:
            told = list(do_everything(provider, provider.locate(WORK + name)))
        except PathError as refused:
            told = [refused]
        assert not [each for each in told if SECRET in str(each).encode()], name
        assert studio.look_outside() == before, name


@pytest.mark.parametrize("provider", CHECKED, indirect=True)
def test_nothing_is_told_of_what_is_behind_such_links(
    studio: Studio, provider: Provider
) -> None:
    """Not even a size: a scan that knows it would take the file for a copy."""
    studio.add_links()
    batches = cast(BatchProvider, provider)
    for name in LINKS:
        told: list[Any] = []
        with suppress(TransferError):
            path = provider.locate(WORK + name)
            told += batches.stat_many([path])
            told.append(provider.stat(path))
        assert not [each for each in told if isinstance(each, FileStat)], name


@pytest.mark.parametrize("provider", ["disk", "sftp"], indirect=True)
def test_links_within_the_root_are_seen(studio: Studio, provider: Provider) -> None:
    studio.add_links()
    (studio.root / "real" / "there.txt").write_bytes(b"there")
    (studio.root / "alias.txt").symlink_to("real/there.txt")
    for name in ("own-link/there.txt", "alias.txt"):
        found = provider.stat(provider.locate(WORK + name))
        assert found is not None and found.size == len(b"there"), name


def test_links_between_roots_of_a_disk_are_followed(studio: Studio) -> None:
    """A storage tier: its folder is a root of its own in the anatomy."""
    studio.add_links()
    provider = make_disk(studio)
    for name in ("tier-link/new.txt", "own-link/new.txt"):
        path = provider.locate(WORK + name)
        with provider.create_part(path) as part:
            write_all(part, b"written")
            part.publish(OLD_TIME_NS)
        with provider.open_reader(path) as reader:
            assert read_all(reader) == b"written"
        provider.delete(path)
        assert provider.stat(path) is None
    assert [path.name for path in studio.other_root.iterdir()] == ["old.txt"]
