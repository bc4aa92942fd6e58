"""AYON's logger: loguru's calls on top of the standard library."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TRACE = 5
logging.addLevelName(_TRACE, "TRACE")


class Logger:
    """`message.format(*args, **kwargs)` as loguru does; other keywords are context."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("ayon")

    def _log(
        self, level: int, message: str, args: Any, kwargs: Any, exc_info: bool = False
    ) -> None:
        if args or kwargs:
            message = str(message).format(*args, **kwargs)
        self._logger.log(level, "%s", message, exc_info=exc_info)

    def trace(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(_TRACE, message, args, kwargs)

    def debug(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(logging.DEBUG, message, args, kwargs)

    def info(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(logging.INFO, message, args, kwargs)

    def warning(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(logging.WARNING, message, args, kwargs)

    def error(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(logging.ERROR, message, args, kwargs)

    def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        self._log(logging.ERROR, message, args, kwargs, exc_info=True)

    @contextmanager
    def contextualize(self, **kwargs: Any) -> Iterator[None]:
        """AYON adds the keywords to each record; the stand-in prints none."""
        yield


logger = Logger()


def log_traceback(message: str = "Exception!", **kwargs: Any) -> None:
    """Log the exception being handled with its traceback."""
    logger.error("{}\n{}", message, traceback.format_exc().rstrip())
