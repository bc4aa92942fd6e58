"""S3 and what speaks its protocol."""

from __future__ import annotations

from ..base import SiteConfig
from .options import OptionError
from .provider import RcloneProvider
from .remotes import RemoteConfig

_OPTIONS = {
    "provider": "provider",
    "endpoint": "endpoint",
    "region": "region",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
    "storage_class": "storage_class",
    "server_side_encryption": "server_side_encryption",
}
"""Settings to rclone's options."""


class S3Provider(RcloneProvider):
    """A bucket, or a folder of one."""

    def __init__(self, config: SiteConfig) -> None:
        super().__init__(config, "s3")
        bucket = str(config.settings.get("bucket") or "").strip("/")
        self._roots = {
            name: f"/{bucket}/{root.strip('/')}".rstrip("/")
            for name, root in config.roots.items()
        }

    def _make_config(self) -> RemoteConfig:
        settings = self._config.settings
        if not settings.get("bucket"):
            raise OptionError("'s3 > bucket' is empty; name the bucket")
        options = {
            option: str(settings[key])
            for key, option in _OPTIONS.items()
            if settings.get(key)
        }
        # A bucket is never made, and one look after a put is ours.
        options.update(no_check_bucket="true", no_head="true")
        if not options.get("access_key_id"):
            options["env_auth"] = "true"
        if "force_path_style" in settings:
            is_forced = bool(settings["force_path_style"])
            options["force_path_style"] = "true" if is_forced else "false"
        return RemoteConfig("s3", options)
