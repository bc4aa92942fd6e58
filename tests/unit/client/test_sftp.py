"""SFTP sites: who may log in where, many files at once, what is left over."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from ayon_sitesync.errors import (
    CorruptError,
    MissingSourceError,
    PathError,
    PermanentError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ayon_sitesync.providers.base import (
    POLY1305,
    FileStat,
    NewFile,
    SiteConfig,
    WholeFile,
)
from ayon_sitesync.providers.sftp import SftpProvider
from ayon_sitesync.providers.ssh import packets
from ayon_sitesync.providers.ssh.connection import Connection
from ayon_sitesync.providers.ssh.faults import map_status
from ayon_sitesync.providers.ssh.session import SftpStatusError
from ayon_sitesync.site_limits import SiteLimits
from ayon_sitesync.transfer import poly1305
from ayon_sitesync.transfer.batch import copy_batch
from ayon_sitesync.transfer.batch_job import BatchJob
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.transfer.verify import (
    CONTENT,
    STORAGE,
    Digests,
    algorithm_of,
    normalize_checksum,
)
from ayon_sitesync.work import TransferFile
from cryptography.exceptions import UnsupportedAlgorithm

from tests.support.sshd import Sshd, make_key
from tests.unit.client.disks import MACHINE_TAG, MIB, make_disk
from tests.unit.client.ssh_account import PasswordServer
from tests.unit.client.test_agent import OWN_SITE, Bench

OLD_TIME_NS = 1_600_000_000_000_000_000
DAY_SECONDS = 24 * 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture(scope="module")
def password_server() -> Iterator[PasswordServer]:
    started = PasswordServer()
    yield started
    started.close()


class Site:
    """A folder of this machine as the root `work` of an SFTP site."""

    def __init__(self, base: Path) -> None:
        self.root = base / "nas"
        self.root.mkdir()
        self.state = base / "state"
        self._made: list[SftpProvider] = []

    def open(self, settings: dict[str, Any], **changed: Any) -> SftpProvider:
        provider = SftpProvider(
            SiteConfig(
                "nas",
                {"work": str(self.root)},
                "linux",
                MACHINE_TAG,
                {**settings, **changed},
                str(self.state),
            )
        )
        self._made.append(provider)
        return provider

    def close(self) -> None:
        for provider in self._made:
            provider.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def check(provider: SftpProvider) -> None:
    provider.check_health(["work"], writable=True)


def write(provider: SftpProvider, name: str, content: bytes) -> None:
    with provider.create_part(provider.locate(f"{{root[work]}}/{name}")) as part:
        part.write(memoryview(content))
        part.publish(OLD_TIME_NS)


def is_part(path: Path) -> bool:
    return path.name.endswith(".sitesync-part")


# --- settings ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"sftp_host": ""}, "sftp_host"),
        ({"sftp_user": " "}, "sftp_user"),
        ({"sftp_port": 70000}, "sftp_port"),
        ({"sftp_key": {}}, "sftp_pass"),
        ({"sftp_key": {"linux": ["/no/such/key"]}}, "sftp_key > linux"),
        ({"sftp_host": "{NO_SUCH_VARIABLE}"}, "NO_SUCH_VARIABLE"),
    ],
)
def test_setting_that_cannot_be_used_is_named(
    site: Site, server: Sshd, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(SiteUnhealthyError, match=named):
        site.open(server.settings, **changed)


def test_first_key_of_the_platform_that_exists_is_used(
    site: Site, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYS", str(server.folder))
    keys = {"windows": ["c:/key"], "linux": ["/no/such/key", "{KEYS}/user_key"]}
    check(site.open(server.settings, sftp_key=keys))


def test_secrets_are_not_shown(site: Site, server: Sshd) -> None:
    config = SiteConfig(
        "nas", {"work": "/"}, "linux", "beef", {"sftp_pass": "top secret"}
    )
    assert "top secret" not in repr(config)
    with pytest.raises(SiteUnhealthyError) as caught:
        check(site.open(server.settings, sftp_key={}, sftp_pass="top secret"))
    assert "top secret" not in str(caught.value)


def test_d21_library_that_is_not_there_is_named_with_its_setting(
    site: Site, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(SiteUnhealthyError, match=r"paramiko.*sites > nas > provider"):
        check(site.open(server.settings))


def test_library_that_is_too_old_is_told(
    site: Site, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = SimpleNamespace(__version__="2.12.0", PKey=object())
    monkeypatch.setitem(sys.modules, "paramiko", old)
    with pytest.raises(SiteUnhealthyError, match=r"paramiko' is 2\.12\.0.*pip install"):
        check(site.open(server.settings))


# --- who logs in ---------------------------------------------------------------------


@pytest.fixture
def locked_key(server: Sshd, tmp_path: Path) -> Path:
    made = make_key(tmp_path / "locked_key", "open sesame")
    known = server.folder / "authorized_keys"
    with known.open("a") as file:
        file.write((tmp_path / "locked_key.pub").read_text())
    return made


def test_key_with_a_password_logs_in(
    site: Site, server: Sshd, locked_key: Path
) -> None:
    keys = {"linux": [str(locked_key)]}
    check(site.open(server.settings, sftp_key=keys, sftp_key_pass="open sesame"))


@pytest.mark.parametrize("password", ["", "wrong"])
def test_key_that_does_not_open_is_told(
    site: Site, server: Sshd, locked_key: Path, password: str
) -> None:
    keys = {"linux": [str(locked_key)]}
    provider = site.open(server.settings, sftp_key=keys, sftp_key_pass=password)
    with pytest.raises(SiteUnhealthyError, match="sftp_key_pass"):
        check(provider)


def test_key_that_the_server_does_not_know_is_told(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    keys = {"linux": [str(make_key(tmp_path / "other_key"))]}
    with pytest.raises(SiteUnhealthyError, match=r"does not let user .*other_key"):
        check(site.open(server.settings, sftp_key=keys))


def test_password_logs_in(site: Site, password_server: PasswordServer) -> None:
    provider = site.open(password_server.settings)
    check(provider)
    write(provider, "a.exr", b"content")
    assert (site.root / "a.exr").read_bytes() == b"content"


@pytest.mark.parametrize("password", ["wrong", "paß word {2}"])
def test_wrong_password_is_told(
    site: Site, password_server: PasswordServer, password: str
) -> None:
    provider = site.open(password_server.settings, sftp_pass=password)
    with pytest.raises(SiteUnhealthyError, match="does not let user 'artist' in"):
        check(provider)


def test_server_that_is_not_there_is_told(site: Site, server: Sshd) -> None:
    with pytest.raises(SiteUnhealthyError, match="cannot be reached"):
        check(site.open(server.settings, sftp_port=1))


# --- which server it is --------------------------------------------------------------


def test_d39_first_use_is_remembered_and_another_key_refused_later(
    site: Site, tmp_path: Path
) -> None:
    with Sshd(tmp_path / "sshd") as server:
        check(site.open(server.settings))
        known = (site.state / "known_hosts").read_text()
        assert f"[127.0.0.1]:{server.port} ssh-ed25519 " in known
        check(site.open(server.settings, sftp_accept_first_use=False))
        site.close()
        server.stop()
        server.change_host_key()
        server.start()
        with pytest.raises(SiteUnhealthyError, match="another host key than before"):
            check(site.open(server.settings))
        assert (site.state / "known_hosts").read_text() == known


def test_first_use_is_refused_where_the_settings_say_so(
    site: Site, server: Sshd
) -> None:
    provider = site.open(server.settings, sftp_accept_first_use=False)
    with pytest.raises(SiteUnhealthyError) as caught:
        check(provider)
    assert server.fingerprint in str(caught.value)
    assert not site.state.exists()


@pytest.mark.parametrize("form", ["fingerprint", "public key"])
def test_key_in_the_settings_is_accepted(site: Site, server: Sshd, form: str) -> None:
    public = Path(f"{server.host_key}.pub").read_text()
    wanted = server.fingerprint if form == "fingerprint" else public
    check(site.open(server.settings, sftp_host_key=wanted, sftp_accept_first_use=False))
    assert not site.state.exists()


def test_key_in_the_settings_alone_decides(site: Site, server: Sshd) -> None:
    check(site.open(server.settings))
    wanted = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    with pytest.raises(SiteUnhealthyError, match="sftp_host_key"):
        check(site.open(server.settings, sftp_host_key=wanted))


# --- many files ----------------------------------------------------------------------


def put(site: Site, count: int, size: int = 1000) -> list[NewFile]:
    return [
        NewFile(str(site.root / f"sq/f{n:03}.exr"), os.urandom(size), OLD_TIME_NS)
        for n in range(count)
    ]


def test_many_files_come_and_go_together(site: Site, server: Sshd) -> None:
    provider = site.open(server.settings)
    files = put(site, 128, 60_000)
    paths = [file.path for file in files]
    assert provider.stat_many(paths) == [None] * 128
    assert provider.write_many(files) == [None] * 128
    assert {path.name for path in (site.root / "sq").iterdir()} == {
        Path(path).name for path in paths
    }
    there = FileStat(60_000, OLD_TIME_NS)
    assert provider.read_many(paths) == [
        WholeFile(file.content, there) for file in files
    ]


def test_file_that_is_wrong_fails_alone(site: Site, server: Sshd) -> None:
    provider = site.open(server.settings)
    (site.root / "sq/f001.exr").mkdir(parents=True)
    (site.root / "sq/f001.exr/inside").write_bytes(b"")
    (site.root / "file").write_bytes(b"")
    files = put(site, 3)
    files.append(NewFile(str(site.root / "file/a.exr"), b"a", OLD_TIME_NS))
    first, second, third, fourth = provider.write_many(files)
    assert first is None
    assert third is None
    assert isinstance(second, TransferError)
    assert isinstance(fourth, PermanentError)
    assert not [path for path in site.root.rglob("*") if is_part(path)]

    paths = [str(site.root / name) for name in ("sq/f000.exr", "sq/none", "no/a")]
    good, missing, lost = provider.read_many(paths)
    assert isinstance(good, WholeFile)
    assert isinstance(missing, MissingSourceError)
    assert isinstance(lost, MissingSourceError)


def test_links_that_lead_out_of_the_root_are_not_followed(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    provider = site.open(server.settings)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (site.root / "link").symlink_to(outside / "secret")
    (site.root / "folder").symlink_to(outside)
    for name in ("link", "folder/secret"):
        path = provider.locate("{root[work]}/" + name)
        with pytest.raises(PathError):
            provider.open_reader(path)
        assert isinstance(provider.read_many([path])[0], PathError)
    path = provider.locate("{root[work]}/folder/new")
    with pytest.raises(PathError):
        provider.create_part(path)
    assert isinstance(
        provider.write_many([NewFile(path, b"new", OLD_TIME_NS)])[0], PathError
    )
    assert [found.name for found in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_batch_between_a_disk_and_a_server(
    site: Site, server: Sshd, tmp_path: Path, direction: str
) -> None:
    disk_root = tmp_path / "disk"
    disk, remote = make_disk(disk_root, "studio"), site.open(server.settings)
    roots = [disk_root, site.root]
    source, target = (disk, remote) if direction == "upload" else (remote, disk)
    source_root, target_root = roots if direction == "upload" else roots[::-1]
    contents = {f"sq/f{n}.exr": os.urandom(5000 + n) for n in range(20)}
    (source_root / "sq").mkdir()
    for name, content in contents.items():
        (source_root / name).write_bytes(content)
    moved = 0

    def tick(count: int) -> None:
        nonlocal moved
        moved += count

    files = [
        TransferFile(name, f"{{root[work]}}/{name}", len(content))
        for name, content in contents.items()
    ]
    files[3] = TransferFile("bad", files[3].path, 1)
    files[4] = TransferFile("none", "{root[work]}/sq/none", 5)
    files[5] = TransferFile("odd", files[5].path, files[5].size, "md5:" + "0" * 32)
    jobs = [BatchJob(file, tick) for file in files]
    outcomes = copy_batch(jobs, source, target, 1)
    assert isinstance(outcomes[3], CorruptError)
    assert isinstance(outcomes[4], MissingSourceError)
    assert isinstance(outcomes[5], CorruptError)
    right = [n for n in range(20) if n not in (3, 4, 5)]
    assert sorted(path.name for path in (target_root / "sq").iterdir()) == sorted(
        Path(files[n].path).name for n in right
    )
    for n in right:
        done = outcomes[n]
        assert isinstance(done, CopyResult)
        assert (done.proof, done.moved) == (CONTENT, True)
        name = Path(files[n].path).name
        assert (target_root / "sq" / name).read_bytes() == contents[f"sq/{name}"]
    assert moved == sum(len(contents[f"sq/f{n}.exr"]) for n in right)

    again = copy_batch(jobs, source, target, 1)
    assert [isinstance(o, CopyResult) and not o.moved for o in again] == [
        n in right for n in range(20)
    ]


# --- one file ------------------------------------------------------------------------


def copy(source: Any, target: Any, name: str, size: int) -> CopyResult:
    file = TransferFile("f1", f"{{root[work]}}/{name}", size)
    return copy_file(file, Route(source, target, lambda moved: None))


def test_servers_shell_proves_what_was_written(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    name, content = "it's {a}\n$(b).mov", os.urandom(3 * MIB + 1)
    (tmp_path / "disk" / name).write_bytes(content)
    assert copy(disk, remote, name, len(content)).proof == STORAGE
    assert (site.root / name).read_bytes() == content


def test_server_and_this_machine_sum_alike(site: Site, server: Sshd) -> None:
    provider = site.open(server.settings)
    algorithms = provider.find_digest_algorithms()
    assert POLY1305 in algorithms
    content = memoryview(os.urandom(MIB + 1))
    own = Digests(set(algorithms))
    own.update(content)
    with provider.create_part(provider.locate("{root[work]}/a.mov")) as part:
        part.write(content)
        for algorithm in algorithms:
            assert part.compute_digest(algorithm, lambda _: None) == own.get(algorithm)


def test_recorded_checksum_is_that_of_any_machine(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    """What is compared with the server's sum counts in this process only."""
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    (tmp_path / "disk/a.mov").write_bytes(os.urandom(2 * MIB))
    checksum = copy(disk, remote, "a.mov", 2 * MIB).checksum
    assert normalize_checksum(checksum) == checksum
    digests = Digests({algorithm_of(checksum), POLY1305})
    assert list(digests.list_all()) == [algorithm_of(checksum)]
    assert digests.has_same_algorithms([algorithm_of(checksum)])


@pytest.mark.parametrize("reason", ["missing", "refused"])
def test_machine_without_poly1305_takes_the_servers_next_sum(
    site: Site,
    server: Sshd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    (tmp_path / "disk/a.mov").write_bytes(os.urandom(2 * MIB))
    check(remote)

    def refuse(key: bytes) -> NoReturn:
        raise UnsupportedAlgorithm("a certified build")

    poly1305.is_usable.cache_clear()
    with monkeypatch.context() as patched:
        if reason == "missing":
            patched.setitem(sys.modules, "cryptography.exceptions", None)
        else:
            name = "cryptography.hazmat.primitives.poly1305.Poly1305"
            patched.setattr(name, refuse)
        assert copy(disk, remote, "a.mov", 2 * MIB).proof == STORAGE
        assert not poly1305.is_usable()
    poly1305.is_usable.cache_clear()


def test_link_to_elsewhere_in_the_place_of_a_file_is_replaced_not_followed(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    source, target = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    outside = tmp_path / "outside"
    outside.write_bytes(b"content")
    for name in ("alone.mov", "in_batch.mov"):
        (tmp_path / "disk" / name).write_bytes(b"content")
        (site.root / name).symlink_to(outside)
    assert copy(source, target, "alone.mov", 7).moved
    file = TransferFile("f1", "{root[work]}/in_batch.mov", 7)
    [outcome] = copy_batch([BatchJob(file, lambda moved: None)], source, target, 1)
    assert isinstance(outcome, CopyResult) and outcome.moved
    for name in ("alone.mov", "in_batch.mov"):
        assert not (site.root / name).is_symlink()
        assert (site.root / name).read_bytes() == b"content"
    assert outside.read_bytes() == b"content"


def test_shell_that_sees_another_file_is_believed(
    site: Site, server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    (tmp_path / "disk/a.mov").write_bytes(os.urandom(MIB))
    monkeypatch.setattr(
        "ayon_sitesync.providers.ssh.shell.RemoteShell.compute_digest",
        lambda self, algorithm, *_: f"{algorithm}:{'0' * 64}",
    )
    with pytest.raises(CorruptError, match="stored differently"):
        copy(disk, remote, "a.mov", MIB)
    assert list(site.root.iterdir()) == []


def test_without_a_shell_what_was_written_is_read_back(
    site: Site, tmp_path: Path
) -> None:
    with Sshd(tmp_path / "sshd", shell=False) as server:
        disk = make_disk(tmp_path / "disk", "studio")
        remote = site.open(server.settings)
        content = os.urandom(2 * MIB)
        (tmp_path / "disk/a.mov").write_bytes(content)
        assert copy(disk, remote, "a.mov", len(content)).proof == CONTENT
        assert (site.root / "a.mov").read_bytes() == content
        site.close()


def test_server_without_openssh_s_extensions_replaces_files_too(
    site: Site, password_server: PasswordServer
) -> None:
    provider = site.open(password_server.settings)
    for content in (b"older", os.urandom(MIB)):
        write(provider, "sh/a.exr", content)
        assert (site.root / "sh/a.exr").read_bytes() == content
        with provider.open_reader(provider.locate("{root[work]}/sh/a.exr")) as reader:
            assert reader.stat().size == len(content)
    files = put(site, 5)
    assert provider.write_many(files) == [None] * 5
    assert provider.write_many(files) == [None] * 5


def test_large_file_goes_both_ways(site: Site, server: Sshd, tmp_path: Path) -> None:
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    content = os.urandom(40 * MIB + 12345)
    (site.root / "a.mov").write_bytes(content)
    assert copy(remote, disk, "a.mov", len(content)).moved
    assert (tmp_path / "disk/a.mov").read_bytes() == content
    (site.root / "a.mov").unlink()
    assert copy(disk, remote, "a.mov", len(content)).moved
    assert (site.root / "a.mov").read_bytes() == content


# --- left-over parts -----------------------------------------------------------------


def test_parts_of_dead_writers_are_removed_by_their_age(
    site: Site, server: Sshd
) -> None:
    folder = site.root / "sh"
    folder.mkdir()
    now = time.time()
    ages = {
        f".a.exr.{MACHINE_TAG}0001.sitesync-part": DAY_SECONDS / 12,
        f".b.exr.{MACHINE_TAG}0002.sitesync-part": 60,
        ".c.exr.cafe0003.sitesync-part": DAY_SECONDS / 12,
        ".d.exr.cafe0004.sitesync-part": 2 * DAY_SECONDS,
        "e.sitesync-part": 2 * DAY_SECONDS,
        ".f.sitesync-part": 2 * DAY_SECONDS,
    }
    for name, age in ages.items():
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (now - age, now - age))
    spared = folder / f".g.exr.{MACHINE_TAG}0005.sitesync-part"
    spared.write_bytes(b"half")
    os.utime(spared, (0, 0))
    provider = site.open(server.settings)
    provider.spare_parts([str(spared)])
    write(provider, "sh/new.exr", b"new")
    kept = [*list(ages)[1:3], "e.sitesync-part", ".f.sitesync-part", spared.name]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*kept, "new.exr"])


# --- refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "is_source", "expected"),
    [
        (packets.NO_SUCH_FILE, "No such file", True, MissingSourceError),
        (packets.NO_SUCH_FILE, "No such file", False, RetryableError),
        (packets.PERMISSION_DENIED, "Permission denied", False, PermanentError),
        (packets.FAILURE, "Failure", False, RetryableError),
        (packets.FAILURE, "write: No space left on device", False, SiteUnhealthyError),
        (packets.NO_SPACE, "", False, SiteUnhealthyError),
        (packets.FAILURE, "Disk quota exceeded", False, SiteUnhealthyError),
        (packets.QUOTA_EXCEEDED, "", False, SiteUnhealthyError),
    ],
)
def test_refusals_of_servers_have_their_class(
    code: int, text: str, is_source: bool, expected: type[TransferError]
) -> None:
    error = SftpStatusError(code, text)
    found = map_status(error, path="/a", site_name="nas", is_source=is_source)
    assert type(found) is expected


def test_server_that_refuses_writes_is_told(
    site: Site, server: Sshd, tmp_path: Path
) -> None:
    with Sshd(tmp_path / "sshd", sftp_arguments="-R") as read_only:
        provider = site.open(read_only.settings)
        with pytest.raises(PermanentError, match="access is denied"):
            write(provider, "a.exr", b"content")
        (refused,) = provider.write_many(
            [NewFile(str(site.root / "a.exr"), b"content", OLD_TIME_NS)]
        )
        assert isinstance(refused, PermanentError)
        site.close()


# --- free space -----------------------------------------------------------------------


def test_server_tells_its_free_space(site: Site, server: Sshd) -> None:
    free = site.open(server.settings).find_free_bytes(["unknown", "work"])
    assert free is not None
    there = os.statvfs(site.root)
    # Others write to the same disk meanwhile.
    assert abs(free - there.f_bavail * there.f_frsize) < 1_000_000_000


def test_server_without_the_extension_tells_none(
    site: Site, password_server: PasswordServer
) -> None:
    assert site.open(password_server.settings).find_free_bytes(["work"]) is None


def test_floor_of_free_space_is_kept(site: Site, server: Sshd, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "studio")
    bench.sites.replace(OWN_SITE, site.open(server.settings))
    key = bench.server.queue(bench.publish("a.exr"))
    bench.sites.limits[OWN_SITE] = SiteLimits(least_free_bytes=10**18)
    assert "free some space" in bench.run_once().unfinished
    assert bench.server.rows[key].attempts == {}
    assert list(site.root.iterdir()) == []
    del bench.sites.limits[OWN_SITE]
    assert bench.run_once().unfinished == ""
    assert (site.root / "a.exr").read_bytes() == b"frame"


def test_d39_many_files_share_a_connection(
    site: Site, server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connection] = []
    connect = Connection.__init__

    def note(connection: Connection, options: Any) -> None:
        made.append(connection)
        connect(connection, options)

    monkeypatch.setattr(Connection, "__init__", note)
    disk, remote = make_disk(tmp_path / "disk", "studio"), site.open(server.settings)
    remote.close()
    for number in range(20):
        (tmp_path / f"disk/{number}.exr").write_bytes(os.urandom(1000))
        assert copy(disk, remote, f"{number}.exr", 1000).moved
    # One for what is asked about files, and one for the file that is open.
    assert len(made) <= 2
    assert len(list(site.root.iterdir())) == 20
