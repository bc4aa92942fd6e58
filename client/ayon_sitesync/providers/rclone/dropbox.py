"""Dropbox, personal or of a team."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests

from ..base import SiteConfig
from .daemon import Session
from .errors import DaemonLostError, RcError
from .options import OptionError
from .provider import RcloneProvider
from .remotes import RemoteConfig

MEMBERS_URL = "https://api.dropboxapi.com/2/team/members/list_v2"
MORE_MEMBERS_URL = "https://api.dropboxapi.com/2/team/members/list/continue_v2"
TIMEOUT_SECONDS = 30.0
NEVER = "2099-01-01T00:00:00Z"
HTTP_ERROR = 400
UNAUTHORIZED = 401


class DropboxProvider(RcloneProvider):
    """A folder of a Dropbox; with a team folder, one of the team's space.

    `token` is an access token, or the JSON that `rclone authorize dropbox` prints,
    which renews itself.
    """

    def __init__(self, config: SiteConfig) -> None:
        super().__init__(config, "dropbox")
        self._team_folder = str(config.settings.get("team_folder_name") or "").strip(
            "/"
        )
        if self._team_folder:
            self._is_rooted = True
            self._roots = {
                name: f"/{self._team_folder}{root}".rstrip("/")
                for name, root in self._roots.items()
            }
        else:
            # A leading slash would mean the team's space.
            self._is_rooted = False

    def _make_config(self) -> RemoteConfig:
        token = str(self._config.settings.get("token") or "").strip()
        if not token:
            raise OptionError("'dropbox > token' is empty; give an access token")
        if not token.startswith("{"):
            token = json.dumps(
                {"access_token": token, "token_type": "bearer", "expiry": NEVER}
            )
        elif not _read_access_token(token):
            raise OptionError(
                "'dropbox > token' is no JSON as `rclone authorize dropbox` prints it;"
                " copy all of what is between its arrows"
            )
        return RemoteConfig("dropbox", {"token": token})

    def _find_place(self, session: Session) -> tuple[RemoteConfig, str]:
        config = self._make_config()
        member = str(self._config.settings.get("acting_as_member") or "").strip()
        if not member:
            return config, ""
        if "@" not in member:
            token = _read_access_token(config.options["token"])
            session.api.hide({token})
            try:
                member = find_member(token, member)
            except RcError as error:
                if error.status != UNAUTHORIZED or NEVER in config.options["token"]:
                    raise
                # rclone renews it, but tells it to nobody.
                raise OptionError(
                    "'dropbox > acting_as_member': names cannot be looked up with this"
                    " token, which has ended; write the member's e-mail address"
                ) from None
        return RemoteConfig(config.kind, {**config.options, "impersonate": member}), ""


def _read_access_token(text: str) -> str:
    """The access token in a token as JSON; empty where there is none."""
    try:
        token = json.loads(text)
    except ValueError:
        return ""
    return str(token.get("access_token") or "") if isinstance(token, dict) else ""


def find_member(token: str, display_name: str) -> str:
    """The address of a team's member. Raises `OptionError`, `RcError`."""
    known = []
    for profile in _list_profiles(token):
        name = str(profile["name"]["display_name"])
        if name == display_name:
            return str(profile["email"])
        known.append(name)
    members = ", ".join(sorted(known)) or "none"
    raise OptionError(
        f"'dropbox > acting_as_member': the team has no '{display_name}' (it has:"
        f" {members})"
    )


def _list_profiles(token: str) -> Iterator[dict[str, Any]]:
    """Profiles of all members, page by page."""
    url = MEMBERS_URL
    body: dict[str, Any] = {"limit": 1000}
    while True:
        page = _post(url, token, body)
        for member in page["members"]:
            yield member["profile"]
        if not page.get("has_more"):
            return
        url, body = MORE_MEMBERS_URL, {"cursor": page["cursor"]}


def _post(url: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        response = requests.post(
            url, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
    except requests.RequestException as error:
        raise DaemonLostError(
            f"Dropbox cannot be reached ({type(error).__name__})"
        ) from None
    if response.status_code >= HTTP_ERROR:
        raise RcError(
            f"Dropbox refuses the list of members ({response.status_code})",
            response.status_code,
        )
    answer: dict[str, Any] = response.json()
    return answer
