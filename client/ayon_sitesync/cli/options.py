"""What was typed, checked. An unusable value raises `InputError` naming its option."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from ..errors import InputError
from ..sites import LOCAL_SITE
from ..version import __version__

# As long as the server takes them.
_SITE_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,255}")
_VARIANT = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]*")
_PROJECT_NAME = re.compile(r"[a-zA-Z0-9_]+")


@dataclass(frozen=True)
class Options:
    """A checked command line. `projects` empty = all that the user may read."""

    command: str
    server_url: str
    api_key: str
    site_name: Optional[str]
    projects: tuple[str, ...]
    serve: tuple[str, ...]
    addon_version: Optional[str]
    variant: str
    once: bool
    as_json: bool


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ayon_sitesync",
        allow_abbrev=False,
        description="Site Sync without a launcher.",
        epilog=(
            "The API key comes from the environment variable AYON_API_KEY or from"
            " --api-key-file, never from the command line. Exit codes: 0 done and"
            " nothing failed, 1 some transfers failed, 2 wrong use, 3 the server"
            " cannot be reached, 4 the server refuses the login."
        ),
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    agent = commands.add_parser(
        "agent", allow_abbrev=False, help="perform transfers of a site"
    )
    _add_shared(agent)
    agent.add_argument(
        "--site", metavar="NAME", help="the own site (default: AYON_SITE_ID)"
    )
    agent.add_argument(
        "--serve",
        action="append",
        metavar="SITE",
        help="one more site that may be a source or target; may be repeated",
    )
    agent.add_argument(
        "--once", action="store_true", help="end when nothing is pending"
    )
    status = commands.add_parser(
        "status", allow_abbrev=False, help="show totals per site"
    )
    _add_shared(status)
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", metavar="URL", help="the AYON server (default: AYON_SERVER_URL)"
    )
    parser.add_argument(
        "--project",
        action="append",
        metavar="P",
        help="a project; may be repeated (default: all that the user may read)",
    )
    parser.add_argument("--api-key-file", metavar="F", help="a file holding the key")
    parser.add_argument(
        "--addon-version",
        metavar="V",
        help="version of the addon on the server (default: that of the bundle)",
    )
    parser.add_argument(
        "--variant",
        metavar="V",
        help="production, staging or a developer bundle (default: production)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, one object on a line"
    )


def parse_options(arguments: Sequence[str]) -> Options:
    """Options from the command line and the environment.

    argparse itself ends the process with code 2 for an unknown option.
    """
    typed = make_parser().parse_args(arguments)
    is_agent = typed.command == "agent"
    return Options(
        command=typed.command,
        server_url=_check_url(typed.server),
        api_key=_read_key(typed.api_key_file),
        site_name=_check_own_site(typed.site) if is_agent else None,
        projects=_check_names("--project", typed.project, _PROJECT_NAME),
        serve=_check_names("--serve", typed.serve, _SITE_NAME) if is_agent else (),
        addon_version=_check_name("--addon-version", typed.addon_version, _VERSION),
        variant=_check_name(
            "--variant",
            typed.variant or os.environ.get("AYON_DEFAULT_SETTINGS_VARIANT"),
            _VARIANT,
        )
        or "production",
        once=is_agent and typed.once,
        as_json=typed.json,
    )


def _check_url(value: Optional[str]) -> str:
    url = value or os.environ.get("AYON_SERVER_URL") or ""
    if not url:
        raise InputError(
            "--server: give the AYON server's address, or AYON_SERVER_URL."
        )
    if not _is_address(url):
        raise InputError(f"--server: '{url}' is no address like http://ayon:5000.")
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        return False
    return has_host and parts.scheme in ("http", "https")


def _read_key(file_name: Optional[str]) -> str:
    if not file_name:
        key = os.environ.get("AYON_API_KEY", "").strip()
        if not key:
            raise InputError(
                "No API key: set AYON_API_KEY or name a file with --api-key-file."
            )
        if not _is_key(key):
            raise InputError("AYON_API_KEY must hold one key alone.")
        return key
    try:
        key = Path(file_name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(
            f"--api-key-file: '{file_name}' cannot be read: {reason}."
        ) from error
    if not _is_key(key):
        raise InputError(f"--api-key-file: '{file_name}' must hold one key alone.")
    return key


def _is_key(text: str) -> bool:
    """One word that a header can hold. The key itself is never told."""
    return len(text.split()) == 1 and text.isascii() and text.isprintable()


def _check_own_site(value: Optional[str]) -> str:
    name = value or os.environ.get("AYON_SITE_ID")
    if not name and os.environ.get("AYON_LOCAL_ID"):
        name = os.environ["AYON_LOCAL_ID"]
        print("AYON_LOCAL_ID is an old name; set AYON_SITE_ID.", file=sys.stderr)
    if not name:
        raise InputError("--site: give the own site's name, or AYON_SITE_ID.")
    if name == LOCAL_SITE:
        raise InputError(
            "--site: 'local' means whichever machine says it; give this machine's id."
        )
    return _check_names("--site", [name], _SITE_NAME)[0]


def _check_name(
    option: str, value: Optional[str], allowed: re.Pattern[str]
) -> Optional[str]:
    return _check_names(option, [value], allowed)[0] if value else None


def _check_names(
    option: str, values: Optional[Sequence[str]], allowed: re.Pattern[str]
) -> tuple[str, ...]:
    for value in values or ():
        if not allowed.fullmatch(value):
            raise InputError(
                f"{option}: '{value}' is not allowed; use {allowed.pattern}."
            )
    return tuple(dict.fromkeys(values or ()))
