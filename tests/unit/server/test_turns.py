"""Turns of those who share the event loop."""

from __future__ import annotations

import asyncio

from server.store.turns import Gate


async def test_a_gate_lets_a_few_go_on_at_a_time_in_their_order() -> None:
    gate = Gate(2)
    gone: list[int] = []

    async def go(number: int) -> None:
        await gate.wait()
        gone.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(5)]
    steps = []
    while len(gone) < len(tasks):
        await asyncio.sleep(0)
        if len(gone) != sum(steps):
            steps.append(len(gone) - sum(steps))
    assert gone == [0, 1, 2, 3, 4]
    assert steps == [2, 2, 1]


async def test_who_leaves_a_gate_holds_nobody_up() -> None:
    gate = Gate(1)
    tasks = [asyncio.create_task(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [None, None]
    await gate.wait()  # and it opens again for who comes later
