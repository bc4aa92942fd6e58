"""From words on the command line to a command and its options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..version import __version__
from .command import Command
from .commands import COMMANDS
from .options import Options, add_shared_arguments, read_options

EXIT_CODES = (
    "Exit codes: 0 done and nothing is wrong; 1 something failed or is wrong; 2 wrong"
    " use; 3 the server cannot be reached; 4 the server refuses the login; 130 stopped"
    " by Ctrl-C."
)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ayon_sitesync",
        allow_abbrev=False,
        description="Site Sync without a launcher.",
        epilog=(
            "The API key comes from the environment variable AYON_API_KEY or from"
            f" --api-key-file, never from the command line. {EXIT_CODES}"
        ),
    )
    parser.add_argument("--version", action="version", version=__version__)
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        own = chosen.add_parser(
            command.name,
            allow_abbrev=False,
            help=command.summary,
            description=command.description or command.summary,
            epilog=EXIT_CODES,
        )
        command.add_arguments(own)
        add_shared_arguments(own)
    return parser


def parse_command(arguments: Sequence[str]) -> tuple[Command, Options]:
    """The command that was typed, and its options.

    Raises `InputError` that names an option. argparse itself ends the process with
    code 2 for an unknown one.
    """
    parser = make_parser()
    typed, others = parser.parse_known_args(arguments)
    if others:
        # argparse takes all words at one place only: `--all` may stand between them.
        are_words = not any(word.startswith("-") for word in others)
        if not (are_words and hasattr(typed, "which")):
            parser.error(f"unrecognized arguments: {' '.join(others)}")
        typed.which += others
    command = next(one for one in COMMANDS if one.name == typed.command)
    return command, read_options(typed, runs_at_site=command.runs_at_site)
