"""What a site's provider is made from: its settings with secrets, code that is trusted.

Values of secrets come from the server when a site is opened, are in memory only and
never in a log: they are asked for again after a minute, and a rule that was changed
meanwhile counts then.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Optional, Protocol

from .cached_values import RefreshingCache
from .errors import WRONG_SETTING, SiteUnhealthyError

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
MOST_SITES = 1000
PROGRAM_FIELD = "rclone_executable_path"
_SECRET = re.compile(r"\{secret:[^{}]+\}")

Settings = Mapping[str, Any]


class SecretSource(Protocol):
    """The server; may raise `ServerError`."""

    def read_studio_settings(self) -> dict[str, Any]: ...

    def read_credentials(self, project_name: str, site_name: str) -> dict[str, Any]:
        """Raises `SiteUnhealthyError` when they are refused."""


class SiteSettings:
    """Resolves settings of sites; safe to use from any thread."""

    def __init__(
        self,
        source: SecretSource,
        platform: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._platform = platform
        self._secrets: RefreshingCache[tuple[str, str, str], Settings] = (
            RefreshingCache(
                lambda key: source.read_credentials(key[0], key[1]),
                fresh_seconds=FRESH_SECONDS,
                retry_seconds=RETRY_SECONDS,
                most=MOST_SITES,
                now=now,
            )
        )
        self._studio: RefreshingCache[str, Settings] = RefreshingCache(
            lambda _: source.read_studio_settings(),
            fresh_seconds=FRESH_SECONDS,
            retry_seconds=RETRY_SECONDS,
            most=1,
            now=now,
        )

    def resolve(
        self, project_name: str, site_name: str, settings: Settings
    ) -> Settings:
        """The settings of a site's provider, ready for use.

        Raises `SiteUnhealthyError` for refused secrets and for a program that only a
        project names, and `ServerError`.
        """
        self._check_program(site_name, settings)
        if not any(_SECRET.search(text) for text in _list_texts(settings)):
            return settings
        # Part of the key, so that another secret is asked for at once; only a digest,
        # since keys are told in logs.
        text = json.dumps(settings, sort_keys=True, default=str)
        mark = hashlib.sha256(text.encode()).hexdigest()
        return self._secrets.get_fresh((project_name, site_name, mark))

    def list_provider_folders(self) -> tuple[str, ...]:
        """Folders with providers of the studio's own, by the studio's settings alone.

        A project's value does not count: it is code that is run.
        """
        folders = self._studio.get_fresh("").get("config", {}).get("provider_folders")
        return tuple((folders or {}).get(self._platform) or ())

    def _check_program(self, site_name: str, settings: Settings) -> None:
        program = self._find_program(settings)
        if program and program not in self._list_trusted_programs():
            raise SiteUnhealthyError(
                site_name,
                f"the program '{program}' is named by the project only; an"
                " administrator has to add it to the studio's setting"
                " 'config > executable_paths'",
                WRONG_SETTING,
            )

    def _find_program(self, settings: Optional[Settings]) -> str:
        paths = (settings or {}).get(PROGRAM_FIELD) or {}
        return str(paths.get(self._platform) or "").strip()

    def _list_trusted_programs(self) -> set[str]:
        studio = self._studio.get_fresh("")
        trusted = set(studio.get("config", {}).get("executable_paths") or ())
        for site in studio.get("sites") or ():
            trusted.add(self._find_program(site.get(site.get("provider") or "")))
        return trusted


def parse_custom(site_name: str, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Code and free-form settings of a provider of the studio's own.

    Raises `SiteUnhealthyError`.
    """
    where = f"'sites > {site_name} > custom"
    code = str(settings.get("code") or "").strip()
    if not code:
        reason = f"{where} > code' is empty; it says which provider to use"
        raise SiteUnhealthyError(site_name, reason, WRONG_SETTING)
    text = settings.get("settings") or "{}"
    try:
        own = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        own = None
    if not isinstance(own, dict):
        # Without the text: it may hold a password.
        reason = f"{where} > settings' must be a JSON object"
        raise SiteUnhealthyError(site_name, reason, WRONG_SETTING)
    return code, own


def _list_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _list_texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _list_texts(item)
