"""The schema, and running a query against it within limits."""

# Annotations must be objects here: AYON loads the addon under a name of its own.

from typing import Any, TypeGuard

import asyncpg
import strawberry
from graphql import GraphQLError, get_operation_ast, parse
from strawberry.extensions import MaxAliasesLimiter, QueryDepthLimiter

from ..host import AyonException, logging
from ..store.access import Caller
from ..store.crossings import CROSSINGS
from ..store.interruptions import is_interruption
from .activity import SEARCH_COST, GraphInfo
from .activity_types import Job, KnownAgent, Pause
from .documents import find_excess
from .loaders import Backend, RequestContext
from .mutations import Mutation
from .resolvers import Project
from .shapes import make_shape

MAX_DEPTH = 12
MAX_ALIASES = 30
MAX_TOKENS = 20_000
# Errors of a field that the answer as a whole is about.
TOLD_AS_A_WHOLE = (*CROSSINGS, asyncpg.DiskFullError)


@strawberry.type
class Query:
    @strawberry.field
    async def project(self, info: GraphInfo, name: str) -> Project:
        """A project that the caller has access to."""
        return Project(name=await info.context.enter(name))

    @strawberry.field
    async def agents(self, info: GraphInfo) -> list[KnownAgent]:
        """Agents, live ones first, and what they hold in your projects."""
        info.context.spend(SEARCH_COST)
        found = await info.context.backend.read_agents(info.context.caller)
        return [make_shape(KnownAgent, each) for each in found]

    @strawberry.field
    async def pauses(self, info: GraphInfo) -> list[Pause]:
        """What is paused, in all projects or in yours."""
        info.context.spend(SEARCH_COST)
        found = await info.context.backend.read_pauses(info.context.caller)
        return [make_shape(Pause, each) for each in found]

    @strawberry.field
    async def job(self, info: GraphInfo, id: str) -> Job:
        """How far a job is: your own, for managers everybody's."""
        info.context.spend(1)
        content = await info.context.backend.read_job(info.context.caller, id)
        return make_shape(Job, content)


class _QuietSchema(strawberry.Schema):
    """A schema that leaves the log to us: a caller's mistakes do not belong there."""

    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        pass


SCHEMA = _QuietSchema(
    query=Query,
    mutation=Mutation,
    extensions=[
        lambda: QueryDepthLimiter(max_depth=MAX_DEPTH),
        lambda: MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
    ],
)


class GraphQLService:
    """Runs queries of callers."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def execute(
        self,
        caller: Caller,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> dict[str, Any]:
        """Return GraphQL's answer: `data`, and `errors` if there are any.

        :raises Exception: one of `CROSSINGS`; then all of it may be done again. Or the
            database has no space left, or is away.
        """
        problem = _problem_of(query, operation_name)
        if problem is not None:
            return {"data": None, "errors": [problem]}
        result = await SCHEMA.execute(
            query,
            variable_values=variables,
            context_value=RequestContext(self._backend, caller),
            operation_name=operation_name,
        )
        for error in result.errors or ():
            original = error.original_error
            if isinstance(original, TOLD_AS_A_WHOLE) or _is_broken_off(original):
                raise original
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [_describe(error) for error in result.errors]
        return answer


def _problem_of(query: str, operation_name: str | None) -> dict[str, Any] | None:
    """Return what keeps a document from being run at all, None if nothing does."""
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
    except GraphQLError as error:
        return dict(error.formatted)
    except RecursionError:
        return {"message": "query: it is nested too deeply"}
    if get_operation_ast(document, operation_name) is None:
        msg = "operationName: name one of the operations of the query"
        return {"message": msg}
    excess = find_excess(document)
    return None if excess is None else {"message": excess}


def _is_broken_off(error: Exception | None) -> TypeGuard[Exception]:
    """Tell an error of a connection from AYON's refusals, which fields tell."""
    if error is None or isinstance(error, AyonException):
        return False
    return is_interruption(error)


def _describe(error: Any) -> dict[str, Any]:
    """Return an error with REST's status and code; of our own faults no detail."""
    described: dict[str, Any] = error.formatted
    original = error.original_error
    if isinstance(original, AyonException):
        described["message"] = original.detail
        described["extensions"] = {"code": original.status, **original.extra}
    elif original is not None and not isinstance(original, GraphQLError):
        logging.error(f"Site Sync failed at a GraphQL field: {original!r}")
        described["message"] = "Site Sync failed at this field; the server's log tells"
        described["extensions"] = {"code": 500, "errorCode": "internal_error"}
    return described
