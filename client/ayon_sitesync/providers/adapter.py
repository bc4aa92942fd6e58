"""Providers that were written for the existing addon, as this engine sees them.

Such a provider moves whole files between this machine and its storage and says nothing
of their sizes or content. So what it sent is brought back and compared, and what it
shall give is brought to a temporary file first. It writes under the final name: only
what its storage does by itself keeps half files from sight.
"""

from __future__ import annotations

import filecmp
import os
import posixpath
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Optional

from ..errors import (
    CorruptError,
    MissingSourceError,
    PermanentError,
    ResumableError,
    RetryableError,
    SiteSyncError,
    SiteUnhealthyError,
    TransferCancelledError,
    TransferError,
    map_os_error,
)
from ..paths import resolve_path
from .base import (
    UNKNOWN_TIME,
    Capabilities,
    FileStat,
    Provider,
    SiteConfig,
    Upload,
)
from .disk.files import O_BINARY, LocalReader
from .others import AbstractProvider
from .spool import SpooledPart, make_spool

MOST_FETCHED = 8
"""Files that were brought to tell their size and are not read yet."""


class AddonStandIn:
    """What those providers ask of the addon while they move a file."""

    LOG_PROGRESS_SEC = 5
    DEFAULT_PRIORITY = 50

    def __init__(self, size: int, tick: Callable[[int], None]) -> None:
        self._size = size
        self._tick = tick
        self._done = 0
        self.stopped: Optional[Exception] = None

    def is_representation_paused(self, *args: Any, **kwargs: Any) -> bool:
        """Whether to stop now, as such a provider asks between its steps."""
        try:
            self._tick(0)
        except SiteSyncError as error:
            self.stopped = error
        return self.stopped is not None

    def update_db(self, *args: Any, **kwargs: Any) -> None:
        """Takes `progress`, a part of 1; whatever else is told is known already."""
        progress = kwargs.get("progress")
        if isinstance(progress, (int, float)):
            self.finish(min(int(progress * self._size), self._size))

    def finish(self, done: int) -> None:
        """So many bytes are moved by now."""
        moved, self._done = max(0, done - self._done), max(self._done, done)
        self._tick(moved)


class _FetchedReader(LocalReader):
    """A file that was brought here, which goes when it is closed."""

    def __init__(self, spool: Path, path: str, site_name: str) -> None:
        super().__init__(os.open(spool, os.O_RDONLY | O_BINARY), path, site_name)
        self._spool = spool

    def stat(self) -> FileStat:
        # Its time is that of the download, and says nothing.
        return FileStat(super().stat().size, UNKNOWN_TIME)

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        super().__exit__(exc_type, exc, traceback)
        _discard(self._spool)


class AdaptedProvider:
    """A site whose files an `AbstractProvider` moves. One of them for each thread."""

    capabilities = Capabilities(reads_back=False, keeps_mtime=False, takes_files=True)

    def __init__(self, make: type[AbstractProvider], config: SiteConfig) -> None:
        """Raises `SiteUnhealthyError` when it cannot be made."""
        self._make = make
        self._config = config
        self._site_name = config.site_name
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._fetched: OrderedDict[str, tuple[Path, FileStat]] = OrderedDict()
        self._roots = self._find_roots()

    def _get(self) -> AbstractProvider:
        provider: Optional[AbstractProvider] = getattr(self._threads, "provider", None)
        if provider is None:
            with self._mapping_errors("", is_site=True):
                provider = self._make(
                    self._config.project_name,
                    self._site_name,
                    None,
                    {"roots": dict(self._config.roots), **self._config.settings},
                )
            self._threads.provider = provider
        return provider

    def _find_roots(self) -> Mapping[str, str]:
        """Of the settings where they have some, else what the provider says."""
        if any(self._config.roots.values()):
            return self._config.roots
        with self._mapping_errors("", is_site=True):
            found = self._get().get_roots_config() or {}
        roots = found.get("root") or found
        return {str(name): str(path) for name, path in roots.items()}

    # --- health and paths ------------------------------------------------------------

    def check_health(self, root_names: Iterable[str], *, writable: bool) -> None:
        with self._mapping_errors("", is_site=True):
            is_usable = self._get().is_active()
        if not is_usable:
            reason = "its provider says that it cannot be used; check its settings"
            raise SiteUnhealthyError(self._site_name, reason)

    def locate(self, rootless: str) -> str:
        return resolve_path(rootless, self._roots, "linux")

    # --- files -----------------------------------------------------------------------

    def stat(self, path: str) -> Optional[FileStat]:
        """Brings the file here: such a provider does not tell a size."""
        try:
            spool, found = self._fetch(path)
        except MissingSourceError:
            return None
        with self._lock:
            self._keep(path, spool, found)
        return found

    def _keep(self, path: str, spool: Path, found: FileStat) -> None:
        self._drop(path)
        self._fetched[path] = (spool, found)
        while len(self._fetched) > MOST_FETCHED:
            self._drop(next(iter(self._fetched)))

    def _drop(self, path: str) -> None:
        kept = self._fetched.pop(path, None)
        if kept is not None:
            _discard(kept[0])

    def open_reader(self, path: str) -> LocalReader:
        with self._lock:
            kept = self._fetched.pop(path, None)
        spool = kept[0] if kept is not None else self._fetch(path)[0]
        return _FetchedReader(spool, path, self._site_name)

    def _fetch(self, path: str) -> tuple[Path, FileStat]:
        with self._mapping_errors(path):
            spool = make_spool()
        try:
            self._download(path, spool)
            with self._mapping_errors(path):
                found = spool.stat()
        except BaseException:
            _discard(spool)
            raise
        return spool, FileStat(found.st_size, UNKNOWN_TIME)

    def _download(self, path: str, spool: Path) -> None:
        with self._mapping_errors(path):
            self._get().download_file(
                path,
                str(spool),
                AddonStandIn(0, _ignore),
                self._config.project_name,
                _describe_file(path, 0),
                {},
                self._site_name,
                overwrite=True,
            )

    def create_part(self, path: str) -> SpooledPart:
        return SpooledPart(path, self._site_name, self.take_file)

    def delete(self, path: str) -> None:
        with self._lock:
            self._drop(path)
        try:
            with self._mapping_errors(path):
                self._get().delete_file(path)
        except MissingSourceError:
            return

    # --- whole files -----------------------------------------------------------------

    def find_digest_algorithm(self) -> str:
        return ""

    def is_new(self, path: str) -> bool:
        return False

    def take_file(self, upload: Upload) -> bool:
        """Send it, bring it back, compare. True: what came back was the same."""
        with self._lock:
            older = self._fetched.pop(upload.path, None)
        try:
            self._send(upload)
        except BaseException:
            self._remove_half(upload.path, older[0] if older else None)
            raise
        finally:
            if older is not None:
                _discard(older[0])
        self._compare(upload)
        return True

    def _remove_half(self, path: str, older: Optional[Path]) -> None:
        """What a failed upload left under the final name, unless it is untouched."""
        with suppress(TransferError):
            spool, _ = self._fetch(path)
            try:
                with self._mapping_errors(path):
                    is_untouched = older is not None and filecmp.cmp(
                        spool, older, shallow=False
                    )
            finally:
                _discard(spool)
            if not is_untouched:
                self.delete(path)

    def _send(self, upload: Upload) -> None:
        addon = AddonStandIn(upload.size, upload.tick)
        with self._mapping_errors(upload.path):
            provider = self._get()
            provider.create_folder(posixpath.dirname(upload.path))
            provider.upload_file(
                upload.local_path,
                upload.path,
                addon,
                self._config.project_name,
                _describe_file(upload.path, upload.size),
                {},
                self._site_name,
                overwrite=True,
            )
        if addon.stopped is not None:
            raise addon.stopped
        addon.finish(upload.size)

    def _compare(self, upload: Upload) -> None:
        spool, _ = self._fetch(upload.path)
        try:
            with self._mapping_errors(upload.path):
                is_same = filecmp.cmp(spool, upload.local_path, shallow=False)
        finally:
            _discard(spool)
        if not is_same:
            self.delete(upload.path)
            raise CorruptError(
                f"'{upload.path}' came back from site '{self._site_name}' differently"
                " from what was sent."
            )

    def shares_store(self, other: Provider) -> bool:
        return False

    def copy_within(
        self, source_path: str, path: str, tick: Callable[[int], None]
    ) -> None:
        raise PermanentError(f"'{path}': this storage does not copy by itself.")

    # --- errors ----------------------------------------------------------------------

    @contextmanager
    def _mapping_errors(self, path: str, *, is_site: bool = False) -> Iterator[None]:
        """What code of others raises, as transfer errors. Its texts may hold secrets:
        only those of the system's own errors are told."""
        try:
            yield
        except (TransferError, TransferCancelledError):
            raise
        except Exception as error:
            if is_site:
                reason = f"its provider failed: {type(error).__name__}"
                raise SiteUnhealthyError(self._site_name, reason) from error
            if isinstance(error, FileExistsError):
                text = f"'{path}' is there and could not be replaced."
                raise PermanentError(text) from error
            if isinstance(error, OSError) and error.errno is not None:
                raise map_os_error(
                    error, path=path, site_name=self._site_name, is_source=True
                ) from error
            if isinstance(error, FileNotFoundError):
                text = f"'{path}' is missing on site '{self._site_name}'."
                raise MissingSourceError(text) from error
            is_told = isinstance(error, ResumableError)
            text = str(error) if is_told else type(error).__name__
            raise RetryableError(
                f"'{path}' on site '{self._site_name}': its provider failed: {text}"
            ) from error


def _discard(spool: Path) -> None:
    with suppress(OSError):
        spool.unlink()


def _describe_file(path: str, size: int) -> dict[str, Any]:
    return {"name": posixpath.basename(path), "path": path, "size": size}


def _ignore(moved: int) -> None:
    """The bytes are counted when the file that came is read."""
