"""Many small files in one call to rclone: each has its own, exact outcome."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from ayon_sitesync.errors import (
    CorruptError,
    MissingSourceError,
    PermanentError,
    RetryableError,
    TransferCancelledError,
    TransferError,
)
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import (
    FileStat,
    ManyTaker,
    Provider,
    SiteConfig,
    Upload,
)
from ayon_sitesync.providers.rclone.daemon import Daemon, Session
from ayon_sitesync.providers.rclone.provider import RcloneProvider
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.site_limits import NO_LIMITS, SiteLimits
from ayon_sitesync.transfer.batch import copy_batch, is_batched
from ayon_sitesync.transfer.batch_job import BatchJob
from ayon_sitesync.transfer.copy_result import CopyResult
from ayon_sitesync.transfer.ends import Surroundings
from ayon_sitesync.transfer.lease import Lease
from ayon_sitesync.transfer.ports import MonotonicClock
from ayon_sitesync.transfer.progress import Progress
from ayon_sitesync.transfer.runner import TransferRun
from ayon_sitesync.transfer.traffic import Traffic
from ayon_sitesync.work import SYNCED, Transfer, TransferFile, TransferKey

from tests.support.rclone_servers import RcloneServer
from tests.support.remote_storage import (
    FolderStorage,
    make_s3_storage,
    make_webdav_storage,
)

FOLDER = "sq/sh010"
PARALLEL = 4
WAIT_SECONDS = 50
ODD_NAMES = ("{a,b}.exr", "it's [1].exr", "Übung 日本.exr", "a%20b#c.exr")


class Disk:
    """The machine's own folder."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.folder.mkdir(parents=True)
        config = SiteConfig("disk", {"work": str(root)}, current_platform(), "beef")
        self.provider = make_provider("local_drive", config)

    def write(self, name: str, size: int = 1000) -> bytes:
        content = os.urandom(size)
        (self.folder / name).write_bytes(content)
        return content

    def make_job(
        self,
        name: str,
        *,
        size: int = 1000,
        checksum: str | None = None,
        tick: Callable[[int], None] = lambda moved: None,
    ) -> BatchJob:
        path = f"{{root[work]}}/{FOLDER}/{name}"
        return BatchJob(TransferFile(name, path, size, checksum=checksum), tick)


Site = tuple[FolderStorage, RcloneServer, str]


@pytest.fixture(params=["s3", "webdav"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """The storage, its server, and the proof that it gives."""
    make = make_s3_storage if request.param == "s3" else make_webdav_storage
    storage, server = make(tmp_path / "server", is_watched=False)
    yield storage, server, "storage" if request.param == "s3" else "size"
    provider = storage.make_provider()
    assert isinstance(provider, RcloneProvider)
    provider.find_daemon().set_bandwidth(None)
    server.stop()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


def bring(
    disk: Disk, storage: FolderStorage, jobs: list[BatchJob]
) -> dict[str, CopyResult | TransferError]:
    target = storage.make_provider()
    assert is_batched(disk.provider, target)
    outcomes = copy_batch(jobs, disk.provider, target, PARALLEL)
    return {job.file.id: outcome for job, outcome in zip(jobs, outcomes, strict=True)}


def test_files_of_any_name_arrive_whole_and_proven(disk: Disk, site: Site) -> None:
    storage, _, proof = site
    names = [f"f.{number:04}.exr" for number in range(12)] + [*ODD_NAMES]
    contents = {name: disk.write(name) for name in names}
    moved: dict[str, int] = dict.fromkeys(names, 0)

    def count(name: str) -> Callable[[int], None]:
        def tick(step: int) -> None:
            moved[name] += step

        return tick

    jobs = [disk.make_job(name, tick=count(name)) for name in names]
    results = bring(disk, storage, jobs)
    for name, content in contents.items():
        result = results[name]
        assert isinstance(result, CopyResult), result
        assert (result.moved, result.proof, result.size) == (True, proof, 1000)
        assert storage.get(f"{FOLDER}/{name}") == content
    assert moved == dict.fromkeys(names, 1000)
    assert len(storage.list_names()) == len(names)
    again = bring(disk, storage, [disk.make_job(name) for name in names])
    assert [r.moved for r in again.values() if isinstance(r, CopyResult)] == [
        False
    ] * len(names)


def test_each_wrong_file_fails_alone(disk: Disk, site: Site) -> None:
    storage, _, _ = site
    for name in ("good", "shorter", "other", "replaced", "folder"):
        disk.write(name, 999 if name == "shorter" else 1000)
    storage.put(f"{FOLDER}/replaced", os.urandom(1000))
    storage.put(f"{FOLDER}/folder/inside.exr", b"content")
    jobs = [
        disk.make_job("good"),
        disk.make_job("gone"),
        disk.make_job("shorter"),
        disk.make_job("other", checksum="blake2b:" + "0" * 64),
        disk.make_job("replaced"),
        disk.make_job("folder"),
        BatchJob(TransferFile("outside", "{root[work]}/../x", 1), lambda moved: None),
    ]
    results = bring(disk, storage, jobs)
    assert isinstance(results["gone"], MissingSourceError)
    assert isinstance(results["shorter"], CorruptError)
    assert isinstance(results["other"], CorruptError)
    assert isinstance(results["folder"], PermanentError)
    assert isinstance(results["outside"], PermanentError)
    for name in ("good", "replaced"):
        assert isinstance(results[name], CopyResult)
        assert storage.get(f"{FOLDER}/{name}") == (disk.folder / name).read_bytes()
    assert storage.list_names() == [
        f"{FOLDER}/{name}" for name in ("folder/inside.exr", "good", "replaced")
    ]


def test_source_that_changes_in_a_batch_is_not_published(
    disk: Disk, site: Site
) -> None:
    storage, _, _ = site
    names = ("a.exr", "b.exr")
    for name in names:
        disk.write(name)

    def change(moved: int) -> None:
        if moved:
            disk.write("b.exr", 1001)

    jobs = [disk.make_job("a.exr"), disk.make_job("b.exr", tick=change)]
    results = bring(disk, storage, jobs)
    assert isinstance(results["a.exr"], CopyResult)
    assert isinstance(results["b.exr"], RetryableError)
    assert storage.list_names() == [f"{FOLDER}/a.exr"]


def test_batch_is_stopped_while_it_runs(disk: Disk, site: Site) -> None:
    """A tight limit must not keep a cancelled batch for as long as it takes."""
    storage, _, _ = site
    target = storage.make_provider()
    assert isinstance(target, RcloneProvider)
    target.find_daemon().set_bandwidth(50_000)
    moved: list[int] = []

    def tick(step: int) -> None:
        moved.append(step)
        if sum(moved):
            raise TransferCancelledError("the test")

    names = [f"f{number}.exr" for number in range(8)]
    for name in names:
        disk.write(name, 1_000_000)
    jobs = [disk.make_job(name, size=1_000_000, tick=tick) for name in names]
    with pytest.raises(TransferCancelledError):
        copy_batch(jobs, disk.provider, target, PARALLEL)
    assert sum(moved) < 8_000_000
    assert storage.list_names() == []


def test_daemon_that_dies_in_a_batch_loses_nothing(disk: Disk, site: Site) -> None:
    storage, _, _ = site
    target = storage.make_provider()
    assert isinstance(target, RcloneProvider)
    daemon: Daemon = target.find_daemon()
    names = [f"f{number}.exr" for number in range(4)]
    contents = {name: disk.write(name, 500_000) for name in names}
    daemon.set_bandwidth(50_000)

    def kill(step: int) -> None:
        if step:
            daemon.stop()

    jobs = [disk.make_job(name, size=500_000, tick=kill) for name in names]
    with pytest.raises(RetryableError):
        copy_batch(jobs, disk.provider, target, PARALLEL)
    daemon.set_bandwidth(None)
    results = bring(disk, storage, [disk.make_job(n, size=500_000) for n in names])
    assert all(isinstance(result, CopyResult) for result in results.values())
    assert {name: storage.get(f"{FOLDER}/{name}") for name in names} == contents


# --- files of one folder as one job --------------------------------------------------


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[FolderStorage]:
    """Storage where a file is what was last put under its name."""
    storage, server = make_s3_storage(tmp_path / "cloud", is_watched=False)
    yield storage
    server.stop()


def test_files_of_one_folder_are_one_job_that_replaces_what_differs(
    disk: Disk, cloud: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"f.{number:04}.exr" for number in range(12)]
    contents = {name: disk.write(name) for name in names}
    disk.write("f.0000.exr.bak")
    cloud.put(f"{FOLDER}/{names[3]}", os.urandom(1000))
    cloud.put(f"{FOLDER}/{names[4]}", os.urandom(999))
    copies: list[str] = []
    call = Session.call

    def note(
        self: Session, command: str, parameters: dict[str, Any], *rest: float
    ) -> dict[str, Any]:
        if count_at_once(command, parameters):
            copies.append(command)
        return call(self, command, parameters, *rest)

    monkeypatch.setattr(Session, "call", note)
    results = bring(disk, cloud, [disk.make_job(name) for name in names])
    assert {r.proof for r in results.values() if isinstance(r, CopyResult)} == {
        "storage"
    }
    assert copies == ["sync/copy"]
    assert {name: cloud.get(f"{FOLDER}/{name}") for name in names} == contents
    assert len(cloud.list_names()) == len(names)


def test_file_that_goes_before_its_job_begins_fails_alone(
    disk: Disk, cloud: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job does not tell of it: each file is then asked for by itself."""
    names = [f"f.{number:04}.exr" for number in range(12)]
    for name in names:
        disk.write(name)
    call = Session.call

    def remove_one(
        self: Session, command: str, parameters: dict[str, Any], *rest: float
    ) -> dict[str, Any]:
        if command == "sync/copy":
            (disk.folder / names[5]).unlink()
        return call(self, command, parameters, *rest)

    monkeypatch.setattr(Session, "call", remove_one)
    results = bring(disk, cloud, [disk.make_job(name) for name in names])
    failed = {n: r for n, r in results.items() if isinstance(r, TransferError)}
    assert list(failed) == [names[5]]
    assert not isinstance(failed[names[5]], CorruptError)
    assert len(cloud.list_names()) == len(names) - 1


# --- what is there -------------------------------------------------------------------


def test_look_at_many_files_says_what_one_look_at_each_says(site: Site) -> None:
    storage, _, _ = site
    names = [f"f.{number:04}.exr" for number in range(20)] + [*ODD_NAMES]
    for number, name in enumerate(names):
        storage.put(f"{FOLDER}/{name}", os.urandom(number))
    storage.put(f"{FOLDER}/folder/inside.exr", b"content")
    storage.put(f"{FOLDER}/not asked for.exr", b"content")
    provider: Provider = storage.make_provider()
    asked = [*names, "folder", "not there.exr"]
    paths = [provider.locate(f"{{root[work]}}/{FOLDER}/{name}") for name in asked]
    paths.append(provider.locate("{root[work]}/nowhere/a.exr"))
    found = cast(ManyTaker, provider).find_many(paths)
    *stats, folder, missing, nowhere = found
    assert isinstance(folder, PermanentError)
    assert (missing, nowhere) == (None, None)
    for path, stat in zip(paths, stats, strict=False):
        single = provider.stat(path)
        assert isinstance(stat, FileStat)
        assert single is not None
        assert (stat.size, stat.digest) == (single.size, single.digest)


def test_content_that_is_not_what_was_read_is_not_published(
    disk: Disk, site: Site
) -> None:
    """The storage's own digest, or its size, is compared with what was read here."""
    storage, _, proof = site
    disk.write("a.exr")
    provider = storage.make_provider()
    path = provider.locate(f"{{root[work]}}/{FOLDER}/a.exr")
    size, digest = (1000, "md5:" + "0" * 32) if proof == "storage" else (999, None)
    upload = Upload(
        *(str(disk.folder / "a.exr"), path, size, 0, digest, lambda moved: None)
    )
    (outcome,) = cast(ManyTaker, provider).take_many([upload], PARALLEL)
    assert isinstance(outcome, CorruptError)
    assert storage.list_names() == []


# --- limits --------------------------------------------------------------------------


class LimitedSites:
    """The disk and the storage, with limits of the latter."""

    def __init__(self, disk: Disk, storage: FolderStorage, limits: SiteLimits) -> None:
        self._providers = {"disk": disk.provider, "site": storage.make_provider()}
        self._limits = {"disk": NO_LIMITS, "site": limits}

    def open_site(self, project_name: str, site_name: str) -> Provider:
        return self._providers[site_name]

    def find_limits(self, project_name: str, site_name: str) -> SiteLimits:
        return self._limits[site_name]

    def find_known_roots(self) -> dict[str, dict[str, str]]:
        return {}

    def find_idle_seconds(self) -> float:
        return 60.0

    def note_projects(self, names: set[str]) -> None:
        """Nothing depends on them here."""


def run_to_end(sites: LimitedSites, files: list[TransferFile]) -> None:
    """Bring the files of one transfer from the disk to the storage."""
    key = TransferKey("demo", "r", "site")
    transfer = Transfer(key, "disk", "upload", "t", tuple(files))
    traffic = Traffic(sites.find_limits, MonotonicClock(), "disk")
    shared = Surroundings(sites, traffic, Progress())
    run = TransferRun(transfer, Lease("t", 60.0, 0.0), shared, 0.0)
    with ThreadPoolExecutor(8) as pool:
        run.start(pool, lambda: None)
        assert run.wait_idle(WAIT_SECONDS)
    assert {outcome.status for outcome in run.outcomes.values()} == {SYNCED}


def count_at_once(command: str, parameters: dict[str, Any]) -> int:
    """How many files a call to the daemon copies at once."""
    if command == "sync/copy":
        return int(parameters["_config"]["Transfers"])
    inputs = parameters.get("inputs") or [{}]
    is_copy = inputs[0].get("_path") == "operations/copyfile"
    return int(parameters["concurrency"]) if is_copy else 0


@pytest.mark.parametrize("limit", [1, 3])
def test_batches_keep_to_the_files_that_a_site_takes_at_once(
    limit: int, disk: Disk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, _, _ = site
    names = [f"f.{number:04}.exr" for number in range(40)]
    for name in names:
        disk.write(name)
    sites = LimitedSites(disk, storage, SiteLimits(parallel_files=limit))
    lock = threading.Lock()
    under_way = most = 0
    call = Session.call

    def count(
        self: Session, command: str, parameters: dict[str, Any], *rest: float
    ) -> dict[str, Any]:
        nonlocal under_way, most
        wide = count_at_once(command, parameters)
        with lock:
            under_way += wide
            most = max(most, under_way)
        try:
            return call(self, command, parameters, *rest)
        finally:
            with lock:
                under_way -= wide

    monkeypatch.setattr(Session, "call", count)
    run_to_end(sites, [disk.make_job(name).file for name in names])
    assert 1 <= most <= limit


@pytest.mark.parametrize("site", ["s3"], indirect=True)
def test_workers_share_the_small_files_of_a_transfer_evenly(
    disk: Disk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is done early would wait for the one with what is left over."""
    storage, _, _ = site
    names = [f"f.{number:04}.exr" for number in range(70)]
    for name in names:
        disk.write(name, 250_000)
    shares: list[int] = []
    take = RcloneProvider.take_many

    def note(
        self: RcloneProvider, uploads: Sequence[Upload], parallel: int
    ) -> list[bool | TransferError]:
        shares.append(len(uploads))
        return take(self, uploads, parallel)

    monkeypatch.setattr(RcloneProvider, "take_many", note)
    files = [disk.make_job(name, size=250_000).file for name in names]
    run_to_end(LimitedSites(disk, storage, NO_LIMITS), files)
    assert sorted(shares) == [16, 18, 18, 18]
