"""Google Drive with a service account: shared drives, and folders shared with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import SiteConfig
from .binary import expand_variables
from .daemon import Session
from .options import OptionError
from .provider import RcloneProvider
from .remotes import RemoteConfig, ensure_remote

MY_DRIVE = "My Drive"
MAIN_ROOT = "work"


class GoogleDriveProvider(RcloneProvider):
    """A folder of a drive. The first name of the root folder says of which one."""

    def __init__(self, config: SiteConfig) -> None:
        super().__init__(config, "drive")

    def _make_config(self) -> RemoteConfig:
        credentials = read_credentials(
            self._config.settings.get("credentials_url") or {}, self._config.platform
        )
        return RemoteConfig(
            "drive", {"service_account_credentials": credentials, "scope": "drive"}
        )

    def _find_place(self, session: Session) -> tuple[RemoteConfig, str]:
        plain = self._make_config()
        names = [name for name in self._find_base().split("/") if name]
        if not names:
            raise OptionError(
                f"'gdrive > roots' must begin with '/{MY_DRIVE}/' or with the name of a"
                " shared drive"
            )
        if names[0] == MY_DRIVE:
            config, place = _find_shared_folder(session, plain, names[1:])
        else:
            drive_id = _find_shared_drive(session, plain, names[0])
            config, place = _extend(plain, team_drive=drive_id), f"/{names[0]}"
        self._check_roots(place)
        return config, place

    def _find_base(self) -> str:
        """The folder that tells where the roots are."""
        return self._roots.get(MAIN_ROOT) or next(iter(self._roots.values()), "")

    def _check_roots(self, place: str) -> None:
        """Raises `OptionError` for a root that is elsewhere: there is one remote."""
        for name, root in sorted(self._roots.items()):
            if root != place and not root.startswith(f"{place}/"):
                raise OptionError(
                    f"'gdrive > roots': root '{name}' is not in '{place}'; all roots of"
                    " a site are in one shared drive, or in one shared folder"
                )


def read_credentials(paths: Mapping[str, Any], platform: str) -> str:
    """The key file of a service account, as one line of JSON. Raises `OptionError`.

    The first of the platform's paths that exists is used, variables expanded before.
    """
    wanted = [expand_variables(str(path)) for path in paths.get(platform) or ()]
    for path in wanted:
        if not Path(path).is_file():
            continue
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = None
        if not isinstance(content, dict) or content.get("type") != "service_account":
            raise OptionError(
                f"'gdrive > credentials_url': '{path}' is no readable key file of a"
                " service account"
            )
        return json.dumps(content)
    looked = ", ".join(wanted) or "none is set"
    raise OptionError(
        f"'gdrive > credentials_url': no file for {platform} is there ({looked})"
    )


def _extend(config: RemoteConfig, **options: str) -> RemoteConfig:
    return RemoteConfig(config.kind, {**config.options, **options})


def _find_shared_drive(session: Session, plain: RemoteConfig, name: str) -> str:
    remote = ensure_remote(session, plain)
    answer = session.call("backend/command", {"command": "drives", "fs": f"{remote}:"})
    drives = answer.get("result") or []
    found = [str(drive["id"]) for drive in drives if drive["name"] == name]
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted(str(drive["name"]) for drive in drives)) or "none"
    what = "is not shared with the service account" if not found else "is there twice"
    raise OptionError(
        f"'gdrive > roots': the shared drive '{name}' {what} (it sees: {known})"
    )


def _find_shared_folder(
    session: Session, plain: RemoteConfig, names: list[str]
) -> tuple[RemoteConfig, str]:
    """A folder of a person's drive is shared with the service account, not its own."""
    if names:
        shared = ensure_remote(session, _extend(plain, shared_with_me="true"))
        answer = session.call(
            "operations/list",
            {"fs": f"{shared}:", "remote": "", "opt": {"dirsOnly": True}},
        )
        found = [item["ID"] for item in answer["list"] if item["Name"] == names[0]]
        if len(found) > 1:
            raise OptionError(
                f"'gdrive > roots': {len(found)} folders named '{names[0]}' are shared"
                " with the service account; rename all but one"
            )
        if found:
            prefix = f"/{MY_DRIVE}/{names[0]}"
            return _extend(plain, root_folder_id=str(found[0])), prefix
    return plain, f"/{MY_DRIVE}"
