"""Many small files of this machine to storage whose own driver moves them.

What `copy.py` does for one file holds for each: it is read once before, for our digest
and the storage's; what the storage then says of it must be the same; and the source is
looked at again. A file that is wrong fails alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from ..errors import SiteUnhealthyError, TransferError
from ..providers.base import FileStat, ManyTaker, Provider, Upload
from .batch_job import BatchJob
from .copy import Route, copy_file
from .copy_result import CopyResult, Outcome
from .source_file import (
    check_source,
    digest_reader,
    make_changed_error,
    make_unpublished_error,
)
from .verify import (
    SIZE,
    STORAGE,
    Digests,
    Expected,
    algorithm_of,
    normalize_checksum,
)


@dataclass
class _Item:
    """One file on its way. With an outcome it is left out of further steps.

    `stored`: the digest of a file of this name and size that is there already.
    """

    job: BatchJob
    expected: Expected
    source_path: str = ""
    target_path: str = ""
    planned: Optional[FileStat] = None
    stored: Optional[str] = None
    digests: Optional[Digests] = None
    proof: str = SIZE
    outcome: Optional[Outcome] = None


def hand_over_batch(
    jobs: Sequence[BatchJob], source: Provider, taker: ManyTaker, parallel: int
) -> list[Outcome]:
    """Bring small files to their places and prove them; the outcome of each.

    At most `parallel` are under way at once.
    Raises `SiteUnhealthyError` when a site is lost on the way, and what a job's `tick`
    raises. Idempotent.
    """
    return _HandOver(jobs, source, taker, parallel).run()


class _HandOver:
    def __init__(
        self,
        jobs: Sequence[BatchJob],
        source: Provider,
        taker: ManyTaker,
        parallel: int,
    ) -> None:
        self._source, self._taker = source, taker
        self._parallel = parallel
        self._algorithm = taker.find_digest_algorithm()
        self._items = [
            _Item(job, Expected(job.file.checksum, job.file.published_hash))
            for job in jobs
        ]

    def run(self) -> list[Outcome]:
        self._attempt_each(self._plan)
        self._look_at_target()
        self._attempt_each(self._read)
        self._take()
        self._attempt_each(self._look_again)
        outcomes: list[Outcome] = []
        for item in self._items:
            assert item.outcome is not None
            outcomes.append(item.outcome)
        return outcomes

    def _list_open(self) -> list[_Item]:
        return [item for item in self._items if item.outcome is None]

    def _attempt_each(
        self,
        step: Callable[[_Item], Optional[Outcome]],
    ) -> None:
        """Do one step for each file that has no outcome yet."""
        items = self._list_open()
        # One for all: what stops one file stops its transfer.
        for item in items[:1]:
            item.job.tick(0)
        for item in items:
            try:
                item.outcome = step(item)
            except SiteUnhealthyError:  # noqa: PERF203 - each file stands for itself
                raise
            except TransferError as error:
                item.outcome = error

    # --- plan ------------------------------------------------------------------------

    def _plan(self, item: _Item) -> None:
        file = item.job.file
        item.source_path = self._source.locate(file.path)
        item.target_path = self._taker.locate(file.path)
        found = self._source.stat(item.source_path)
        item.planned = check_source(item.source_path, found, file.size)

    def _look_at_target(self) -> None:
        """Which of them may be there already."""
        items = self._list_open()
        are_new = self._taker.are_new([item.target_path for item in items])
        items = [item for item, is_new in zip(items, are_new) if not is_new]
        results = self._taker.find_many([item.target_path for item in items])
        for item, found in zip(items, results):
            if isinstance(found, TransferError):
                item.outcome = found
            elif found is not None and found.size == item.job.file.size:
                item.stored = normalize_checksum(found.digest)
                if item.stored is None:
                    # Only its content can tell: that is read for each by itself.
                    item.outcome = self._copy_alone(item)

    def _copy_alone(self, item: _Item) -> Outcome:
        route = Route(self._source, self._taker, item.job.tick)
        try:
            return copy_file(item.job.file, route)
        except SiteUnhealthyError:
            raise
        except TransferError as error:
            return error

    # --- read, hand over, look again -------------------------------------------------

    def _read(self, item: _Item) -> Optional[CopyResult]:
        algorithms = {*item.expected.algorithms, self._algorithm} - {""}
        if item.stored is not None:
            algorithms.add(algorithm_of(item.stored))
        with self._source.open_reader(item.source_path) as reader:
            before = reader.stat()
            digests = digest_reader(reader, before.size, algorithms, _go_on)
        if before != item.planned or digests is None:
            raise make_changed_error(item.source_path)
        if not item.expected.matches(digests):
            raise make_unpublished_error(item.source_path)
        item.digests = digests
        if item.stored and digests.get(algorithm_of(item.stored)) == item.stored:
            return self._make_result(item, STORAGE, moved=False)
        return None

    def _take(self) -> None:
        items = self._list_open()
        uploads = [self._make_upload(item) for item in items]
        results = self._taker.take_many(uploads, self._parallel)
        for item, taken in zip(items, results):
            if isinstance(taken, TransferError):
                item.outcome = taken
            else:
                item.proof = STORAGE if taken else SIZE

    def _make_upload(self, item: _Item) -> Upload:
        assert item.planned is not None
        assert item.digests is not None
        digest = item.digests.get(self._algorithm) if self._algorithm else None
        planned = item.planned
        return Upload(
            item.source_path,
            item.target_path,
            planned.size,
            planned.mtime_ns,
            digest,
            item.job.tick,
        )

    def _look_again(self, item: _Item) -> CopyResult:
        """What its name leads to is still what was read."""
        if self._source.stat(item.source_path) != item.planned:
            self._taker.delete(item.target_path)
            raise make_changed_error(item.source_path)
        return self._make_result(item, item.proof, moved=True)

    @staticmethod
    def _make_result(item: _Item, proof: str, *, moved: bool) -> CopyResult:
        assert item.digests is not None
        assert item.planned is not None
        checksum = item.expected.own(item.digests)
        return CopyResult(
            item.planned.size, checksum, proof, moved=moved, source_read=True
        )


def _go_on(moved: int) -> None:
    """Small files are read in one step."""
