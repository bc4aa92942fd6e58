"""One file from one site to another: plan, copy, verify, publish.

Nothing appears under the final name before its content was read back and compared.
The source is looked at again after reading: what changed meanwhile is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, cast

from ..errors import CorruptError
from ..providers.base import (
    DigestPart,
    DigestProvider,
    FileStat,
    FileTaker,
    Part,
    Provider,
    Reader,
    Upload,
)
from ..work import TransferFile
from .copy_result import CopyResult
from .journal import Journal, make_key
from .recognition import Recognition
from .resume import ResumeRoute, Resumption
from .source_file import (
    check_source,
    digest_reader,
    get_buffer,
    make_changed_error,
    make_unpublished_error,
)
from .verify import (
    CONTENT,
    SIZE,
    STORAGE,
    Digests,
    Expected,
    algorithm_of,
    is_computable,
    is_reported,
    normalize_checksum,
)


@dataclass(frozen=True)
class Route:
    """From which site to which. `tick` gets the bytes moved by each step.

    `tick` raises `TransferCancelledError` to stop the copy between two steps. With a
    `journal` large files are gone on with after an interruption; `target_name` is the
    target's place in it (project and site).
    """

    source: Provider
    target: Provider
    tick: Callable[[int], None]
    journal: Optional[Journal] = None
    target_name: str = ""


def copy_file(file: TransferFile, route: Route) -> CopyResult:
    """Bring one file to its place and prove it.

    Raises a `TransferError` saying why not; then no new file is under the final name.
    Idempotent: a file that is there with the right content is recognised, not moved.
    """
    return _Copy(file, route).run()


class _Copy:
    """State of one run of `copy_file`."""

    def __init__(self, file: TransferFile, route: Route) -> None:
        self._file = file
        self._route = route
        self._source_path = route.source.locate(file.path)
        self._target_path = route.target.locate(file.path)
        self._wanted = Expected(file.checksum, file.published_hash)
        self._recognition = Recognition(
            *(route.source, self._source_path, route.target, self._target_path),
            *(self._wanted, route.tick),
        )

    def run(self) -> CopyResult:
        source = self._find_source()
        taker = self._find_taker()
        if taker is None or not taker.is_new(self._target_path):
            present = self._recognition.recognise(source)
            if present is not None:
                return present
        if taker is None:
            return self._move(source, "")
        if source.digest is not None and taker.shares_store(self._route.source):
            return self._copy_within(taker, source)
        if self._route.source.capabilities.is_disk:
            return self._hand_over(taker, source)
        return self._move(source, taker.find_digest_algorithm())

    def _find_taker(self) -> Optional[FileTaker]:
        target = self._route.target
        return cast(FileTaker, target) if target.capabilities.takes_files else None

    # --- plan ------------------------------------------------------------------------

    def _find_source(self) -> FileStat:
        found = self._route.source.stat(self._source_path)
        return check_source(self._source_path, found, self._file.size)

    # --- copy, verify, publish -------------------------------------------------------

    def _move(self, planned: FileStat, target_algorithm: str) -> CopyResult:
        """Read here and write there. `target_algorithm`: of the target's digests."""
        route = self._route
        origin = normalize_checksum(planned.digest)
        algorithms = {*self._wanted.algorithms, target_algorithm} - {""}
        if origin is not None:
            algorithms.add(algorithm_of(origin))
        part_algorithm = self._find_part_algorithm()
        algorithms |= {part_algorithm} - {""}
        with route.source.open_reader(self._source_path) as reader:
            before = reader.stat()
            if before != planned:
                raise make_changed_error(self._source_path)
            digests = Digests(algorithms)
            with self._make_resumption(before) as resumption:
                found = resumption.find_part(reader, digests)
                part, done = found or (route.target.create_part(self._target_path), 0)
                with part:
                    try:
                        self._send(reader, part, digests, done, before, resumption)
                        if origin and digests.get(algorithm_of(origin)) != origin:
                            raise CorruptError(
                                f"'{self._source_path}' arrived differently from what"
                                " its storage says it has."
                            )
                        self._ensure_published_content(digests)
                        proof = self._prove_part(
                            part, digests, before.size, part_algorithm
                        )
                        part.publish(before.mtime_ns)
                    except BaseException as error:
                        resumption.keep(part, error)
                        raise
                    resumption.forget()
        if target_algorithm:
            proof = self._compare_stored(digests.get(target_algorithm))
        return CopyResult(
            before.size, self._wanted.own(digests), proof, moved=True, source_read=True
        )

    def _make_resumption(self, before: FileStat) -> Resumption:
        route = self._route
        return Resumption.make(
            route.journal,
            make_key(route.target_name, self._target_path),
            f"{self._source_path}\n{self._file.checksum}",
            before,
            ResumeRoute(route.source, route.target, self._target_path, route.tick),
        )

    def _send(
        self,
        reader: Reader,
        part: Part,
        digests: Digests,
        done: int,
        before: FileStat,
        resumption: Resumption,
    ) -> None:
        """Move what is left of the source, which must stay as it is meanwhile."""
        buffer = get_buffer()
        while True:
            count = reader.readinto(buffer)
            if not count:
                break
            chunk = buffer[:count]
            digests.update(chunk)
            part.write(chunk)
            done += count
            self._route.tick(count)
            resumption.note(part, done, digests)
        if done != before.size or not self._is_unchanged(reader, before):
            raise make_changed_error(self._source_path)

    def _hand_over(self, taker: FileTaker, planned: FileStat) -> CopyResult:
        """The target's own driver moves a file of this machine.

        It is read once before, for our digest and the storage's; what the storage then
        says of the file must be the same.
        """
        algorithm = taker.find_digest_algorithm()
        with self._route.source.open_reader(self._source_path) as reader:
            before = reader.stat()
            algorithms = {*self._wanted.algorithms, algorithm} - {""}
            digests = digest_reader(reader, before.size, algorithms, self._route.tick)
            if before != planned or digests is None:
                raise make_changed_error(self._source_path)
            self._ensure_published_content(digests)
            is_proven = taker.take_file(
                Upload(
                    self._source_path,
                    self._target_path,
                    before.size,
                    before.mtime_ns,
                    digests.get(algorithm) if algorithm else None,
                    self._route.tick,
                )
            )
            if not self._is_unchanged(reader, before):
                taker.delete(self._target_path)
                raise make_changed_error(self._source_path)
        proof = STORAGE if is_proven else SIZE
        return CopyResult(
            before.size, self._wanted.own(digests), proof, moved=True, source_read=True
        )

    def _copy_within(self, taker: FileTaker, source: FileStat) -> CopyResult:
        """Both sites are one storage, which copies by itself and says what it has."""
        known = normalize_checksum(source.digest)
        checksum = self._wanted.known[0] if self._wanted.known else known
        if known is None or checksum is None or not is_reported(checksum):
            return self._move(source, taker.find_digest_algorithm())
        if not self._wanted.agrees(known):
            raise make_unpublished_error(self._source_path)
        taker.copy_within(self._source_path, self._target_path, self._route.tick)
        proof = self._compare_stored(known)
        return CopyResult(source.size, checksum, proof, moved=True, source_read=False)

    def _compare_stored(self, digest: str) -> str:
        """The proof after a look at what the target's storage says it has."""
        found = self._route.target.stat(self._target_path)
        stored = normalize_checksum(found.digest) if found is not None else None
        if stored is None:
            return SIZE
        if stored != digest:
            self._route.target.delete(self._target_path)
            raise CorruptError(
                f"'{self._target_path}' was stored differently from what was sent."
            )
        return STORAGE

    def _ensure_published_content(self, digests: Digests) -> None:
        if not self._wanted.matches(digests):
            raise make_unpublished_error(self._source_path)

    def _is_unchanged(self, reader: Reader, before: FileStat) -> bool:
        """The open file and what its name leads to now are both as they were."""
        return (
            reader.stat() == before
            and self._route.source.stat(self._source_path) == before
        )

    def _find_part_algorithm(self) -> str:
        """What the target's own computer digests parts with; empty = nothing."""
        if not self._route.target.capabilities.computes_digests:
            return ""
        target = cast(DigestProvider, self._route.target)
        usable = [a for a in target.find_digest_algorithms() if is_computable(a)]
        known = [a for a in usable if a in self._wanted.algorithms]
        return [*known, *usable, ""][0]

    def _prove_part(
        self, part: Part, digests: Digests, size: int, algorithm: str
    ) -> str:
        """Compare what the target holds with what was sent; the proof's level."""
        if algorithm:
            digest = cast(DigestPart, part).compute_digest(algorithm, self._route.tick)
            if digest is not None and digest != digests.get(algorithm):
                raise CorruptError(
                    f"'{self._target_path}' was stored differently from what was sent."
                )
            if digest is not None:
                return STORAGE
        if not self._route.target.capabilities.reads_back:
            return SIZE
        with part.read_back() as written:
            self._compare_written(written, digests, size)
        return CONTENT

    def _compare_written(self, written: Reader, digests: Digests, size: int) -> None:
        check = Digests({self._wanted.algorithm})
        done = 0
        buffer = get_buffer()
        while True:
            count = written.readinto(buffer)
            if not count:
                break
            check.update(buffer[:count])
            done += count
            self._route.tick(0)
        if done != size or self._wanted.own(check) != self._wanted.own(digests):
            raise CorruptError(
                f"'{self._target_path}' read back differently from what was written."
            )
