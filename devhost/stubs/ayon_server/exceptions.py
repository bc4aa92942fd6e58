"""AYON's exceptions: each class fixes an HTTP status."""

from typing import Any, ClassVar

from ayon_server.logging import logger


class AyonException(Exception):
    """Base class. `extra` becomes part of the JSON body (not at 401, 403, 503)."""

    detail: str = "Error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: str | None = None,
        log: bool | str = False,
        code: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.code = code or type(self).detail.lower().replace(" ", "-")
        if detail is not None:
            self.detail = detail
        self.extra: dict[str, Any] = kwargs
        if log:
            reason = log if isinstance(log, str) else self.detail
            logger.error(f"EXCEPTION: {self.status} {reason}")
        super().__init__(self.detail)


class BadRequestException(AyonException):
    detail = "Bad request"
    status = 400


class UnauthorizedException(AyonException):
    detail = "Not logged in"
    status = 401


class ForbiddenException(AyonException):
    detail = "Forbidden"
    status = 403


class NotFoundException(AyonException):
    detail = "Not found"
    status = 404


class ConflictException(AyonException):
    detail = "Conflict"
    status = 409


class ConstraintViolationException(AyonException):
    detail = "Constraint violation"
    status = 409


class ServiceUnavailableException(AyonException):
    detail = "Service unavailable"
    status = 503
