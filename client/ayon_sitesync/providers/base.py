"""The contract between the transfer engine and a kind of storage.

A provider is made for one site of one project. Its methods may be called from several
threads at once; the readers and parts that it hands out belong to one thread each.

Errors: every method raises only `TransferError` classes. `SiteUnhealthyError` says that
the whole site cannot be used now; everything else is about the path at hand. Nothing is
retried inside a provider: the queue decides about another attempt.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable, Optional, Protocol, Union

from ..errors import TransferError

SMALL_BYTES = 1024 * 1024
"""The largest file that goes with others in a batch."""
BATCH_FILES = 128
MANY_FILES = 512
"""The same for a `ManyTaker`: it looks at a folder once for each batch."""
MANY_BYTES = 16 * 1024 * 1024
"""What one batch for a `ManyTaker` holds at most; none of it is in memory."""
MANY_PARALLEL = 4
"""Files of one such batch under way at once where the settings do not count them."""
BATCH_BYTES = 4 * 1024 * 1024
"""What one batch holds at most; it may be in memory as a whole."""


UNKNOWN_TIME = 0
"""In the place of a file's time: the storage does not tell it. A file that is written
then keeps the time of its writing."""


@dataclass(frozen=True)
class Capabilities:
    """What a kind of storage can do, as data.

    `reads_back`: a part can be read again from the storage before it is published, so
    that its content is proven. `keeps_mtime`: a published file has the given time.
    `is_disk`: paths are files of this machine. `takes_files`: it is a `FileTaker`,
    `takes_many`: a `ManyTaker`.
    `batches`: small files go many at once, it is a `BatchProvider`.
    `computes_digests`: a computer beside the storage may read parts, it is a
    `DigestProvider`. `resumes`: it is a `ResumeProvider`. `tells_space`: it is a
    `SpaceProvider`. `limits_bandwidth`: it is a `BandwidthProvider`. `has_folders`: it
    is a `FolderProvider`.
    """

    reads_back: bool
    keeps_mtime: bool
    is_disk: bool = False
    takes_files: bool = False
    takes_many: bool = False
    batches: bool = False
    computes_digests: bool = False
    resumes: bool = False
    has_folders: bool = False
    tells_space: bool = False
    limits_bandwidth: bool = False


@dataclass(frozen=True)
class FileStat:
    """Size in bytes and time of the last change in nanoseconds since the epoch, or
    `UNKNOWN_TIME`.

    `digest` is what the storage itself says of the content, as `algorithm:hex`, where
    it knows that without reading the file.
    """

    size: int
    mtime_ns: int
    digest: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class SiteConfig:
    """What a provider is made from: the site and its roots on this machine.

    `machine_tag` (4 hex) marks temporary files of this machine. `settings` are the
    provider's own of this site, as in the addon's settings; they may hold secrets.
    `state_folder` is of this machine, for what must be remembered; may not be there.
    `project_name` is empty where nobody needs it.
    """

    site_name: str
    roots: Mapping[str, str]
    platform: str
    machine_tag: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    state_folder: str = ""
    project_name: str = ""


class Reader(Protocol):
    """An open file. A context manager: leaving it closes the file."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from the current position; the count read, 0 at the end."""

    def stat(self) -> FileStat:
        """The open file's size and time as they are now."""

    def __enter__(self) -> Reader: ...

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None: ...


class Part(Protocol):
    """A temporary file beside its final name, written once from start to end.

    A context manager: leaving it without `publish` removes the temporary file. A
    process that dies leaves one behind, never a file under the final name.
    """

    def write(self, data: memoryview) -> None:
        """Append all of `data`. Raises when the storage is full or lost."""

    def read_back(self) -> Reader:
        """What the storage holds, read past caches as far as the system lets us.

        Makes the content durable first. Only with `Capabilities.reads_back`.
        """

    def publish(self, mtime_ns: int) -> None:
        """Give the final name, atomically and durably; an older file is replaced.

        Once, after all is written. On an error the older file is still there. Without
        a known time the file has that of its writing.
        """

    def __enter__(self) -> Part: ...

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None: ...


class Provider(Protocol):
    """Access to the files of one site in one project."""

    capabilities: Capabilities

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        """Raise `SiteUnhealthyError` with the reason when these roots cannot be used.

        A root that the site does not have is the file's fault, not the site's: `locate`
        refuses it.
        Cheap (no transfer, no file made); called before each transfer and after errors.
        Idempotent.
        """

    def locate(self, rootless: str) -> str:
        """The storage's own path of a rootless path.

        Pure. Raises `PathError` for what leaves the root or cannot exist there.
        """

    def stat(self, path: str) -> Optional[FileStat]:
        """Size and time of the file at `path`; None when there is no such file.

        Raises `PermanentError` when a folder is in its place. Idempotent.
        """

    def open_reader(self, path: str) -> Reader:
        """Open for reading from the start.

        Raises `MissingSourceError` when there is no such file. Idempotent.
        """

    def create_part(self, path: str) -> Part:
        """Begin a temporary file for `path`; parent folders are made.

        Stale temporary files that this machine left in that folder are removed. Each
        call makes another part, so two writers of one path do not disturb each other.
        """

    def delete(self, path: str) -> None:
        """Remove the file at `path`; no error when it is not there. Idempotent."""


@dataclass(frozen=True)
class Upload:
    """A file of this machine that goes to `path`.

    `digest` (`algorithm:hex`, None = unknown) is what the storage must say of it.
    `tick` takes the bytes moved by each step; what it raises stops the upload.
    """

    local_path: str
    path: str
    size: int
    mtime_ns: int
    digest: Optional[str]
    tick: Callable[[int], None]


class FileTaker(Provider, Protocol):
    """A provider that moves whole files by itself (`Capabilities.takes_files`)."""

    def find_digest_algorithm(self) -> str:
        """The algorithm of the digests that `stat` gives; empty when it gives none."""

    def is_new(self, path: str) -> bool:
        """Whether a look at its folder a moment ago found nothing of this name.

        Spares a look at each file that is written. No when unsure; at worst a file
        that somebody else has just brought is written again.
        """

    def take_file(self, upload: Upload) -> bool:
        """Bring a file there and publish it; whether the storage's digest agreed.

        Where storage shows a file before it is whole, another name is used until its
        size and digest are right. Raises `CorruptError` when they are not; then what
        was written is gone.
        """

    def shares_store(self, other: Provider) -> bool:
        """Whether `copy_within` can copy from `other`'s paths to paths of this one."""

    def copy_within(
        self, source_path: str, path: str, tick: Callable[[int], None]
    ) -> None:
        """Copy and publish inside the storage; nothing comes through this machine."""


class ManyTaker(FileTaker, Protocol):
    """Moves many small files of this machine in few calls (`Capabilities.takes_many`).

    What is wrong with one file is in its place of the result; only what is wrong with
    the whole site is raised.
    """

    def are_new(self, paths: Sequence[str]) -> list[bool]:
        """As `is_new` for each path."""

    def find_many(
        self, paths: Sequence[str]
    ) -> list[Union[FileStat, TransferError, None]]:
        """As `stat` for each path, without times (0): they may cost a request each."""

    def take_many(
        self, uploads: Sequence[Upload], parallel: int
    ) -> list[Union[bool, TransferError]]:
        """As `take_file` for each, at most `parallel` at once.

        What a `tick` raises stops them all.
        """


# --- more than every storage can -----------------------------------------------------


@dataclass(frozen=True)
class WholeFile:
    """A file's content and what its handle told after it was read."""

    content: bytes
    stat: FileStat


@dataclass(frozen=True)
class NewFile:
    """A file to be made, as a whole."""

    path: str
    content: bytes
    mtime_ns: int


class BatchProvider(Provider, Protocol):
    """Moves many small files in few round trips (`Capabilities.batches`).

    A batch has at most `BATCH_FILES` files, `BATCH_BYTES` in all. What is wrong with
    one file is in its place of the result; only what is wrong with the whole site is
    raised.
    """

    def stat_many(
        self, paths: Sequence[str]
    ) -> list[Union[FileStat, TransferError, None]]:
        """As `stat`, for each path."""

    def read_many(self, paths: Sequence[str]) -> list[Union[WholeFile, TransferError]]:
        """Whole contents; what changed while it was read is an error."""

    def write_many(self, files: Sequence[NewFile]) -> list[Optional[TransferError]]:
        """Write to parts, read back, compare, publish; None = in place and proven."""


POLY1305 = "poly1305"
POLY1305_KEY = secrets.token_bytes(32)
"""For comparing what is in two places, beside the checksums that are recorded: its sum
costs a tenth of theirs, and nobody can make two contents that agree under a key of this
process."""


class DigestPart(Part, Protocol):
    """A part whose digest the storage's own computer may compute."""

    def compute_digest(
        self, algorithm: str, tick: Callable[[int], None]
    ) -> Optional[str]:
        """`algorithm:hex` of what the storage holds; None when it cannot after all.

        `tick(0)` is called while waiting.
        """


class DigestProvider(Provider, Protocol):
    """Storage with a computer of its own (`Capabilities.computes_digests`)."""

    def find_digest_algorithms(self) -> Sequence[str]:
        """What its parts can compute, the fastest first; empty when nothing.

        Raises `SiteUnhealthyError`.
        """


class ResumePart(Part, Protocol):
    """A part that may stay for a later run."""

    @property
    def token(self) -> str:
        """What `resume_part` finds it by."""

    def settle(self) -> None:
        """Wait until the storage has all that was written so far."""

    def keep(self) -> None:
        """Leave the temporary file when the context is left without `publish`."""


class FolderProvider(Provider, Protocol):
    """Storage with folders of its own (`Capabilities.has_folders`)."""

    def prune_folders(self, paths: Iterable[str]) -> None:
        """Remove the folders that these deleted files were in, and those above them,
        as far as they are empty; never a root, nor a folder in it.

        What cannot be removed stays. Raises nothing. Idempotent.
        """


class ResumeReader(Reader, Protocol):
    def seek(self, offset: int) -> None:
        """Read on from `offset`. Only before the first read."""


class ResumeProvider(Provider, Protocol):
    """Goes on where an interrupted run ended (`Capabilities.resumes`).

    Its readers are `ResumeReader`s, its parts `ResumePart`s.
    """

    def resume_part(self, path: str, token: str, offset: int) -> Optional[ResumePart]:
        """The part of an earlier run, to be written on from `offset`.

        None when it is gone or shorter. Nobody else may hold it: the caller sees to
        that.
        """

    def spare_parts(self, tokens: Collection[str]) -> None:
        """These parts are not left over, whatever they look like."""

    def discard_part(self, path: str, token: str) -> None:
        """Remove a part that nobody will go on with. Idempotent."""


class SpaceProvider(Provider, Protocol):
    """Storage that tells how full it is (`Capabilities.tells_space`)."""

    def find_free_bytes(self, root_names: Iterable[str]) -> Optional[int]:
        """What may still be written below these roots, the least of them.

        None when the storage does not tell after all. May be some seconds old.
        """


class BandwidthProvider(Provider, Protocol):
    """Bytes are moved by another process, which has to keep to the site's limit
    (`Capabilities.limits_bandwidth`)."""

    def set_bandwidth(self, bytes_per_second: Optional[float]) -> None:
        """Limit what the site's transfers move together, from now on; None = not.

        Cheap when it is as before: called with each step of each file.
        """
