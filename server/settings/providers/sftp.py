"""SFTP."""

from __future__ import annotations

from ...host import BaseSettingsModel, SettingsField
from .paths import EVERYWHERE, SHARED, PathsPerPlatform


class SftpSettings(BaseSettingsModel):
    """Specific settings for SFTP sites: a password or a key authenticates.

    The key is the private one, in OpenSSH format (not .ppk), and must be readable on
    the machines that transfer.
    """

    _layout: str = "expanded"

    sftp_host: str = SettingsField(
        "",
        title="SFTP host name",
        scope=SHARED,
        description="Domain name or IP of sftp server",
    )
    sftp_port: int = SettingsField(
        0, title="SFTP port", scope=SHARED, description="0 means 22"
    )
    sftp_user: str = SettingsField("", title="SFTP user name", scope=EVERYWHERE)
    sftp_pass: str = SettingsField(
        "",
        title="SFTP password",
        scope=EVERYWHERE,
        description="Use password or ssh key to authenticate",
    )
    sftp_key: PathsPerPlatform = SettingsField(
        title="SFTP key path",
        scope=EVERYWHERE,
        default_factory=PathsPerPlatform,
        description="Path to the private key",
    )
    sftp_key_pass: str = SettingsField(
        "",
        title="SFTP user ssh key password",
        scope=EVERYWHERE,
        description="Password for ssh key",
    )
    roots: str = SettingsField(
        "",
        title="SFTP root folder",
        scope=SHARED,
        description="Root folder on SFTP",
    )
