"""The command line: `agent` performs transfers, `status` shows totals.

Exit codes: 0 done and nothing failed, 1 some transfers failed, 2 wrong use, 3 the
server cannot be reached, 4 the server refuses the login.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ..errors import (
    InputError,
    LoginRefusedError,
    ServerError,
    ServerUnreachableError,
)
from .agent_command import run_agent_command
from .options import parse_options
from .status_command import run_status_command

EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_UNREACHABLE = 3
EXIT_LOGIN_REFUSED = 4


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    # What ayon_api warns of is told as a problem, with what is done about it.
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    try:
        options = parse_options(arguments)
        if options.command == "agent":
            return run_agent_command(options)
        return run_status_command(options)
    except InputError as error:
        return _fail(error, EXIT_WRONG_USE)
    except ServerUnreachableError as error:
        return _fail(error, EXIT_UNREACHABLE)
    except LoginRefusedError as error:
        return _fail(error, EXIT_LOGIN_REFUSED)
    except ServerError as error:
        return _fail(error, EXIT_FAILED)


def _fail(error: Exception, code: int) -> int:
    print(f"ayon_sitesync: {error}", file=sys.stderr)
    return code
