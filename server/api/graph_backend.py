"""What GraphQL reads and orders, done by REST's endpoints: one set of rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..gql.loaders import Backend
from ..store.access import Caller
from .activity import ActivityRoutes, RunQuery
from .pauses import PauseModel, PauseRoutes
from .problems import ProblemRoutes
from .routing import describe_validation_error
from .services import Services
from .summary import SummaryRoutes, describe_sites
from .verb_models import SeedModel, VerbModel
from .verbs import VerbRoutes

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Endpoints:
    """The endpoints that GraphQL shares."""

    activity: ActivityRoutes
    problems: ProblemRoutes
    summary: SummaryRoutes
    verbs: VerbRoutes
    pauses: PauseRoutes


def build_backend(services: Services, endpoints: Endpoints) -> Backend:
    async def read_history(
        project_name: str,
        caller: Caller,
        wanted: tuple[str, str | None, int, str | None],
    ) -> dict[str, Any]:
        query = RunQuery(*wanted)
        return await endpoints.activity.read_history(project_name, caller, query)

    async def apply_verb(
        project_name: str, caller: Caller, verb: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        model = _parse(VerbModel, body)
        return await endpoints.verbs.order(project_name, caller, verb, model)

    async def seed_site(
        project_name: str, caller: Caller, body: dict[str, Any]
    ) -> dict[str, Any]:
        model = _parse(SeedModel, body)
        return await endpoints.verbs.seed(project_name, caller, model)

    async def set_pause(caller: Caller, body: dict[str, Any]) -> None:
        await endpoints.pauses.change_pause(caller, _parse(PauseModel, body))

    return Backend(
        ensure_ready=services.keeper.ensure_ready,
        representations=services.representations,
        list_totals=services.list_totals,
        availability=services.availability,
        describe_sites=partial(describe_sites, services),
        read_transfers=endpoints.activity.read_transfers,
        read_history=read_history,
        read_explanation=endpoints.activity.read_explanation,
        read_problems=endpoints.problems.read_problems,
        read_summary=endpoints.summary.read_summary,
        read_agents=endpoints.activity.read_agents,
        read_pauses=endpoints.pauses.read_pauses,
        read_job=endpoints.verbs.read_job,
        apply_verb=apply_verb,
        seed_site=seed_site,
        set_pause=set_pause,
    )


def _parse(model: type[Model], body: dict[str, Any]) -> Model:
    """Return a checked body; an error names the field and what is allowed."""
    try:
        return model.parse_obj(body)
    except ValidationError as error:
        raise describe_validation_error(error) from None
