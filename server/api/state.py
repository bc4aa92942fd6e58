"""The endpoints of the existing addon: same paths, parameters, keys and statuses.

`docs/compatibility.md` lists what differs on purpose.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from ..domain.files import PostedFile
from ..domain.site import LOCAL_SITE
from ..host import ClientSiteID, CurrentUser, ProjectName, RepresentationID
from ..store.access import Caller, readable_paths
from ..store.posts import StatePost
from ..store.site_state import Target
from ..store.two_site_list import read_two_sites
from .answers import answer, answer_list
from .inputs import check_ids, check_text, check_texts, clean_message
from .long_lists import models_in_turns
from .models import (
    ErrorModel,
    ParamsModel,
    PostedFileModel,
    RepresentationStateModel,
    StatePostModel,
    TwoSiteListModel,
    UserSitesModel,
)
from .parameters import TwoSiteParameters
from .routing import SiteSyncRoute
from .services import Services

SiteName = Annotated[str, Path(description="A known site; never `local`")]


class StateRoutes:
    """`get_user_sites`, `params`, `state` and what is below it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        add = self.router.add_api_route
        add(
            "/{project_name}/get_user_sites",
            self.get_user_sites,
            responses={200: {"model": UserSitesModel}},
        )
        add(
            "/{project_name}/params",
            self.get_params,
            responses={200: {"model": ParamsModel}},
        )
        add(
            "/{project_name}/state",
            self.get_state,
            responses={200: {"model": TwoSiteListModel}},
        )
        add(
            "/{project_name}/state/representations",
            self.get_representation_states,
            responses={200: {"model": list[RepresentationStateModel]}},
        )
        one = "/{project_name}/state/{representation_id}/{site_name}"
        add(one, self.post_state, methods=["POST"], status_code=204)
        add(one, self.delete_state, methods=["DELETE"], status_code=204)

    async def get_user_sites(
        self, project_name: ProjectName, user: CurrentUser, site_id: ClientSiteID
    ) -> Response:
        """Return the active and remote sites of the user's machines.

        Each is the user's own choice on that machine, else the project's.
        """
        configuration = self._services.configuration
        sites = await configuration.for_project(project_name)
        machines = await self._services.summary.machines_of_user(
            project_name,
            user.name,
            configuration.addon_name,
            configuration.addon_version,
        )
        choices = [
            (row["id"], row["active_site"], row["remote_site"]) for row in machines
        ]
        if site_id is not None and site_id not in {choice[0] for choice in choices}:
            # AYON has not registered it, which says nothing about the choice on it.
            chosen = await configuration.for_caller(project_name, Caller(user, site_id))
            choices.append((site_id, chosen.active_site, chosen.remote_site))
        active = [
            _resolve(own or sites.active_site, machine) for machine, own, _ in choices
        ]
        remote = [
            _resolve(own or sites.remote_site, machine) for machine, _, own in choices
        ]
        if not choices:
            active, remote = [sites.active_site], [sites.remote_site]
        return answer(
            {
                "active_site": list(dict.fromkeys(active)),
                "remote_site": list(dict.fromkeys(remote)),
            }
        )

    async def get_params(
        self, project_name: ProjectName, user: CurrentUser
    ) -> Response:
        """Return the number of readable representations and their names."""
        paths = await readable_paths(Caller(user), project_name)
        return answer(await self._services.summary.params(project_name, paths))

    async def get_state(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        request: Request,
        wanted: Annotated[TwoSiteParameters, Depends()],
    ) -> Response:
        """Return representations with their state on two sites, files included.

        Without `pageLength`, 50 rows; all of them if ids are named. Filters are ANDed.
        """
        await self._services.keeper.ensure_ready(project_name)
        paths = await readable_paths(Caller(user), project_name)
        items = await read_two_sites(project_name, wanted.query(paths))
        return await answer_list(request, "representations", items)

    async def get_representation_states(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        representationIds: Annotated[list[str], Query()],
        siteNames: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        """Return the status of representations on all sites, or on the named ones."""
        await self._services.keeper.ensure_ready(project_name)
        states = await self._services.states.list_states(
            project_name,
            Caller(user),
            check_ids("representationIds", representationIds) or [],
            check_texts("siteNames", siteNames),
        )
        return answer(states)

    async def post_state(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        representation_id: RepresentationID,
        site_name: SiteName,
        post_data: StatePostModel,
        reset: Annotated[bool, Query(description="Forget what is stored")] = False,
    ) -> Response:
        """Say what is on a site: makes the row, or merges into it by file id."""
        files = await posted_files(post_data.files, "files")
        target = await self._target(
            project_name, Caller(user, site_id), representation_id, site_name
        )
        post = StatePost(
            files=files,
            priority=post_data.priority,
            reset=reset,
        )
        changed = await self._services.states.post(target, post)
        self._services.live.state_changed(project_name, [representation_id], changed)
        return Response(status_code=204)

    async def delete_state(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        site_id: ClientSiteID,
        representation_id: RepresentationID,
        site_name: SiteName,
        force: Annotated[
            bool, Query(description="Remove even the last copy; for managers")
        ] = False,
    ) -> Response:
        """Forget a representation on a site and on its aliases."""
        target = await self._target(
            project_name, Caller(user, site_id), representation_id, site_name
        )
        removed = await self._services.states.remove(target, force)
        if removed:
            self._services.live.state_changed(
                project_name, [representation_id], removed
            )
        return Response(status_code=204)

    async def _target(
        self,
        project_name: str,
        caller: Caller,
        representation_id: str,
        site_name: str,
    ) -> Target:
        await self._services.keeper.ensure_ready(project_name)
        check_ids("representationId", [representation_id])
        check_text("siteName", site_name)
        sites = await self._services.configuration.for_caller(project_name, caller)
        return Target(project_name, representation_id, site_name, caller, sites)


async def posted_files(items: list[Any], *path: str | int) -> list[PostedFile]:
    """Return what is posted of files; `path` is where they are in the body.

    :raises InvalidRequestError: one of them is wrong.
    """
    return [
        PostedFile(
            id=check_text("files.id", file.id),
            status=file.status,
            size=int(file.size),
            timestamp=file.timestamp,
            message=clean_message(file.message),
            retries=file.retries,
            progress=file.progress,
        )
        async for file in models_in_turns(PostedFileModel, items, *path)
    ]


def _resolve(name: str, machine: str) -> str:
    return machine if name == LOCAL_SITE else name
