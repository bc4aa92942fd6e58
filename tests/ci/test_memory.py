"""What the server keeps in memory, and what the collector of cycles looks at."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections import Counter
from collections.abc import Iterator
from types import FunctionType

import httpx
import psutil
import pytest

from server.api.lasting_objects import set_aside_lasting_objects
from server.api.spare_memory import give_back_memory
from tests.integration.conftest import CONFIGURED, SITE
from tests.integration.pipeline import Pipeline
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


def test_memory_that_large_work_has_left_is_given_back() -> None:
    process = psutil.Process()
    pieces = [b"1" * (64_000 + number) for number in range(2_000)]
    del pieces[:-1]  # the last one keeps glibc from giving back what is below it
    used = process.memory_info().rss
    give_back_memory()
    assert used - process.memory_info().rss > 50_000_000


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


async def ask_for_everything(client: httpx.AsyncClient, base: str, id_: str) -> None:
    """One of each kind of request."""
    graph = 'query { project(name: "demo") { representations(first: 5) { total } } }'
    bodies = {
        "demo/representations/query": {"withFiles": True},
        "demo/availability": {"representationIds": [id_], "siteNames": ["studio"]},
        "demo/summary": {},
        "demo/states": {
            "states": [{"representationId": id_, "siteName": "studio", "status": 4}]
        },
        "demo/verbs/queue": {
            "siteNames": [CONFIGURED],
            "selection": {"representationIds": [id_]},
        },
        "-/graphql": {"query": graph},
    }
    for path, body in bodies.items():
        answer = await client.post(f"{base}/{path}", json=body)
        assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("set_settings")
async def test_requests_leave_no_classes_and_functions_in_memory(
    host: Host, pipeline: Pipeline
) -> None:
    client = await host.client("manager", SITE)
    published = await pipeline.publish(files=3)
    rounds = 20

    async def count_lasting(times: int) -> Counter[str]:
        """Ask so often; count classes and functions."""
        for _ in range(times):
            await ask_for_everything(client, host.addon_path, published.id)
        gc.collect()
        kinds = (type, FunctionType)
        lasting = (each for each in gc.get_objects() if isinstance(each, kinds))
        return Counter(type(each).__name__ for each in lasting)

    before = await count_lasting(5)  # what is made once is there by now
    after = await count_lasting(rounds)
    assert (after - before).total() < rounds, after - before
