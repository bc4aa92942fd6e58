"""Requests of the AYON addon, through the connection that AYON opened in this process.

Nothing logs in twice, and one connection is kept for all requests.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, Optional

import ayon_api
import requests

from ..errors import LoginRefusedError, ServerUnreachableError
from .state_client import StateClient

HOST_TIMEOUTS = (2.0, 5.0)
"""Seconds to connect, and to the first byte of an answer.

A host application stands still meanwhile, and AYON's connection tries three times.
"""

# ayon_api gives this function no types.
_get_connection: Callable[[], Optional[ayon_api.ServerAPI]] = (
    ayon_api.get_server_api_connection
)


class HostClient(StateClient):
    """The server as the addon sees it. Every method may raise `ServerError`."""

    def __init__(self, site_id: Optional[str], addon_version: str) -> None:
        super().__init__(
            "the AYON server",
            "",
            site_id,
            variant="production",
            own_version=addon_version,
            addon_version=addon_version,
        )
        self.timeouts = HOST_TIMEOUTS
        # AYON uses its connection from many threads, and a host application's own must
        # not wait for a slow request of another one.
        self._turn = nullcontext()

    def connect(self) -> ayon_api.ServerAPI:
        """AYON's own connection, as it is now: it may log in anew meanwhile."""
        try:
            connection = _get_connection()
        except (
            requests.exceptions.RequestException,
            ayon_api.exceptions.ServerError,
            ayon_api.exceptions.RequestError,
            ValueError,
        ) as error:
            raise ServerUnreachableError(f"There is no AYON server: {error}") from error
        if connection is None:
            raise LoginRefusedError("Nobody is logged in to AYON.")
        self._url = str(connection.get_base_url())
        self._variant = connection.get_default_settings_variant() or "production"
        return connection

    @property
    def variant(self) -> str:
        """Which settings are used: production, staging or a developer's bundle."""
        self.connect()
        return self._variant

    def read_login(self) -> tuple[str, str]:
        """Address and key of the connection, for an agent's own one."""
        connection = self.connect()
        return self._url, str(connection.access_token)

    # --- settings --------------------------------------------------------------------

    def read_shared_settings(self, project_name: str) -> dict[str, Any]:
        """The addon's settings in a project, without this machine's overrides."""
        endpoint = self._addon(f"settings/{project_name}")
        variant = self.variant
        settings: dict[str, Any] = self._request(
            "get", endpoint, params={"variant": variant}
        )
        return settings

    def read_studio_settings(self) -> dict[str, Any]:
        variant = self.variant
        settings: dict[str, Any] = self._request(
            "get", self._addon("settings"), params={"variant": variant}
        )
        return settings

    def read_settings(self, project_name: str) -> dict[str, Any]:
        self.connect()
        return super().read_settings(project_name)
