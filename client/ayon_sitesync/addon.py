"""The AYON addon: what AYON asks for, handed on. Only AYON's processes load it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Optional

from ayon_core.addon import AYONAddon, IPluginPaths, ITrayAddon, click_wrap

from . import host
from .compat_api import CompatApi
from .version import __version__
from .wake import WAKE_PATH

PACKAGE = Path(__file__).parent
PUBLISH_PLUGINS = str(PACKAGE / "plugins" / "publish")
LAUNCH_HOOKS = str(PACKAGE / "launch_hooks")
HTTP_NO_CONTENT = 204


class SiteSyncAddon(CompatApi, AYONAddon, ITrayAddon, IPluginPaths):
    """Site Sync in the launcher and in host applications."""

    name = "sitesync"
    version = __version__
    enabled = True

    _tray: Any = None

    def initialize(self, settings: Optional[dict[str, Any]] = None) -> None:
        """Called for every process of AYON: asks nobody anything.

        Whether a project uses Site Sync is the project's setting.
        """
        self.enabled = not host.is_switched_off()
        self._prepare_state()

    @property
    def endpoint_prefix(self) -> str:
        """Where the server half answers, below the server's `/api`."""
        return f"addons/{self.name}/{self.version}"

    @property
    def is_running(self) -> bool:
        """Whether transfers are performed by this process."""
        return self._tray is not None and self._tray.agent.is_running

    def on_host_install(self, *args: Any, **kwargs: Any) -> None:
        """A host application runs: what an earlier one could not tell is told."""
        if self.enabled:
            self._services.replay_later()

    # --- plugins and hooks -----------------------------------------------------------

    def get_plugin_paths(self) -> dict[str, list[str]]:
        return {"publish": [PUBLISH_PLUGINS]}

    def get_publish_plugin_paths(self, host_name: Optional[str] = None) -> list[str]:
        return [PUBLISH_PLUGINS]

    def get_launch_hook_paths(self, app: Any = None) -> list[str]:
        return [LAUNCH_HOOKS]

    # --- tray ------------------------------------------------------------------------

    def tray_init(self) -> None:
        if not self.enabled:
            return
        from .tray_service import TrayService  # noqa: PLC0415 - the tray's alone

        self._tray = TrayService(
            self._services, host.find_log_folder(), self._show_notification
        )

    def tray_menu(self, tray_menu: Any) -> None:
        if self._tray is not None:
            self._tray.make_menu(tray_menu)

    def tray_start(self) -> None:
        if self._tray is not None:
            self._tray.start()

    def tray_exit(self) -> None:
        if self._tray is not None:
            self._tray.stop()

    server_init, server_start, server_exit = tray_init, tray_start, tray_exit

    def webserver_initialization(self, web_manager: Any) -> None:
        """Other processes of this machine wake the agent by a request to the tray."""
        from aiohttp import web  # noqa: PLC0415 - only the tray's web server has it

        async def reset_timer(request: Any) -> Any:
            self._services.wake.receive()
            return web.Response(status=HTTP_NO_CONTENT)

        web_manager.add_route("POST", WAKE_PATH, reset_timer)

    def _show_notification(self, text: str) -> None:
        """Called from the agent's thread. Core's own `execute_in_main_thread` of an
        addon asks the tray for an attribute that it does not have."""
        tray = self._tray_manager
        if tray is not None:
            show = tray.show_tray_message
            tray.execute_in_main_thread(lambda: show("Site Sync", text))

    # --- command line ----------------------------------------------------------------

    def cli(self, click_group: Any) -> None:
        group = click_wrap.group(
            self._cli_main, name=self.name, help="Commands of Site Sync."
        )
        for name in ("syncservice", "syncserver"):
            command = group.command(
                self._cli_syncservice,
                name=name,
                help="Perform transfers of a site until stopped.",
            )
            command.option(
                "-a",
                "--active_site",
                "--active-site",
                "active_site",
                help="Name of the own site (default: AYON_SITE_ID)",
                default=None,
            )
        click_group.add_command(group.to_click_obj())

    def _cli_main(self) -> None:
        """Sites and their transfers."""

    def _cli_syncservice(self, active_site: Optional[str]) -> None:
        from .cli import main  # noqa: PLC0415 - a command's alone

        # The launcher put the server and the key into the environment.
        if active_site:
            os.environ["AYON_SITE_ID"] = active_site
        sys.exit(main(["agent", "--addon-version", self.version]))
