"""Any remote that rclone knows, from its own file or from parameters in settings."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import WRONG_SETTING, SiteUnhealthyError
from ...paths import ensure_inside, split_rootless
from ..base import SiteConfig
from .binary import expand_variables
from .options import OptionError, check_arguments
from .provider import RcloneProvider
from .remotes import RemoteConfig

FILE = "config_file"
ENCRYPTED = "RCLONE_ENCRYPT_V0:"
DISK = "local"
DEEPEST = 8
"""Remotes made of remotes made of remotes: more is a circle."""


class AnyRemoteProvider(RcloneProvider):
    """The provider `rclone` of the settings."""

    def __init__(self, config: SiteConfig) -> None:
        try:
            self._remote = read_config(config.settings, config.platform)
            arguments = check_arguments(config.settings.get("additional_args") or ())
        except OptionError as error:
            raise SiteUnhealthyError(
                config.site_name, str(error), WRONG_SETTING
            ) from None
        super().__init__(config, self._remote.kind.lower(), arguments)

    def _make_config(self) -> RemoteConfig:
        return self._remote

    def locate(self, rootless: str) -> str:
        path = super().locate(rootless)
        if self._kind == DISK:
            # rclone follows links to folders, wherever they lead.
            ensure_inside(path, self._roots[split_rootless(rootless)[0]])
        return path


class _FileParser(configparser.RawConfigParser):
    """Names of options as they are written."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def read_config(settings: Mapping[str, Any], platform: str) -> RemoteConfig:
    """The remote that the settings describe. Raises `OptionError`."""
    if settings.get("config_type") == FILE:
        return _read_file(settings.get(FILE) or {}, platform)
    web = settings.get("config_web") or {}
    kind = str(web.get("type") or "").strip().lower()
    if not kind:
        raise OptionError("'rclone > config_web > type' is empty; try webdav or s3")
    options = {
        str(row["key"]).strip(): expand_variables(str(row["value"]))
        for row in web.get("config_params") or ()
    }
    return RemoteConfig(kind, options)


def _read_file(settings: Mapping[str, Any], platform: str) -> RemoteConfig:
    paths = settings.get("rclone_config_path") or {}
    path = expand_variables(str(paths.get(platform) or "")).strip()
    name = str(settings.get("remote_name") or "").strip().rstrip(":")
    if not path or not name:
        raise OptionError(
            "'rclone > config_file' needs 'remote_name' and, for"
            f" {platform}, 'rclone_config_path'"
        )
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(
            f"'rclone_config_path': '{path}' cannot be read: {error}"
        ) from None
    if ENCRYPTED in text:
        raise OptionError(f"'rclone_config_path': '{path}' is encrypted; decrypt it")
    parser = _FileParser(
        delimiters=("=",), strict=False, default_section="", empty_lines_in_values=False
    )
    try:
        parser.read_string(text)
    except configparser.Error:
        # Its message quotes lines of the file.
        raise OptionError(
            f"'rclone_config_path': '{path}' is no configuration file of rclone"
        ) from None
    sections = {section: dict(parser[section]) for section in parser.sections()}
    return _make_remote(sections, name, path, 0)


def _make_remote(
    sections: Mapping[str, Mapping[str, str]], name: str, path: str, depth: int
) -> RemoteConfig:
    """A remote of a file and those that it is made of (crypt, union and the like)."""
    options = dict(sections.get(name) or {})
    kind = options.pop("type", "")
    if not kind or depth > DEEPEST:
        known = ", ".join(sorted(sections)) or "none"
        raise OptionError(f"'{path}' has no usable remote '{name}' (it has: {known})")
    needs = []
    for key in ("remote", "upstreams"):
        for inner in sections:
            pattern = rf"(^|[\s=]){re.escape(inner)}:"
            if inner != name and re.search(pattern, options.get(key, "")):
                needed = _make_remote(sections, inner, path, depth + 1)
                needs.append(needed)
                options[key] = re.sub(
                    pattern, rf"\g<1>{needed.remote_name}:", options[key]
                )
    return RemoteConfig(kind, options, tuple(needs), is_obscured=True)
