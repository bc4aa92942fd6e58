"""The folder that `up` keeps its state in, and what is in it.

`postgres/` the database, `addons/` unpacked zips, `devhost.json` keys of the users and
what runs now, `lock` held while a devhost runs.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devhost.accounts import Credentials


class DataFolderError(Exception):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @property
    def postgres_dir(self) -> Path:
        return self.path / "postgres"

    @property
    def addons_dir(self) -> Path:
        return self.path / "addons"

    @property
    def _state_file(self) -> Path:
        return self.path / "devhost.json"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Make the folder and hold it for one devhost.

        :raises DataFolderError: it cannot be written, or another devhost holds it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            msg = f"{self.path} cannot be written: {error.strerror}"
            raise DataFolderError(msg) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            msg = f"{self.path} is in use by another devhost"
            raise DataFolderError(msg) from error
        try:
            yield
        finally:
            self.update_state(url=None)
            os.close(descriptor)

    def read_state(self) -> dict[str, Any]:
        """What is known of earlier and running devhosts; empty at first.

        :raises DataFolderError: the file is damaged.
        """
        try:
            state: dict[str, Any] = json.loads(self._state_file.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            msg = f"{self._state_file} cannot be read, choose a new folder: {error}"
            raise DataFolderError(msg) from error
        return state

    def update_state(self, **values: Any) -> None:
        """Merge values into the state file, which only its owner may read."""
        if not self.path.is_dir():
            return
        state = {**self.read_state(), **values}
        temporary = self._state_file.with_suffix(".new")
        descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(state, file, indent=2)
        temporary.replace(self._state_file)

    def read_credentials(self) -> Credentials:
        """The users' keys, made at the first call."""
        state = self.read_state()
        if "credentials" not in state:
            self.update_state(credentials=Credentials.generate().to_json())
            state = self.read_state()
        return Credentials(**state["credentials"])
