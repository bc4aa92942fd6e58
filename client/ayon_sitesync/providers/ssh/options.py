"""What the settings of an SFTP site say, checked and resolved on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import WRONG_SETTING, SiteUnhealthyError
from ..base import SiteConfig
from ..variables import expand_home, read_variable

DEFAULT_PORT = 22
LARGEST_PORT = 65535

_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_()]*)\}")


@dataclass(frozen=True)
class SshOptions:
    """How to reach a server and who to be there.

    `host_key` is a fingerprint (`SHA256:...`) or a public key; empty = known hosts
    decide. `state_folder` keeps the host keys that were accepted on first use.
    """

    site_name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    key_path: str
    key_password: str = field(repr=False)
    host_key: str
    accept_first_use: bool
    state_folder: str


def read_options(config: SiteConfig) -> SshOptions:
    """The options of a site. Raises `SiteUnhealthyError` that names the setting."""
    settings = config.settings
    site = config.site_name

    def text(key: str) -> str:
        return expand_variables(str(settings.get(key) or ""), site, key).strip()

    host = text("sftp_host")
    user = text("sftp_user")
    for key, value in (("sftp_host", host), ("sftp_user", user)):
        if not value:
            raise _make_fault(site, key, "is empty")
    port = int(settings.get("sftp_port") or 0) or DEFAULT_PORT
    if not 0 < port <= LARGEST_PORT:
        raise _make_fault(site, "sftp_port", f"is {port}; 0 (22) to {LARGEST_PORT}")
    # Blanks and braces may belong to a password.
    password = str(settings.get("sftp_pass") or "")
    key_path = _find_key(settings, config)
    if not (password or key_path):
        raise _make_fault(site, "sftp_pass", "and 'sftp_key' are both empty; set one")
    return SshOptions(
        site,
        host,
        port,
        user,
        password,
        key_path,
        str(settings.get("sftp_key_pass") or ""),
        text("sftp_host_key"),
        # Settings of the existing addon have no such key: see the decision record.
        bool(settings.get("sftp_accept_first_use", True)),
        config.state_folder,
    )


def _find_key(settings: Mapping[str, Any], config: SiteConfig) -> str:
    """The first private key file of this platform's list that exists; "" for none."""
    by_platform = settings.get("sftp_key") or {}
    paths = [path for path in by_platform.get(config.platform) or [] if path]
    expanded = [
        expand_home(expand_variables(path, config.site_name, "sftp_key"))
        for path in paths
    ]
    for path in expanded:
        if path.is_file():
            return str(path)
    if expanded and not settings.get("sftp_pass"):
        tried = ", ".join(map(str, expanded))
        raise _make_fault(
            config.site_name,
            f"sftp_key > {config.platform}",
            f"names no file of this machine (looked for: {tried})",
        )
    return ""


def expand_variables(text: str, site_name: str, key: str) -> str:
    """Replace `{NAME}` by environment variables, as AYON's path settings do."""

    def find(match: re.Match[str]) -> str:
        value = read_variable(match.group(1))
        if value is None:
            problem = (
                f"names '{match.group(0)}', which is not set here, or is a login that"
                " settings may not name"
            )
            raise _make_fault(site_name, key, problem)
        return value

    return _VARIABLE.sub(find, text)


def _make_fault(site_name: str, key: str, problem: str) -> SiteUnhealthyError:
    return SiteUnhealthyError(
        site_name,
        f"setting 'sites > {site_name} > sftp > {key}' {problem}",
        WRONG_SETTING,
    )
