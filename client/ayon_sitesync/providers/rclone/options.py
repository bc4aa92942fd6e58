"""Options that settings may give to rclone: arguments by list, none that runs code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

SWITCHES = frozenset(
    {
        "--disable-http2",
        "--disable-http-keep-alives",
        "--fast-list",
        "--no-check-certificate",
    }
)
VALUED = frozenset(
    {
        "--bind",
        "--buffer-size",
        "--ca-cert",
        "--checkers",
        "--contimeout",
        "--drive-chunk-size",
        "--drive-pacer-burst",
        "--drive-pacer-min-sleep",
        "--dropbox-chunk-size",
        "--expect-continue-timeout",
        "--low-level-retries",
        "--max-buffer-memory",
        "--retries",
        "--s3-chunk-size",
        "--s3-upload-concurrency",
        "--s3-upload-cutoff",
        "--timeout",
        "--tpslimit",
        "--tpslimit-burst",
        "--transfers",
        "--user-agent",
    }
)
"""Arguments of `additional_args`. None of them carries a secret, names a program or
makes rclone listen or delete."""

_RUNS_CODE = re.compile(r"ssh|.*_command")
_WITHIN = ("remote", "upstreams")
"""Options that name other remotes, which rclone lets have options of their own, written
after a comma: `:sftp,ssh=…:`."""


class OptionError(Exception):
    """A setting names an option that is unknown or not allowed; says which ones are."""


def check_arguments(arguments: Iterable[str]) -> tuple[str, ...]:
    """`--name=value` for each of `additional_args`. Raises `OptionError`.

    A value may follow after `=`, after a blank, or as the next entry.
    """
    words = [word for entry in arguments for word in entry.split(None, 1)]
    checked = []
    pending = iter(words)
    for word in pending:
        name, has_value, value = word.partition("=")
        if name in SWITCHES:
            checked.append(word)
        elif name in VALUED:
            if not has_value:
                value = next(pending, "")
            if not value:
                raise OptionError(f"'additional_args': {name} needs a value")
            checked.append(f"{name}={value}")
        else:
            allowed = ", ".join(sorted(SWITCHES | VALUED))
            raise OptionError(
                f"'additional_args': '{name}' is not allowed (allowed: {allowed})"
            )
    return tuple(checked)


def find_backend(
    providers: Sequence[Mapping[str, Any]], kind: str
) -> Mapping[str, Any]:
    """rclone's own description of a type of storage. Raises `OptionError`."""
    wanted = kind.strip().lower()
    for provider in providers:
        if wanted in (provider["Name"], provider["Prefix"]):
            return provider
    known = [str(provider["Prefix"]) for provider in providers]
    raise OptionError(
        f"rclone knows no type '{kind}'{_suggest(wanted, known)}; see its list of"
        " storage systems"
    )


def check_options(backend: Mapping[str, Any], options: Mapping[str, str]) -> None:
    """Refuse options that the type has not, or that run programs.

    rclone itself ignores what it does not know. Raises `OptionError`.
    """
    known = [str(option["Name"]) for option in backend["Options"]]
    for name, value in options.items():
        if name in _WITHIN and "," in value:
            raise OptionError(
                f"'{name}' has a comma: remotes within remotes take no options; name"
                " one of rclone's configuration file"
            )
        if _RUNS_CODE.fullmatch(name):
            raise OptionError(f"'{name}' is not allowed: it names a program to run")
        if name not in known:
            raise OptionError(
                f"type '{backend['Name']}' has no option '{name}'"
                f"{_suggest(name, known)}"
            )


def list_secret_options(backend: Mapping[str, Any]) -> set[str]:
    """Options whose values must never be shown."""
    return {
        str(option["Name"])
        for option in backend["Options"]
        if option.get("IsPassword") or option.get("Sensitive")
    }


def _suggest(name: str, known: Sequence[str]) -> str:
    near: Optional[str] = next(iter(difflib.get_close_matches(name, known, 1)), None)
    return f" (is '{near}' meant?)" if near else ""
