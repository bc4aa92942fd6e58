"""What became of a file that is in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..errors import TransferError


@dataclass(frozen=True)
class CopyResult:
    """A file that is in place. `moved` is False when it was there already.

    `source_read`: the source's whole content was read and compared too.
    """

    size: int
    checksum: str
    proof: str
    moved: bool
    source_read: bool


Outcome = Union[CopyResult, TransferError]
"""What became of one file of a batch."""
