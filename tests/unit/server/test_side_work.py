"""What Postgres does while Python does something else."""

from __future__ import annotations

import asyncio

import pytest

from server.store.side_work import meanwhile


class Work:
    """Goes on when it is let go; tells whether it has begun and ended."""

    def __init__(self) -> None:
        self.has_begun = self.has_ended = False
        self.may_end = asyncio.Event()

    async def run(self) -> str:
        self.has_begun = True
        await self.may_end.wait()
        self.has_ended = True
        return "done"


async def test_the_work_has_begun_in_the_block_and_its_result_is_there_after_it() -> (
    None
):
    work = Work()
    async with meanwhile(work.run()) as running:
        assert work.has_begun
        assert not running.done()
        work.may_end.set()
    assert running.result() == "done"


async def test_a_block_that_fails_is_left_when_the_work_has_ended() -> None:
    work = Work()

    async def fail() -> None:
        async with meanwhile(work.run()):
            raise LookupError

    failing = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not failing.done()
    work.may_end.set()
    with pytest.raises(LookupError):
        await failing
    assert work.has_ended


async def test_work_that_fails_fails_the_block() -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        async with meanwhile(fail()):
            pass
