"""A few hundred made-up requests; tests/ci has many more."""

from tests.integration.conftest import pipeline, set_settings
from tests.integration.pipeline import Pipeline
from tests.support.devhost_app import Host
from tests.support.fuzzing import SITES, fuzz

__all__ = ["pipeline", "set_settings"]
COUNT = 600


async def publish_some(pipeline: Pipeline) -> dict[str, list[str]]:
    """Publishes, and the values by field that made-up requests may use."""
    published = [await pipeline.publish(f"shots/sq00{n}", files=2) for n in range(1, 5)]
    ids = [one.id for one in published]
    file_ids = [file["id"] for one in published for file in one.files]
    return {
        "project_name": ["demo"] * 9 + ["nowhere"],
        "projects": ["demo"],
        "projectName": ["demo"],
        "name": ["demo"],
        "representation_id": ids,
        "representationId": ids,
        "representationIds": ids,
        "versionIds": [one.version_id for one in published],
        "productIds": [one.product_id for one in published],
        "folderIds": [one.folder_id for one in published],
        "fileIds": file_ids,
        "id": [*file_ids, "a" * 32],
        "agentId": ["a" * 32],
        "leaseToken": ["b" * 32],
        "query": ["{ __typename }", '{ project(name: "demo") { name } }', "{"],
        "siteName": list(SITES),
        "siteNames": list(SITES),
        "site_name": list(SITES),
        "*": [*SITES, "exr", "comp", "production", *ids],
    }


async def test_made_up_requests_get_described_answers(
    host: Host, pipeline: Pipeline, set_settings: object
) -> None:
    seen = await fuzz(host, await publish_some(pipeline), COUNT, seed=1)
    succeeded = {key.split()[0] for key in seen if key.endswith((" 200", " 204"))}
    assert len(succeeded) > 12
