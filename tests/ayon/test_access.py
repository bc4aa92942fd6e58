"""Who may ask which endpoint: the table of all of them, for every kind of user."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.ayon.studio import CONFIGURED, Studio
from tests.integration.pipeline import OTHER_FOLDER
from tests.integration.test_access_matrix import (
    AGENT,
    ENDPOINTS,
    HIDDEN,
    JOB,
    TAKEN,
    USERS,
)

# Nobody has ordered anything here; who may see whose order is tested beside the table.
ORDERS = {"get_job"}


def fill_in(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(name, text)
        return value
    if isinstance(value, dict):
        return {key: fill_in(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [fill_in(each, names) for each in value]
    return value


@pytest.mark.parametrize("user", USERS)
async def test_endpoints(studio: Studio, user: str) -> None:
    """On two shared sites is what `restricted` may not read; a machine is another's."""
    published = await studio.publish(OTHER_FOLDER)
    manager = await studio.client("manager")
    for site in ("studio", CONFIGURED):
        answer = await studio.post(manager, published, site)
        assert answer.status_code == 204, answer.text
    taken = studio.site(f"taken-{user}")
    owner = await studio.client("admin", taken)
    answer = await owner.get(
        f"{studio.addon_path}/-/machines", params={"siteName": taken}
    )
    assert answer.status_code == 200, answer.text

    names = {
        "artist": studio.server.name("artist"),
        "demo": studio.project,
        HIDDEN: published.id,
        JOB: "0" * 32,
        AGENT["id"]: uuid.uuid4().hex,
        TAKEN: taken,
        AGENT["siteName"]: studio.site(user),
    }
    client = await studio.client(user, studio.site(user))
    found, expected = {}, {}
    for name, (method, path, body, statuses) in ENDPOINTS.items():
        if name in ORDERS:
            continue
        answer = await client.request(
            method,
            f"{studio.addon_path}/{fill_in(path, names)}",
            json=fill_in(body, names),
        )
        found[name] = answer.status_code
        expected[name] = statuses[USERS.index(user)]
    assert found == expected
