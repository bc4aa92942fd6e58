"""Waits a bounded time for the server: a host application stands still meanwhile.

Timeouts of requests are not enough: AYON's connection tries again after each, and
neither looking up the server's name nor logging in has one.
"""

from __future__ import annotations

import threading
from typing import Callable, Optional, TypeVar

from .errors import NoAnswerError

V = TypeVar("V")

READ_SECONDS = 3.0
"""How long a host application stands still for an answer."""


def call_bounded(call: Callable[[], V], seconds: float) -> V:
    """What `call` gives or raises; it runs on a thread of its own.

    Raises `NoAnswerError` when that takes longer; the call goes on then.
    """
    values: list[V] = []
    error: Optional[Exception] = None

    def run() -> None:
        nonlocal error
        try:
            values.append(call())
        except Exception as raised:
            # Whoever waits gets it.
            error = raised

    thread = threading.Thread(target=run, name="sitesync-read", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # A process that ends, or has too many threads, starts none.
        return call()
    thread.join(seconds)
    if error is not None:
        raise error
    if not values:
        raise NoAnswerError(f"The AYON server gave no answer in {seconds:g} s.")
    return values[0]
