"""The command line: transfers, the queue, checks of files, and what may be wrong.

Exit codes: see `parser.EXIT_CODES`.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence

from ..errors import (
    InputError,
    LoginRefusedError,
    RequestRefusedError,
    ServerUnreachableError,
    SiteSyncError,
    describe_origin,
)
from ..printable import LineFormatter
from .command import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_LOGIN_REFUSED,
    EXIT_UNREACHABLE,
    EXIT_WRONG_USE,
    Command,
)
from .connection import make_client
from .options import Options
from .output import print_error
from .parser import parse_command

_EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InputError, EXIT_WRONG_USE),
    (ServerUnreachableError, EXIT_UNREACHABLE),
    (LoginRefusedError, EXIT_LOGIN_REFUSED),
    (KeyboardInterrupt, EXIT_INTERRUPTED),
    (SiteSyncError, EXIT_FAILED),
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    _take_any_text()
    # What ayon_api warns of is told as a problem, with what is done about it.
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    try:
        command, options = parse_command(arguments)
        return _run(command, options)
    except (SiteSyncError, KeyboardInterrupt) as error:
        print_error(str(error) or "stopped; what is done stays done")
        return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
    except BrokenPipeError:
        # Who read our output (`| head`) has enough. Nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        # A fault of ours, or of a studio's own provider, whose words may hold what it
        # was given: only where it was is told.
        print_error(f"unexpected {describe_origin(error)}")
        return EXIT_FAILED


def _take_any_text() -> None:
    """Have what our output cannot show written as `\\u30d5`.

    Windows writes to files and pipes in an encoding that lacks most of the world's
    names, and none of them may end an agent.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(command: Command, options: Options) -> int:
    client = make_client(options)
    try:
        return command.run(options, client)
    except RequestRefusedError as error:
        meaning = client.explain_refusal(error)
        if meaning is None:
            raise
        raise InputError(meaning) from error
    finally:
        client.close()
