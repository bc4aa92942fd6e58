"""Provider codes to classes; the only place that lists providers.

Classes are named, not imported: a provider's own dependencies load on first use.
"""

from __future__ import annotations

import importlib
from typing import Callable, cast

from ..errors import WRONG_SETTING, SiteUnhealthyError
from .base import Provider, SiteConfig

PROVIDERS = {
    "local_drive": "local_drive:LocalDriveProvider",
    "sftp": "sftp:SftpProvider",
    "s3": "rclone.s3:S3Provider",
    "rclone": "rclone.any_remote:AnyRemoteProvider",
    "gdrive": "rclone.gdrive:GoogleDriveProvider",
    "dropbox": "rclone.dropbox:DropboxProvider",
}


def make_provider(code: str, config: SiteConfig) -> Provider:
    """A provider of kind `code` for one site.

    Raises `SiteUnhealthyError` for a kind that this version does not have.
    """
    target = PROVIDERS.get(code)
    if target is None:
        allowed = ", ".join(sorted(PROVIDERS))
        raise SiteUnhealthyError(
            config.site_name,
            f"provider '{code}' is not in this version of Site Sync (has: {allowed})",
            WRONG_SETTING,
        )
    module_name, class_name = target.split(":")
    module = importlib.import_module(f".{module_name}", __package__)
    make = cast("Callable[[SiteConfig], Provider]", getattr(module, class_name))
    return make(config)
