"""Reading a remote's file as a stream through the daemon."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import Callable, Optional

from ...errors import TransferError
from ..base import FileStat
from .daemon import Session
from .errors import DaemonLostError


class RemoteReader:
    """An open file of a remote; the daemon is kept running until it is closed."""

    def __init__(
        self,
        in_use: AbstractContextManager[Session],
        fs: str,
        remote: str,
        found: FileStat,
        map_error: Callable[[Exception], TransferError],
    ) -> None:
        self._found = found
        self._map_error = map_error
        self._left = found.size
        self._remote = remote
        with ExitStack() as closing:
            session = closing.enter_context(in_use)
            self._response: HTTPResponse
            self._response, close = session.api.open(fs, remote, 0)
            closing.callback(close)
            self._closing = closing.pop_all()

    def readinto(self, buffer: memoryview) -> int:
        wanted = buffer[: min(len(buffer), self._left)]
        if not wanted:
            return 0
        try:
            count = self._response.readinto(wanted)
        except (OSError, HTTPException) as error:
            raise self._map_error(error) from error
        if not count:
            raise self._map_error(DaemonLostError("it broke off while it was read"))
        self._left -= count
        return count

    def stat(self) -> FileStat:
        """As it was when it was opened: what is open does not change any more."""
        return self._found

    def __enter__(self) -> RemoteReader:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._closing.close()
