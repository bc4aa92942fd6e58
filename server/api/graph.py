"""The endpoint of GraphQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter, Response

from ..host import ClientSiteID, CurrentUser, Field, OPModel
from ..store.access import Caller
from .inputs import check_text
from .models import ErrorModel
from .routing import SiteSyncRoute

MAX_QUERY_LENGTH = 100_000

Execute = Callable[
    [Caller, str, dict[str, Any] | None, str | None], Awaitable[dict[str, Any]]
]


class GraphModel(OPModel):
    query: str = Field(..., max_length=MAX_QUERY_LENGTH)
    variables: dict[str, Any] | None = None
    operationName: str | None = None


class GraphAnswerModel(OPModel):
    data: dict[str, Any] | None
    errors: list[dict[str, Any]] | None = None


class GraphRoutes:
    """`/-/graphql`."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self.router = APIRouter(
            route_class=SiteSyncRoute, responses={400: {"model": ErrorModel}}
        )
        self.router.add_api_route(
            "/-/graphql",
            self.query_graph,
            methods=["POST"],
            responses={200: {"model": GraphAnswerModel}},
        )

    async def query_graph(
        self, user: CurrentUser, site_id: ClientSiteID, request: GraphModel
    ) -> Response:
        """Run a GraphQL query; errors are in the answer, with REST's codes."""
        if request.operationName is not None:
            check_text("operationName", request.operationName)
        content = await self._execute(
            Caller(user, site_id),
            request.query,
            request.variables,
            request.operationName,
        )
        body = await asyncio.to_thread(orjson.dumps, content)
        return Response(body, media_type="application/json")
