"""Is this the server it was? Host keys against settings and known hosts.

The order: a key or fingerprint in the settings alone decides; else the user's and the
system's known hosts and those that this machine accepted before; else first use, which
the settings accept or refuse. A key that differs from a known one is always refused.
"""

from __future__ import annotations

import hmac
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import SiteUnhealthyError
from ..variables import expand_home
from .options import DEFAULT_PORT, SshOptions

log = logging.getLogger(__name__)

REVOKED = "@revoked "
LINE_END = "\n"

_write_lock = threading.Lock()


def check_host_key(paramiko: Any, options: SshOptions, key: Any) -> None:
    """Raise `SiteUnhealthyError` unless `key` is the server's.

    With `accept_first_use` an unknown server's key is remembered.
    """
    shown = f"{key.get_name()} {key.fingerprint}"
    if options.host_key:
        if not _matches_setting(options.host_key, key):
            raise _refuse(
                options,
                f"has the host key {shown}, the settings ('sftp_host_key') name"
                " another",
            )
        return
    name = _name_host(options)
    keys = _read_known(paramiko, options)
    if key.asbytes() in keys.revoked:
        raise _refuse(options, f"has the host key {shown}, which was revoked")
    known = keys.find(name)
    if any(hmac.compare_digest(one.asbytes(), key.asbytes()) for one in known):
        return
    if known:
        raise _refuse(
            options,
            f"has another host key than before: {shown}. Somebody may be in between."
            " If the server was set up anew, put its fingerprint into 'sftp_host_key'"
            f" or remove '{name}' from {' and '.join(_list_files(options))}",
        )
    if not options.accept_first_use:
        raise _refuse(
            options,
            f"is not known; its host key is {shown}. Compare it with the server's and"
            " put the fingerprint into 'sftp_host_key' or the key into known_hosts",
        )
    if not options.state_folder:
        raise _refuse(
            options,
            f"is not known; its host key is {shown}, and there is no folder to remember"
            " it in: set HOME (Windows: LOCALAPPDATA), or put the fingerprint into"
            " 'sftp_host_key'",
        )
    _remember(options, name, key)
    log.warning(
        "Site '%s': first contact with %s; its host key %s is remembered",
        options.site_name,
        name,
        shown,
    )


def list_known_types(paramiko: Any, options: SshOptions) -> list[str]:
    """Key types that are known of the server, to ask it for one of those."""
    if options.host_key:
        first = options.host_key.split(" ")[0]
        return [] if ":" in first or " " not in options.host_key else [first]
    known = _read_known(paramiko, options).find(_name_host(options))
    return [str(key.get_name()) for key in known]


def _matches_setting(wanted: str, key: Any) -> bool:
    """`SHA256:<base64>`, or a public key as in known_hosts or a .pub file."""
    words = wanted.split()
    found = {key.fingerprint.rstrip("="), key.get_base64()}
    return any(word.rstrip("=") in {f.rstrip("=") for f in found} for word in words)


def _name_host(options: SshOptions) -> str:
    """A host's name as known_hosts files write it."""
    host = options.host.lower()
    return host if options.port == DEFAULT_PORT else f"[{host}]:{options.port}"


def _own_file(options: SshOptions) -> Path:
    return Path(options.state_folder, "known_hosts")


def _list_files(options: SshOptions) -> list[str]:
    """Where keys are known from: the user's, the system's, this machine's."""
    files = [str(expand_home("~/.ssh/known_hosts")), "/etc/ssh/ssh_known_hosts"]
    return [*files, str(_own_file(options))] if options.state_folder else files


class _KnownKeys:
    """The keys of several files. What is no entry in them hides no other.

    `revoked`: keys that are no server's any more, whatever its name.
    """

    def __init__(self, paramiko: Any) -> None:
        self._paramiko = paramiko
        self._entries = paramiko.HostKeys()
        self.revoked: set[bytes] = set()

    def read(self, file: str) -> None:
        """Raises `OSError`."""
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            is_revoked = line.startswith(REVOKED)
            entry = self._parse(line[len(REVOKED) :] if is_revoked else line)
            if entry is None:
                continue
            if is_revoked:
                self.revoked.add(entry.key.asbytes())
            else:
                self._entries._entries.append(entry)

    def _parse(self, line: str) -> Any:
        """None for a line that is no entry: a note, of another kind, cut off."""
        line = line.strip()
        if not line or line.startswith("#"):
            return None
        try:
            return self._paramiko.hostkeys.HostKeyEntry.from_line(line)
        except (
            self._paramiko.SSHException,
            self._paramiko.hostkeys.InvalidHostKey,
            ValueError,
        ):
            return None

    def find(self, name: str) -> list[Any]:
        """Every key that is known of a host."""
        found = self._entries.lookup(name)
        entries = found._entries if found is not None else ()
        return [entry.key for entry in entries if entry.key is not None]


def _read_known(paramiko: Any, options: SshOptions) -> _KnownKeys:
    known = _KnownKeys(paramiko)
    for file in _list_files(options):
        with suppress(OSError):
            known.read(file)
    return known


def _remember(options: SshOptions, name: str, key: Any) -> None:
    path = _own_file(options)
    line = f"{name} {key.get_name()} {key.get_base64()}\n"
    try:
        with _write_lock:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "rb+") as file:
                is_cut = file.read()[-1:] not in (b"", b"\n")
                file.write(f"{LINE_END if is_cut else ''}{line}".encode())
    except OSError as error:
        raise _refuse(
            options, f"is not known and could not be remembered in {path}: {error}"
        ) from error


def _refuse(options: SshOptions, problem: str) -> SiteUnhealthyError:
    return SiteUnhealthyError(
        options.site_name, f"server {_name_host(options)} {problem}."
    )
