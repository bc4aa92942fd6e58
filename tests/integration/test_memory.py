"""What the server keeps in memory, and what the collector of cycles looks at."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from server.api.lasting_objects import set_aside_lasting_objects
from tests.support.devhost_app import Host


@pytest.fixture
def sight() -> Iterator[None]:
    """Everything is in the collector's sight again afterwards."""
    yield
    gc.unfreeze()


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("sight")
def test_what_lasts_is_set_aside_once_and_without_garbage() -> None:
    lasting, garbage = [Knot()], weakref.ref(Knot())
    assert set_aside_lasting_objects()
    later = [Knot()]
    in_sight = {id(each) for each in gc.get_objects()}
    assert id(lasting) not in in_sight
    assert id(later) in in_sight
    assert garbage() is None
    assert not set_aside_lasting_objects()


@pytest.mark.usefixtures("sight")
async def test_a_server_that_is_up_sets_aside_what_lasts(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep = host.addon.__dict__["upkeep"]
    module = sys.modules[type(upkeep).__module__]
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    upkeep.start()
    try:
        for _ in range(1000):
            if gc.get_freeze_count():
                break
            await asyncio.sleep(0.01)
        assert gc.get_freeze_count()
    finally:
        await upkeep.shutdown()
