"""ayon_api's connection, with an end for the sockets of its live events."""

from __future__ import annotations

from typing import Any

import ayon_api


class Connection(ayon_api.ServerAPI):
    """Closes websockets that its hub of events has done with.

    The hub shuts a websocket down and drops it, which leaves an open socket unless some
    thread reads it at that moment.
    """

    _websocket: Any = None

    def create_websocket(self, *args: Any, **kwargs: Any) -> Any:
        """As in ayon_api. Who asks for another one has lost the one before."""
        self.close_websocket()
        self._websocket = super().create_websocket(*args, **kwargs)
        return self._websocket

    def close_websocket(self) -> None:
        """Close the latest; to be called once the hub has stopped."""
        websocket, self._websocket = self._websocket, None
        if websocket is not None:
            websocket.shutdown()
