"""One of many files that are brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..work import TransferFile


@dataclass(frozen=True)
class BatchJob:
    """A file to bring; `tick` as in `copy.Route`."""

    file: TransferFile
    tick: Callable[[int], None]
