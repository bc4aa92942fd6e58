"""A look at what a site really has, told to the server.

Files that are there by path and size are adopted, also those that nobody asked for;
what should be there and is not, or has another size, is told as missing or different.
With `verify` contents are read too, and the server compares their checksums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, Optional, Protocol, Union, cast

from ..errors import PathError, SiteUnhealthyError, TransferError
from ..paths import split_rootless
from ..providers.base import (
    BATCH_FILES,
    SMALL_BYTES,
    BatchProvider,
    FileStat,
    ManyTaker,
    Provider,
)
from ..work import PROGRESS, SYNCED
from .verify import Digests, is_reported, normalize_checksum, own_algorithm

FILES_IN_REPORT = 10_000
MOST_PROBLEMS = 100
"""As many problems are kept in words; all are counted by what they make of a file."""


@dataclass
class ScanResult:
    """What a scan found so far, in files.

    `found` are there, `missing` and `different` should be. `synced` and `queued` are
    changes that the server made of it.
    """

    found: int = 0
    missing: int = 0
    different: int = 0
    synced: int = 0
    queued: int = 0
    problems: tuple[str, ...] = ()

    def note_problem(self, text: str) -> None:
        self.problems = (*self.problems, text)[:MOST_PROBLEMS]


class ScanServer(Protocol):
    """What a scan asks the server; every method may raise `ServerError`."""

    def iterate_rows(
        self, project_name: str, body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]: ...

    def write_presence(
        self,
        project_name: str,
        site_name: str,
        files: Sequence[Mapping[str, Any]],
        *,
        requeue: bool,
    ) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _File:
    """One file of the server's list. `status` None = the site has no row of it."""

    representation_id: str
    id: str
    rootless: str
    size: int
    status: Optional[int]
    is_verified: bool


Found = Union[FileStat, TransferError, None]


def scan_site(
    server: ScanServer,
    provider: Provider,
    project: str,
    site: str,
    *,
    verify: bool,
    requeue: bool,
    report: Callable[[ScanResult], None],
) -> ScanResult:
    """Compare what the server says of a site with its storage, and tell the server.

    `requeue`: what is missing is queued where another site has it. `report` is called
    from time to time; what it raises ends the scan. Raises `SiteUnhealthyError` when
    the storage cannot be used: then nothing counts as missing, and `ServerError`.
    """
    return _Scan(server, provider, project, site, verify, requeue).run(report)


class _Scan:
    """One run of `scan_site`."""

    def __init__(
        self,
        server: ScanServer,
        provider: Provider,
        project: str,
        site: str,
        verify: bool,
        requeue: bool,
    ) -> None:
        self._server = server
        self._provider = provider
        self._project = project
        self._site = site
        self._verify = verify
        self._requeue = requeue
        self._result = ScanResult()
        self._healthy_roots: set[str] = set()
        self._news: list[tuple[_File, dict[str, Any]]] = []

    def run(self, report: Callable[[ScanResult], None]) -> ScanResult:
        files = self._list_files()
        while batch := list(islice(files, BATCH_FILES)):
            for file, found in zip(batch, self._look(batch)):
                self._judge(file, found)
            if len(self._news) > FILES_IN_REPORT - BATCH_FILES:
                self._tell()
            report(self._result)
        self._tell()
        report(self._result)
        return self._result

    def _list_files(self) -> Iterator[_File]:
        """Every published file, except those that an agent is at on the site."""
        body = {"siteNames": [self._site], "withFiles": True, "sortBy": "id"}
        for row in self._server.iterate_rows(self._project, body):
            if row["sites"].get(self._site, {}).get("isRemoving"):
                continue
            for file in row["files"]:
                state = file["sites"].get(self._site, {})
                if state.get("status") != PROGRESS:
                    yield _File(
                        row["representationId"],
                        file["id"],
                        file["path"],
                        file["size"],
                        state.get("status"),
                        state.get("proof") is not None,
                    )

    def _look(self, files: Sequence[_File]) -> list[Found]:
        """What the storage has of each file, or what is wrong with its path."""
        found: list[Found] = []
        paths: list[str] = []
        for file in files:
            try:
                self._check_root(file.rootless)
                paths.append(self._provider.locate(file.rootless))
                found.append(None)
            except PathError as error:  # noqa: PERF203 - each path stands for itself
                found.append(error)
        stats = iter(self._stat(paths))
        return [each if each is not None else next(stats) for each in found]

    def _check_root(self, rootless: str) -> None:
        root, _ = split_rootless(rootless)
        if root not in self._healthy_roots:
            # Storage that is not mounted would look as if all were missing.
            self._provider.check_health([root], writable=False)
            self._healthy_roots.add(root)

    def _stat(self, paths: Sequence[str]) -> Iterable[Found]:
        if self._provider.capabilities.batches:
            return cast(BatchProvider, self._provider).stat_many(paths)
        if self._provider.capabilities.takes_many:
            return cast(ManyTaker, self._provider).find_many(paths)
        return map(self._stat_one, paths)

    def _stat_one(self, path: str) -> Found:
        try:
            return self._provider.stat(path)
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            return error

    def _judge(self, file: _File, found: Found) -> None:
        is_expected = file.status == SYNCED
        if isinstance(found, TransferError):
            self._result.note_problem(f"{file.rootless}: {found}")
        elif found is None:
            if is_expected:
                self._result.missing += 1
                self._result.note_problem(f"{file.rootless}: it is missing")
                self._add(file, "missing", 0)
        elif file.size and found.size != file.size:
            if is_expected:
                self._result.different += 1
                self._result.note_problem(
                    f"{file.rootless}: it has {found.size} bytes, the published file"
                    f" {file.size}"
                )
                self._add(file, "different", found.size)
        else:
            self._result.found += 1
            self._note_present(file, found)

    def _note_present(self, file: _File, found: FileStat) -> None:
        """Tell a file that is news, or whose checksum may be."""
        try:
            checksum = self._find_checksum(file, found)
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            self._result.note_problem(f"{file.rootless}: {error}")
            return
        is_known = file.status == SYNCED and (file.is_verified or checksum is None)
        if self._verify or not is_known:
            self._add(file, "present", found.size, checksum)

    def _find_checksum(self, file: _File, found: FileStat) -> Optional[str]:
        """The content's digest: what the storage knows, or what is read of it."""
        stored = normalize_checksum(found.digest)
        if stored is not None and is_reported(stored):
            return stored
        if not self._verify:
            return None
        algorithm = own_algorithm()
        digests = Digests({algorithm})
        buffer = memoryview(bytearray(SMALL_BYTES))
        with self._provider.open_reader(self._provider.locate(file.rootless)) as reader:
            while count := reader.readinto(buffer):
                digests.update(buffer[:count])
        return digests.get(algorithm)

    def _add(
        self, file: _File, state: str, size: int, checksum: Optional[str] = None
    ) -> None:
        news = {
            "representationId": file.representation_id,
            "fileId": file.id,
            "state": state,
            "size": size,
            "checksum": checksum,
        }
        self._news.append((file, news))

    def _tell(self) -> None:
        if not self._news:
            return
        told, self._news = self._news, []
        answer = self._server.write_presence(
            self._project, self._site, [news for _, news in told], requeue=self._requeue
        )
        paths = {(file.representation_id, file.id): file.rootless for file, _ in told}
        self._result.synced += answer["synced"]
        self._result.queued += answer["queued"]
        for result in answer["results"]:
            if result["errorCode"] == "checksum_mismatch":
                self._result.found -= 1
                self._result.different += 1
            if result["errorCode"] is not None:
                representation_id = result["representationId"]
                path = paths.get((representation_id, result.get("fileId") or ""))
                self._result.note_problem(
                    f"{path or representation_id}: {result['detail']}"
                )
