"""Functions that other addons import under their known names.

Nothing of ours uses them; `utils` and `sitesync` give them out.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Mapping
from typing import Any, Callable, Optional, TypeVar

from . import host
from .published_workfile import PublishedWorkfile, find_linked_representations
from .server_api.host_client import HostClient
from .version import __version__
from .wait_window import open_wait_window

log = logging.getLogger(__name__)

R = TypeVar("R")


def time_function(method: Callable[..., R]) -> Callable[..., R]:
    """Decorator: log how many milliseconds a call took.

    A dict given as `log_time` gets them under `log_name`.
    """

    @functools.wraps(method)
    def timed(*args: Any, **kwargs: Any) -> R:
        started_at = time.monotonic()
        result = method(*args, **kwargs)
        milliseconds = (time.monotonic() - started_at) * 1000
        if "log_time" in kwargs:
            name = kwargs.get("log_name", method.__name__.upper())
            kwargs["log_time"][name] = int(milliseconds)
        else:
            log.debug("%r took %.2f ms", method.__name__, milliseconds)
        return result

    return timed


def get_linked_representation_id(
    project_name: str,
    repre_entity: Optional[Mapping[str, Any]],
    link_type: Optional[str],
    max_depth: Optional[int] = None,
) -> list[str]:
    """Ids of representations of versions that are linked into a representation's."""
    if not repre_entity:
        return []
    client = HostClient(host.find_site_id(), __version__)
    return find_linked_representations(
        client, project_name, repre_entity["versionId"], link_type, max_depth or 1
    )


def download_last_published_workfile(
    host_name: str,
    project_name: str,
    task_name: str,
    workfile_representation: Optional[Mapping[str, Any]],
    max_retries: int,
    anatomy: Any = None,
    sitesync_addon: Any = None,
) -> Optional[str]:
    """Bring a published workfile and its inputs here; its path, or None.

    `anatomy` and `max_retries` are not needed: roots and retries are in the settings.
    """
    addon = sitesync_addon or host.find_addon()
    if not workfile_representation or addon is None or not addon.enabled:
        return None
    download = addon.make_workfile_download(project_name)
    if download is None:
        return None
    version = (workfile_representation.get("context") or {}).get("version") or 0
    workfile = PublishedWorkfile(workfile_representation, int(version))
    linked = addon.find_workfile_inputs(project_name, workfile_representation)
    with open_wait_window("Published workfile", log) as watcher:
        path = download.bring(workfile, linked, watcher)
    return None if path is None else str(path)
