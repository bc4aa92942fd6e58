"""Many small files from one site to another, each step for all of them at once.

What `copy.py` does for one file holds for each: the source is looked at before and
after, the content is compared with what was published, and nothing has its final name
before it was read back. A file that is wrong fails alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional, Union, cast

from ..errors import (
    CorruptError,
    PathError,
    RetryableError,
    TransferError,
    attempt_each,
)
from ..providers.base import (
    BATCH_BYTES,
    BATCH_FILES,
    MANY_BYTES,
    MANY_FILES,
    SMALL_BYTES,
    BatchProvider,
    FileStat,
    ManyTaker,
    NewFile,
    Provider,
    Reader,
    WholeFile,
)
from ..work import TransferFile
from .batch_job import BatchJob
from .copy_result import CopyResult, Outcome
from .hand_over import hand_over_batch
from .source_file import check_source, make_changed_error, make_unpublished_error
from .verify import CONTENT, Digests, Expected, algorithm_of, normalize_checksum


def is_batched(source: Provider, target: Provider) -> bool:
    """Whether small files between these two go in batches."""
    if target.capabilities.takes_many:
        return source.capabilities.is_disk
    ends = source.capabilities, target.capabilities
    return any(end.batches for end in ends) and all(
        end.batches or end.is_disk for end in ends
    )


def limit_batch(target: Provider) -> tuple[int, int]:
    """How many files go to a target in one batch, and how many bytes, at most."""
    if target.capabilities.takes_many:
        return MANY_FILES, MANY_BYTES
    return BATCH_FILES, BATCH_BYTES


def is_small(file: TransferFile) -> bool:
    return file.size is not None and file.size <= SMALL_BYTES


def copy_batch(
    jobs: Sequence[BatchJob], source: Provider, target: Provider, parallel: int
) -> list[Outcome]:
    """Bring small files to their places and prove them; the outcome of each.

    `parallel`: how many a `ManyTaker` may have under way at once.
    Raises `SiteUnhealthyError` when a site is lost on the way. Idempotent.
    """
    if target.capabilities.takes_many:
        return hand_over_batch(jobs, source, cast(ManyTaker, target), parallel)
    return _BatchCopy(jobs, source, target).run()


@dataclass
class _Item:
    """One file on its way. With an outcome it is left out of further steps."""

    job: BatchJob
    expected: Expected
    source_path: str = ""
    target_path: str = ""
    planned: Optional[FileStat] = None
    content: bytes = b""
    digests: Optional[Digests] = None
    outcome: Optional[Outcome] = None


class _BatchCopy:
    def __init__(
        self, jobs: Sequence[BatchJob], source: Provider, target: Provider
    ) -> None:
        self._source, self._target = source, target
        self._items = [
            _Item(job, Expected(job.file.checksum, job.file.published_hash))
            for job in jobs
        ]

    def run(self) -> list[Outcome]:
        steps = self._locate, self._plan, self._read, self._look_again
        for step in (*steps, self._recognise_present, self._write):
            # One for all: what stops one file stops its transfer.
            for item in self._open_items()[:1]:
                item.job.tick(0)
            step()
        outcomes: list[Outcome] = []
        for item in self._items:
            assert item.outcome is not None
            outcomes.append(item.outcome)
        return outcomes

    def _open_items(self) -> list[_Item]:
        return [item for item in self._items if item.outcome is None]

    # --- the source ------------------------------------------------------------------

    def _locate(self) -> None:
        for item in self._items:
            path = item.job.file.path
            try:
                item.source_path = self._source.locate(path)
                item.target_path = self._target.locate(path)
            except TransferError as error:
                item.outcome = error

    def _plan(self) -> None:
        items = self._open_items()
        found = _stat_all(self._source, [item.source_path for item in items])
        for item, stat in zip(items, found):
            if isinstance(stat, TransferError):
                item.outcome = stat
                continue
            try:
                item.planned = check_source(item.source_path, stat, item.job.file.size)
            except TransferError as error:
                item.outcome = error

    def _read(self) -> None:
        items = self._open_items()
        found = _read_all(self._source, [item.source_path for item in items])
        for item, whole in zip(items, found):
            if isinstance(whole, TransferError):
                item.outcome = whole
            elif whole.stat != item.planned:
                item.outcome = make_changed_error(item.source_path)
            else:
                item.content = whole.content
                item.digests = Digests(item.expected.algorithms)
                item.digests.update(memoryview(item.content))
                item.outcome = self._find_wrong_content(item, item.digests)

    def _find_wrong_content(
        self, item: _Item, digests: Digests
    ) -> Optional[CorruptError]:
        origin = normalize_checksum(item.planned.digest if item.planned else None)
        if origin is not None:
            stored = Digests({algorithm_of(origin)})
            stored.update(memoryview(item.content))
            if stored.get(algorithm_of(origin)) != origin:
                return CorruptError(
                    f"'{item.source_path}' arrived differently from what its storage"
                    " says it has."
                )
        if not item.expected.matches(digests):
            return make_unpublished_error(item.source_path)
        return None

    def _look_again(self) -> None:
        """What its name leads to is still what was read."""
        items = self._open_items()
        found = _stat_all(self._source, [item.source_path for item in items])
        for item, stat in zip(items, found):
            if stat != item.planned:
                item.outcome = make_changed_error(item.source_path)

    # --- the target ------------------------------------------------------------------

    def _recognise_present(self) -> None:
        items = self._open_items()
        found = _stat_all(self._target, [item.target_path for item in items])
        same_size = []
        for item, stat in zip(items, found):
            if isinstance(stat, PathError):
                continue  # a link to elsewhere: what is copied takes its place
            if isinstance(stat, TransferError):
                item.outcome = stat
            elif stat is not None and stat.size == len(item.content):
                same_size.append(item)
        there = _read_all(self._target, [item.target_path for item in same_size])
        for item, whole in zip(same_size, there):
            # What cannot be read is replaced.
            if isinstance(whole, WholeFile) and whole.content == item.content:
                item.outcome = self._make_result(item, moved=False)

    def _write(self) -> None:
        items = self._open_items()
        files = [
            NewFile(
                item.target_path,
                item.content,
                item.planned.mtime_ns if item.planned else 0,
            )
            for item in items
        ]
        for item, error in zip(items, _write_all(self._target, files)):
            if error is None:
                item.job.tick(len(item.content))
            item.outcome = error or self._make_result(item, moved=True)

    def _make_result(self, item: _Item, *, moved: bool) -> CopyResult:
        assert item.digests is not None
        checksum = item.digests.get(item.expected.algorithm)
        return CopyResult(len(item.content), checksum, CONTENT, moved, source_read=True)


# --- both kinds of sites alike -------------------------------------------------------


def _stat_all(
    site: Provider, paths: Sequence[str]
) -> list[Union[FileStat, TransferError, None]]:
    if site.capabilities.batches and paths:
        return cast(BatchProvider, site).stat_many(paths)
    return list(attempt_each(site.stat, paths))


def _read_all(
    site: Provider, paths: Sequence[str]
) -> list[Union[WholeFile, TransferError]]:
    if site.capabilities.batches and paths:
        return cast(BatchProvider, site).read_many(paths)
    return attempt_each(lambda path: _read_whole(site, path), paths)


def _write_all(
    site: Provider, files: Sequence[NewFile]
) -> list[Optional[TransferError]]:
    if site.capabilities.batches and files:
        return cast(BatchProvider, site).write_many(files)
    by_path = {file.path: file for file in files}
    return list(
        attempt_each(lambda path: _write_whole(site, by_path[path]), list(by_path))
    )


def _read_whole(site: Provider, path: str) -> WholeFile:
    with site.open_reader(path) as reader:
        content = _read_up_to(reader, reader.stat().size + 1)
        found = reader.stat()
    if len(content) != found.size:
        raise RetryableError(f"'{path}' changed while it was read.")
    return WholeFile(content, found)


def _read_up_to(reader: Reader, size: int) -> bytes:
    content = bytearray(size)
    done = 0
    with memoryview(content) as view:
        while done < size:
            count = reader.readinto(view[done:])
            if not count:
                break
            done += count
    return bytes(content[:done])


def _write_whole(site: Provider, file: NewFile) -> None:
    with site.create_part(file.path) as part:
        part.write(memoryview(file.content))
        with part.read_back() as reader:
            back = _read_up_to(reader, len(file.content) + 1)
        if back != file.content:
            raise CorruptError(
                f"'{file.path}' read back differently from what was written."
            )
        part.publish(file.mtime_ns)
