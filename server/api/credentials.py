"""Hands agents the settings of sites with their secrets filled in, and records it.

Values of secrets leave the server here only, and are in no log, error or event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from ..domain.secret_names import OWN_PREFIX, fill_in_secrets, find_secret_names
from ..domain.setting_faults import find_untrusted_programs, list_programs
from ..domain.site import MAX_SITE_NAME_LENGTH
from ..errors import NotAllowedError
from ..host import ClientSiteID, CurrentUser, Field, OPModel, ProjectName
from ..store.access import (
    Caller,
    is_anothers_machine,
    project_groups,
    readable_paths,
)
from ..store.credentials import HANDED
from .answers import answer
from .inputs import check_text, check_texts
from .list_models import MAX_PAGE
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services

MAX_SITES = 100
EVERYONE = "everyone"


class CredentialsModel(OPModel):
    siteNames: list[str] = Field(..., max_items=MAX_SITES)
    variant: str = Field("production", max_length=64)


class SiteCredentialsModel(OPModel):
    """The settings of the site's provider, as stored, with values for secrets."""

    provider: str
    settings: dict[str, Any]


class RefusedCredentialsModel(OPModel):
    siteName: str
    errorCode: str
    detail: str


class CredentialsAnswerModel(OPModel):
    sites: dict[str, SiteCredentialsModel]
    refused: list[RefusedCredentialsModel]


class HandoutModel(OPModel):
    """What one user on one machine was told about one site in a day."""

    userName: str
    machine: str | None
    siteName: str = Field(..., max_length=MAX_SITE_NAME_LENGTH)
    variant: str
    outcome: str
    times: int
    firstAt: float
    lastAt: float


class HandoutsModel(OPModel):
    handouts: list[HandoutModel]


@dataclass(frozen=True)
class _Refusal(Exception):
    """Why a site's settings are not handed out; told, and recorded by its code."""

    code: str
    detail: str


@dataclass(frozen=True)
class _Rules:
    """What is looked at for each site of a request."""

    caller: Caller
    groups: frozenset[str]
    trusted_programs: frozenset[str]
    studio_secrets: frozenset[str]
    shared_secrets: Mapping[str, frozenset[str]]


class CredentialRoutes:
    """`credentials` of a project's sites."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/credentials",
            self.hand_out_credentials,
            methods=["POST"],
            responses={200: {"model": CredentialsAnswerModel}},
        )
        add(
            "/{project_name}/credentials",
            self.list_handouts,
            responses={200: {"model": HandoutsModel}},
        )

    async def hand_out_credentials(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        body: CredentialsModel,
    ) -> Response:
        """Return the settings of sites with their secrets, to whom they are for.

        Nothing is for an agent on a machine that is another user's.
        """
        caller = Caller(user, site_id)
        names = list(dict.fromkeys(check_texts("siteNames", body.siteNames) or []))
        variant = check_text("variant", body.variant)
        await readable_paths(caller, project_name)
        if site_id is not None and await is_anothers_machine(site_id, caller):
            handed: dict[str, Any] = {}
            refused = dict.fromkeys(names, _refuse_machine(site_id))
        else:
            handed, refused = await self._resolve_all(
                names, *await self._rules(project_name, caller, variant)
            )
        outcomes = {name: refusal.code for name, refusal in refused.items()}
        outcomes.update(dict.fromkeys(handed, HANDED))
        await self._services.credentials.record(
            project_name, caller.name, site_id, variant, outcomes
        )
        response = answer(
            {
                "sites": handed,
                "refused": [
                    {"siteName": name, "errorCode": each.code, "detail": each.detail}
                    for name, each in refused.items()
                ],
            }
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def list_handouts(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        first: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    ) -> Response:
        """Return to whom credentials were handed, or refused; for managers."""
        if not user.is_manager:
            msg = "The record of credentials is for managers"
            raise NotAllowedError(msg)
        handouts = await self._services.credentials.list_handouts(project_name, first)
        return answer({"handouts": handouts})

    async def _resolve_all(
        self,
        names: Iterable[str],
        configured: Mapping[str, Mapping[str, Any]],
        rules: _Rules,
    ) -> tuple[dict[str, Any], dict[str, _Refusal]]:
        """Return by site what is handed out, and why other sites are refused."""
        handed: dict[str, Any] = {}
        refused: dict[str, _Refusal] = {}
        for name in names:
            try:
                handed[name] = await self._resolve(name, configured.get(name), rules)
            except _Refusal as refusal:
                refused[name] = refusal
        return handed, refused

    async def _rules(
        self, project_name: str, caller: Caller, variant: str
    ) -> tuple[dict[str, Mapping[str, Any]], _Rules]:
        """Return the caller's sites by name, and what decides about them.

        Whom a shared site is for, the project says: AYON stores any key for a machine.
        """
        configuration = self._services.configuration
        own = await configuration.load(project_name, caller, variant)
        shared = await configuration.load(project_name, Caller(caller.user), variant)
        studio = await configuration.load_studio(variant)
        rules = _Rules(
            caller,
            project_groups(caller.user, project_name),
            list_programs(studio),
            frozenset().union(*_secrets_by_site(studio["sites"]).values()),
            _secrets_by_site(shared["sites"]),
        )
        sites = {site["name"]: site for site in shared["sites"]}
        for site in own["sites"]:
            decided = sites.get(site["name"], site)["credentials_for"]
            sites[site["name"]] = {**site, "credentials_for": decided}
        return sites, rules

    async def _resolve(
        self, name: str, site: Mapping[str, Any] | None, rules: _Rules
    ) -> dict[str, Any]:
        """Return a site's settings with secrets.

        :raises _Refusal: they are not for the caller, or cannot be made.
        """
        if site is None:
            msg = f"'{name[:80]}' is no site of the settings"
            raise _Refusal("unknown_site", msg)
        settings = site.get(site["provider"]) if site["provider"] else None
        if settings is None:
            msg = f"Site '{name}' has no provider: choose one in its settings"
            raise _Refusal("wrong_setting", msg)
        wanted = find_secret_names(settings)
        if not _is_for(site["credentials_for"], bool(wanted), rules):
            msg = (
                f"The settings of '{name}' are not for you (setting credentials_for): "
                "let a service move its files, or ask a manager"
            )
            raise _Refusal("not_allowed", msg)
        _check_names(name, wanted, rules)
        programs = find_untrusted_programs(site, rules.trusted_programs)
        if programs:
            raise _Refusal("wrong_setting", f"{programs[0].text}: {programs[0].todo}")
        secrets = await self._services.credentials.read_secrets(wanted)
        missing = sorted(wanted - secrets.keys())
        if missing:
            msg = f"Site '{name}': there is no secret '{missing[0]}' in AYON's settings"
            raise _Refusal("unknown_secret", msg)
        return {
            "provider": site["provider"],
            "settings": fill_in_secrets(settings, secrets),
        }


def _refuse_machine(site_id: str) -> _Refusal:
    msg = (
        f"Machine '{site_id}' is another user's: its owner or a manager can add you "
        "to it"
    )
    return _Refusal("not_allowed", msg)


def _secrets_by_site(
    sites: Iterable[Mapping[str, Any]],
) -> dict[str, frozenset[str]]:
    return {
        site["name"]: frozenset(find_secret_names(site.get(site["provider"])))
        for site in sites
    }


def _is_for(receivers: list[str], has_secrets: bool, rules: _Rules) -> bool:
    if rules.caller.is_manager:  # services are managers in AYON
        return True
    if not receivers:
        return not has_secrets
    return EVERYONE in receivers or not rules.groups.isdisjoint(receivers)


def _check_names(site_name: str, wanted: set[str], rules: _Rules) -> None:
    """Refuse secrets that whoever wrote the setting may not use.

    Artists name none of their own, and projects only ours, or what the studio names:
    AYON's other secrets are for administrators.
    """
    shared = rules.shared_secrets.get(site_name, frozenset())
    for name in sorted(wanted):
        if name not in shared:
            msg = f"Site '{site_name}': secrets cannot be named in a machine's settings"
            raise _Refusal("secret_not_allowed", msg)
        if name not in rules.studio_secrets and not name.startswith(OWN_PREFIX):
            msg = (
                f"Site '{site_name}': a project may name secrets that begin with "
                f"'{OWN_PREFIX}', or that the studio's settings name, not '{name}'"
            )
            raise _Refusal("secret_not_allowed", msg)
