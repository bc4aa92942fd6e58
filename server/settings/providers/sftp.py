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
    sftp_host_key: str = SettingsField(
        "",
        title="SFTP host key",
        scope=SHARED,
        description=(
            "Fingerprint (SHA256:...) or public key of the server; no other is "
            "accepted. Empty: the known_hosts files of the machine decide."
        ),
    )
    sftp_accept_first_use: bool = SettingsField(
        True,
        title="Accept an unknown server's key",
        scope=SHARED,
        description=(
            "A machine remembers the key of a server that it meets for the first "
            "time. Switch this off to refuse servers that nobody vouched for. A key "
            "that changes is refused in any case."
        ),
    )
    roots: str = SettingsField(
        "",
        title="SFTP root folder",
        scope=SHARED,
        description=(
            "Folder of the root 'work' on SFTP; other roots are folders in it. "
            "{root} stands for the root's name."
        ),
    )
