"""Ids of agents, kept per machine, so that a restarted agent is known again.

The state folder holds `agent-<site>-<n>.id` files. A running agent holds the lock of
one: two agents on one machine differ, and one that was killed leaves its file to the
next. The system ends the lock with the process, however it ends.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Optional

from .paths import current_platform
from .transfer.journal import Journal

log = logging.getLogger(__name__)

MOST_AGENTS = 100
"""Of one site on one machine; beyond it an id is kept nowhere."""
_SEED = re.compile(r"[0-9a-f]{32}")
_LOCK_OFFSET = 1024
"""Windows locks bytes: this one is behind the content, which others may read."""


def find_state_folder(environment: Mapping[str, str], platform: str) -> Optional[Path]:
    """Where this machine keeps what is no setting; None when nothing says where.

    Who makes it makes it for his user alone.
    """
    if platform == "windows":
        base = environment.get("LOCALAPPDATA")
        return Path(base, "ayon-sitesync") if base else None
    home = environment.get("HOME")
    if platform == "darwin":
        support = "Library/Application Support/ayon-sitesync"
        return Path(home, support) if home else None
    base = environment.get("XDG_STATE_HOME")
    if base:
        return Path(base, "ayon-sitesync")
    return Path(home, ".local", "state", "ayon-sitesync") if home else None


def find_journal(agent_id: str) -> Optional[Journal]:
    """The agent's own journal, which passes on with its id."""
    folder = find_state_folder(os.environ, current_platform())
    return Journal(folder / "journal" / agent_id) if folder else None


@contextmanager
def hold_agent_id(site_name: str, login: str) -> Iterator[str]:
    """The id of this agent, 32 hex characters, its own while the context lasts.

    `login` is the server's address and the key: elsewhere, and as another user, the
    same machine has another id. Without a usable folder the id is a new one.
    """
    folder = find_state_folder(os.environ, current_platform())
    held = _open_first_free(folder, site_name) if folder else None
    if held is None:
        yield uuid.uuid4().hex
        return
    with held:
        # The file tells nothing of the login, and alone gives no id away.
        key = bytes.fromhex(_read_seed(held))
        yield hmac.new(key, login.encode(), hashlib.sha256).hexdigest()[:32]


def _open_first_free(folder: Path, site_name: str) -> Optional[IO[str]]:
    name = re.sub(r"[^a-zA-Z0-9_.-]", "_", site_name)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        for number in range(MOST_AGENTS):
            file = _open_locked(folder / f"agent-{name}-{number}.id")
            if file is not None:
                return file
    except OSError as error:
        log.warning("The agent's id cannot be kept in '%s': %s", folder, error)
    return None


def _open_locked(path: Path) -> Optional[IO[str]]:
    """The file with its lock held until it is closed; None when another has it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        _lock(file.fileno())
    except BlockingIOError:
        file.close()
        return None
    except BaseException:
        file.close()
        raise
    return file


def _read_seed(file: IO[str]) -> str:
    text = file.read(_LOCK_OFFSET)
    if _SEED.fullmatch(text):
        return text
    seed = uuid.uuid4().hex
    file.seek(0)
    file.truncate()
    file.write(seed)
    file.flush()
    os.fsync(file.fileno())
    return seed


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCK_OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(str(error)) from error
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
