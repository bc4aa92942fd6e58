from __future__ import annotations

import logging
from typing import Any


class PreLaunchHook:
    log = logging.getLogger("hooks")

    def __init__(self, application: Any, manager: Any, data: dict[str, Any]) -> None:
        self.application = application
        self.addons_manager = manager
        self.data = data
