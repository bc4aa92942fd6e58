"""Who asks, for code that has no request at hand."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from ayon_server.entities import UserEntity


@dataclass
class RequestContext:
    user: Optional["UserEntity"] = None
    sender: str | None = None
    sender_type: str | None = None


request_context: ContextVar[RequestContext | None] = ContextVar(
    "request_context", default=None
)


def get_request_context() -> RequestContext:
    return request_context.get() or RequestContext()
