"""20,000 made-up requests over the addon's OpenAPI, injections in every text."""

import pytest

from tests.contract.test_fuzz import publish_some
from tests.integration.conftest import pipeline, set_settings
from tests.integration.pipeline import Pipeline
from tests.support.devhost_app import Host
from tests.support.fuzzing import fuzz

__all__ = ["pipeline", "set_settings"]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 7))
async def test_made_up_requests_get_described_answers(
    host: Host, pipeline: Pipeline, set_settings: object, seed: int
) -> None:
    seen = await fuzz(host, await publish_some(pipeline), 4_100, seed=seed)
    assert seen.total() == 4_100
