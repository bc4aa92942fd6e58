"""A remote of rclone, made in the running daemon's memory from settings.

Credentials go there once, over the private socket; every later call names the remote
only, so that no call, error or list of jobs holds them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .daemon import Session
from .options import check_options, find_backend, list_secret_options

PLAIN_PASSWORDS = ("pass", "password")
"""Options that settings hold as typed; rclone wants them obscured."""

_SECRET_KEYS = {
    "access_token",
    "client_secret",
    "private_key",
    "private_key_id",
    "refresh_token",
}
"""What is secret in an option that is JSON: tokens, keys of service accounts."""

_ADDRESS_PASSWORD = re.compile(r"://[^/\s:@]*:([^@\s]+)@")

_OPEN_OPTIONS = {"user", "host", "team_drive", "root_folder_id", "impersonate"}
"""Called sensitive by rclone, wanted in messages."""


@dataclass(frozen=True)
class RemoteConfig:
    """A type of storage and its options. `needs`: remotes that this one is made of.

    `is_obscured`: passwords are as in rclone's own files, not as typed.
    """

    kind: str
    options: Mapping[str, str] = field(repr=False)
    needs: tuple[RemoteConfig, ...] = ()
    is_obscured: bool = False

    @property
    def remote_name(self) -> str:
        """Its name in the daemon: the same for the same configuration."""
        content = json.dumps([self.kind, sorted(self.options.items())])
        return f"site-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def ensure_remote(session: Session, config: RemoteConfig) -> str:
    """The name of the remote in this session, made on first use.

    Raises `OptionError`, `RcError`, `DaemonLostError`.
    """
    with session.lock:
        return _make_remote(session, config)


def _make_remote(session: Session, config: RemoteConfig) -> str:
    name = config.remote_name
    if name in session.remotes:
        return name
    for needed in config.needs:
        _make_remote(session, needed)
    providers = session.call("config/providers", {})["providers"]
    backend = find_backend(providers, config.kind)
    check_options(backend, config.options)
    options = dict(config.options)
    secret = list_secret_options(backend) - _OPEN_OPTIONS
    # Before rclone sees one, in case it refuses.
    session.api.hide({*_list_texts(options, secret), *_list_logins(options)})
    for key in PLAIN_PASSWORDS:
        if options.get(key) and not config.is_obscured:
            answer = session.call("core/obscure", {"clear": options[key]})
            options[key] = str(answer["obscured"])
    session.api.hide(set(_list_texts(options, secret)))
    session.call(
        "config/create",
        {
            "name": name,
            "type": backend["Prefix"],
            "parameters": options,
            "opt": {"nonInteractive": True},
        },
    )
    session.remotes[name] = backend["Prefix"]
    return name


def _list_texts(options: Mapping[str, str], names: set[str]) -> Iterator[str]:
    """Values of `names`, and the texts inside of those that are JSON."""
    for name in names & set(options):
        value = options[name]
        yield value
        inner = _parse_object(value)
        if inner is not None:
            for key in _SECRET_KEYS & set(inner):
                text = str(inner[key])
                yield text
                yield json.dumps(text)[1:-1]


def _list_logins(options: Mapping[str, str]) -> Iterator[str]:
    """Passwords inside of addresses, and logins as HTTP sends them: a server that
    refuses may quote what it was sent."""
    for value in options.values():
        yield from _ADDRESS_PASSWORD.findall(value)
    for key in PLAIN_PASSWORDS:
        if options.get(key):
            login = f"{options.get('user', '')}:{options[key]}"
            yield base64.b64encode(login.encode()).decode()


def _parse_object(value: str) -> Optional[dict[str, Any]]:
    if not value.startswith("{"):
        return None
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
