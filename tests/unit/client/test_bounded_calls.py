"""Calls that nobody waits for without end."""

from __future__ import annotations

import threading

import pytest
from ayon_sitesync.bounded_calls import call_bounded
from ayon_sitesync.errors import NoAnswerError, RequestRefusedError


def test_what_the_call_gives_or_raises_is_passed_on() -> None:
    assert call_bounded(lambda: None, 10) is None

    def refuse() -> int:
        raise RequestRefusedError("No.", status=403)

    with pytest.raises(RequestRefusedError):
        call_bounded(refuse, 10)


def test_a_call_that_takes_longer_goes_on() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def call() -> None:
        may_end.wait(10)
        ended.set()

    with pytest.raises(NoAnswerError, match=r"no answer in 0\.01 s"):
        call_bounded(call, 0.01)
    may_end.set()
    assert ended.wait(10)


def test_a_process_that_ends_and_starts_no_thread_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert call_bounded(lambda: 5, 10) == 5
