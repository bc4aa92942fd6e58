"""The AYON addon: what AYON asks for, handed on. Only AYON's processes load it."""

from __future__ import annotations

import os
import sys
from typing import Any

from ayon_core.addon import AYONAddon, click_wrap

from .cli import main
from .sites import STUDIO_SITE
from .version import __version__


class SiteSyncAddon(AYONAddon):
    """Site Sync in the launcher and in host applications."""

    name = "sitesync"
    version = __version__
    enabled = True

    DEFAULT_SITE = STUDIO_SITE

    @property
    def endpoint_prefix(self) -> str:
        """Where the server half answers, below the server's `/api`."""
        return f"addons/{self.name}/{self.version}"

    def cli(self, click_group: Any) -> None:
        group = click_wrap.group(
            self._cli_main, name=self.name, help="Commands of Site Sync."
        )
        command = group.command(
            self._cli_syncservice,
            name="syncservice",
            help="Perform transfers of a site until stopped.",
        )
        command.option(
            "-a",
            "--active_site",
            "--active-site",
            "active_site",
            help="Name of the own site",
            required=True,
        )
        click_group.add_command(group.to_click_obj())

    def _cli_main(self) -> None:
        """Sites and their transfers."""

    def _cli_syncservice(self, active_site: str) -> None:
        # The launcher put the server and the key into the environment.
        os.environ["AYON_SITE_ID"] = active_site
        sys.exit(main(["agent", "--addon-version", self.version]))
