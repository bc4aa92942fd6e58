"""What a command of the command line is."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Callable

from ..server_api.operator_client import OperatorClient
from .options import Options

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_UNREACHABLE = 3
EXIT_LOGIN_REFUSED = 4
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """`run` answers the exit code; it may raise `InputError` and `ServerError`.

    `runs_at_site`: it acts as one site's machine, whose name must be given.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Options, OperatorClient], int]
    runs_at_site: bool = False
    description: str = ""
