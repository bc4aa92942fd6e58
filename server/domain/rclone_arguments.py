"""Arguments for rclone that settings may name.

The client keeps the same list and refuses the others; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def find_bad_argument(arguments: Iterable[str]) -> str | None:
    """Return what is wrong with the first bad argument, None if all are allowed.

    A value follows after `=`, after a blank, or as the next entry.
    """
    words = iter([word for entry in arguments for word in entry.split(None, 1)])
    for word in words:
        name, has_value, value = word.partition("=")
        if name in VALUED:
            if not (value if has_value else next(words, "")):
                return f"{name} needs a value"
        elif name not in SWITCHES:
            return f"{name} is not allowed"
    return None


def list_arguments() -> str:
    return ", ".join(sorted(SWITCHES | VALUED))
