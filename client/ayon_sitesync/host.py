"""What the addon asks of ayon_core; the only module besides the entries that does."""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

from ayon_core.lib import (
    get_launcher_local_dir,
    get_local_site_id,
    is_headless_mode_enabled,
)

from .paths import current_platform
from .wait_window import find_widgets

log = logging.getLogger(__name__)

NO_SITE_ID = "unknown-machine"
_OFF = ("0", "false", "no", "off")


def is_switched_off() -> bool:
    """Whether the environment switches Site Sync off in this process."""
    return os.environ.get("AYON_SITESYNC_ENABLED", "").strip().lower() in _OFF


def find_site_id() -> str:
    """This machine's site id; a name that is no site when AYON knows none."""
    try:
        return _read_site_id(os.environ.get("AYON_SITE_ID", ""))
    except (ValueError, OSError) as error:
        log.debug("This machine has no site id: %s", error)
        return NO_SITE_ID


@functools.lru_cache(maxsize=8)
def _read_site_id(named: str) -> str:
    """AYON reads a file each time; every call of the addon needs the id.

    `named` is what the environment says, which a command may change.
    """
    return str(get_local_site_id()).strip()


def find_platform() -> str:
    return current_platform()


def find_spool_folder() -> Path:
    """Where states wait for a server that could not be reached."""
    return Path(get_launcher_local_dir("sitesync", "spool"))


def find_log_folder() -> Path:
    return Path(get_launcher_local_dir("sitesync", "logs"))


def is_render_node() -> bool:
    """Whether this process publishes on a farm, where no later one will."""
    return any(
        re.fullmatch(r"1|true", os.environ.get(name, ""), re.IGNORECASE)
        for name in ("AYON_PUBLISH_JOB", "AYON_RENDER_JOB", "AYON_REMOTE_PUBLISH")
    )


def make_anatomy(project_name: str) -> Any:
    from ayon_core.pipeline import Anatomy  # noqa: PLC0415 - imports all of pyblish

    return Anatomy(project_name)


def find_addon() -> Any:
    """Site Sync's addon of this process, None without one."""
    from ayon_core.addon import AddonsManager  # noqa: PLC0415 - loads all addons

    return AddonsManager().get_enabled_addon("sitesync")


def prepare_windows() -> None:
    """Make a Qt application where this process, a launch of AYON, has none.

    Without a display, or without Qt, what would be shown is in the log.
    """
    is_linux = sys.platform.startswith("linux")
    if is_headless_mode_enabled() or (
        is_linux
        and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    ):
        return
    try:
        from ayon_core.tools.utils import get_ayon_qt_app  # noqa: PLC0415 - loads Qt

        get_ayon_qt_app()
    except Exception:
        # Qt's bindings raise what they like.
        log.debug("There will be no windows", exc_info=True)


def show_message(title: str, text: str) -> None:
    """Tell the user without waiting for him; without a display it is in the log."""
    log.warning("%s: %s", title, text)
    if is_headless_mode_enabled():
        return
    widgets = find_widgets()
    if widgets is None:
        return
    box = widgets.QMessageBox(widgets.QApplication.activeWindow())
    box.setWindowTitle(title)
    box.setText(text)
    # Shown beside what the user does; closed, it is deleted.
    box.finished.connect(lambda *_: box.deleteLater())
    box.open()
