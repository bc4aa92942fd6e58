"""What was typed, checked. An unusable value raises `InputError` naming its option."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from ..errors import InputError
from ..sites import LOCAL_SITE

# As long as the server takes them.
_SITE_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,255}")
_VARIANT = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]*")
_PROJECT_NAME = re.compile(r"[a-zA-Z0-9_]+")


@dataclass(frozen=True)
class Options:
    """A checked command line. `projects` empty = all that the user may read.

    `typed` holds what belongs to one command alone, as it was typed.
    """

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
    typed: argparse.Namespace = field(compare=False, repr=False)


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command takes."""
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


def add_own_site_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--site", metavar="NAME", help="the own site (default: AYON_SITE_ID)"
    )


def add_serve_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--serve",
        action="append",
        metavar="SITE",
        help="one more site that may be a source or target; may be repeated",
    )


def read_options(typed: argparse.Namespace, *, runs_at_site: bool) -> Options:
    """Options of a command that was typed, and of the environment.

    `runs_at_site`: the command needs the own site's name. For others it is told to
    the server when the environment has it.
    """
    return Options(
        command=typed.command,
        server_url=_check_url(typed.server),
        api_key=_read_key(typed.api_key_file),
        site_name=_check_own_site(typed.site) if runs_at_site else _find_machine(),
        projects=_check_names("--project", typed.project, _PROJECT_NAME),
        serve=_check_names("--serve", getattr(typed, "serve", None), _SITE_NAME),
        addon_version=_check_name("--addon-version", typed.addon_version, _VERSION),
        variant=_check_name(
            "--variant",
            typed.variant or os.environ.get("AYON_DEFAULT_SETTINGS_VARIANT"),
            _VARIANT,
        )
        or "production",
        once=getattr(typed, "once", False),
        as_json=typed.json,
        typed=typed,
    )


def check_site_names(option: str, values: Optional[Sequence[str]]) -> tuple[str, ...]:
    """Names of sites, each once. Raises `InputError` that names the option."""
    if values and LOCAL_SITE in values:
        raise InputError(
            f"{option}: 'local' means whichever machine says it; give a machine's id."
        )
    return _check_names(option, values, _SITE_NAME)


def _find_machine() -> Optional[str]:
    """This machine's id, where the environment tells one that can be used."""
    name = os.environ.get("AYON_SITE_ID") or ""
    return name if name != LOCAL_SITE and _SITE_NAME.fullmatch(name) else None


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
    return check_site_names("--site", [name])[0]


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
