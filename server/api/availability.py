"""What loaders show: on which sites versions and representations are."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..errors import InvalidRequestError
from ..host import CurrentUser, ProjectName
from ..store.access import Caller, readable_paths
from .answers import answer_encoded, answer_mapping
from .inputs import check_texts
from .list_models import AvailabilityAnswerModel, AvailabilityModel
from .models import ErrorModel
from .routing import SiteSyncRoute
from .services import Services


class AvailabilityRoutes:
    """`availability`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/{project_name}/availability",
            self.read_availability,
            methods=["POST"],
            responses={200: {"model": AvailabilityAnswerModel}},
        )

    async def read_availability(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        request: Request,
        wanted: AvailabilityModel,
    ) -> Response:
        """Return on which sites versions or representations are, flat at any size.

        Ids that do not exist, are inactive or may not be read are absent.
        """
        await self._services.keeper.ensure_ready(project_name)
        if (wanted.versionIds is None) == (wanted.representationIds is None):
            msg = "versionIds: give either versionIds or representationIds"
            raise InvalidRequestError("versionIds", msg)
        sites = check_texts("siteNames", wanted.siteNames) or []
        paths = await readable_paths(Caller(user), project_name)
        store = self._services.availability
        if wanted.versionIds is not None:
            ids = list(map(str, wanted.versionIds))
            versions = await store.of_versions(project_name, paths, ids, sites)
            return await answer_mapping(request, "versions", versions)
        ids = list(map(str, wanted.representationIds or []))
        parts = store.of_representations(project_name, paths, ids, sites)
        return await answer_encoded(request, "representations", parts)
