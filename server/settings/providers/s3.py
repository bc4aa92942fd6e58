"""S3 and what speaks its protocol."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED, PathPerPlatform


class S3Settings(BaseSettingsModel):
    """Specific settings for S3 sites: Amazon's or any other server of that protocol.

    Without an access key the machine's own credentials are used, as AWS tools find
    them.
    """

    _layout: str = "expanded"

    provider: str = SettingsField(
        "AWS",
        title="Vendor",
        scope=SHARED,
        description="Who made the server, as rclone names it: AWS, Minio, Ceph, Other",
    )
    endpoint: str = SettingsField(
        "",
        title="Endpoint",
        scope=SHARED,
        description="https://s3.studio.com; empty for Amazon",
    )
    region: str = SettingsField("", title="Region", scope=SHARED)
    bucket: str = SettingsField(
        "",
        title="Bucket",
        scope=SHARED,
        description="It must exist; it is never made",
    )
    access_key_id: str = SettingsField("", title="Access key id", scope=EVERYWHERE)
    secret_access_key: str = SettingsField(
        "", title="Secret access key", scope=EVERYWHERE
    )
    session_token: str = SettingsField("", title="Session token", scope=EVERYWHERE)
    force_path_style: bool = SettingsField(
        True,
        title="Bucket in the path",
        scope=SHARED,
        description="Most servers besides Amazon's want it",
    )
    storage_class: str = SettingsField("", title="Storage class", scope=SHARED)
    server_side_encryption: str = SettingsField(
        "",
        title="Server-side encryption",
        scope=SHARED,
        description="Empty, AES256 or aws:kms",
    )
    roots: str = SettingsField(
        "",
        title="Root folder",
        scope=SHARED,
        description="Folder in the bucket",
    )
    rclone_executable_path: PathPerPlatform = SettingsField(
        default_factory=PathPerPlatform,
        title="RClone Executable Path",
        scope=SHARED,
        description=(
            "Path to the rclone program that moves the files; empty means the addon's "
            "own or the one on PATH. Environment variables: {LOCALAPPDATA}/path."
        ),
    )
