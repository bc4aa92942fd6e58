"""What the server answers, as values and as errors of the right kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ayon_sitesync.errors import (
    RequestRefusedError,
    ServerError,
    ServerFailedError,
    SiteIdInUseError,
)
from ayon_sitesync.server_api.client import ServerClient
from ayon_sitesync.server_api.live import LiveChannel
from ayon_sitesync.work import AgentIdentity, ClaimRequest

from tests.unit.client.ayon_stub import KEY, OWN_PREFIX, AyonStub, run_stub

CLAIM = ClaimRequest(
    AgentIdentity("a" * 32, "brisk-amber-fox", "ws042", "2.0.0", {}, "c" * 32),
    None,
    (),
    "production",
    1,
    1,
    1,
)


@pytest.fixture
def stub() -> AyonStub:
    return AyonStub()


@pytest.fixture
def url(stub: AyonStub) -> Iterator[str]:
    with run_stub(stub) as url:
        yield url


def make_client(
    url: str,
    site_id: str | None = "brisk-amber-fox",
    variant: str = "production",
    **arguments: Any,
) -> ServerClient:
    return ServerClient(
        url, KEY, site_id, variant=variant, own_version="3.0.0", **arguments
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"errorCode": "site_id_in_use", "detail": "ws007"}, SiteIdInUseError),
        (409, {"errorCode": "other", "detail": "no"}, RequestRefusedError),
        (403, {"detail": "no access"}, RequestRefusedError),
        (500, {"detail": "broken"}, ServerFailedError),
        (503, {"detail": "busy"}, ServerFailedError),
        (200, {"transfers": []}, ServerError),
    ],
)
def test_answers_that_are_errors(
    stub: AyonStub, url: str, status: int, body: Any, expected: type[Exception]
) -> None:
    stub.answers[f"{OWN_PREFIX}/-/claim"] = (status, body)
    with pytest.raises(expected) as caught:
        make_client(url).claim(CLAIM)
    assert type(caught.value) is expected


def test_key_that_ends_is_told_and_a_later_login_works(
    stub: AyonStub, url: str
) -> None:
    client = make_client(url)
    client.claim(CLAIM)
    fine = stub.answers[f"{OWN_PREFIX}/-/claim"]
    stub.answers[f"{OWN_PREFIX}/-/claim"] = (401, {"detail": "Unauthorized"})
    with pytest.raises(ServerError, match="does not accept the API key"):
        client.claim(CLAIM)
    stub.answers[f"{OWN_PREFIX}/-/claim"] = fine
    assert client.claim(CLAIM).pending == 0


@pytest.mark.parametrize(
    ("variant", "expected"),
    [("production", "2.0.0"), ("staging", "2.1.0"), ("dev-ann", "2.2.0")],
)
def test_version_is_that_of_the_variants_bundle(
    stub: AyonStub, url: str, variant: str, expected: str
) -> None:
    bundles = stub.answers["/api/bundles"][1]["bundles"]
    bundles += [
        {"name": "b2", "isStaging": True, "addons": {"sitesync": "2.1.0"}},
        {"name": "dev-ann", "isDev": True, "addons": {"sitesync": "2.2.0"}},
    ]
    assert make_client(url, variant=variant).find_addon_version() == expected


@pytest.mark.parametrize(
    ("versions", "expected"), [(["1.9.0"], "1.9.0"), (["1.9.0", "2.0.0"], "3.0.0")]
)
def test_version_without_a_bundle_is_the_only_one_else_the_own(
    stub: AyonStub, url: str, versions: list[str], expected: str
) -> None:
    stub.answers["/api/bundles"] = (200, {"bundles": []})
    addon = {"name": "sitesync", "versions": {version: {} for version in versions}}
    stub.answers["/api/addons"] = (200, {"addons": [addon]})
    assert make_client(url).find_addon_version() == expected


def test_version_that_is_given_is_not_asked_for(stub: AyonStub, url: str) -> None:
    client = make_client(url, addon_version="2.0.0")
    client.claim(CLAIM)
    assert "/api/bundles" not in [path for path, _ in stub.asked]


def test_settings_are_those_of_the_machine_and_variant(
    stub: AyonStub, url: str
) -> None:
    settings = make_client(url).read_settings("demo")
    assert settings["enabled"] is True
    asked = dict(stub.asked)[f"{OWN_PREFIX}/settings/demo"]
    assert asked == {"site": ["brisk-amber-fox"], "variant": ["production"]}


def test_roots_of_a_machine_that_the_server_does_not_know_are_the_platforms(
    stub: AyonStub, url: str
) -> None:
    client = make_client(url)
    assert client.read_studio_roots("demo", "linux") == {"work": "/mnt/studio"}
    stub.answers["/api/projects/demo/siteRoots"] = (400, {"detail": "unknown site"})
    with pytest.raises(RequestRefusedError):
        client.read_studio_roots("demo", "linux")
    queries = [query for path, query in stub.asked if path.endswith("siteRoots")]
    assert queries == [
        {"site_id": ["brisk-amber-fox"]},
        {"site_id": ["brisk-amber-fox"]},
        {"platform": ["linux"]},
    ]


def test_site_name_that_is_no_machine_id_is_not_sent_as_one(
    stub: AyonStub, url: str
) -> None:
    make_client(url, site_id="NAS_2").read_settings("demo")
    asked = dict(stub.asked)[f"{OWN_PREFIX}/settings/demo"]
    assert asked == {"variant": ["production"]}


def test_events_come_by_requests_that_wait_where_the_websocket_is_refused(
    stub: AyonStub, url: str
) -> None:
    """The stub has no websocket, and ayon_api's hub never connects."""
    answer = {"cursor": "7", "events": [], "overflow": True}
    stub.answers[f"{OWN_PREFIX}/-/wait"] = (200, answer)
    woken = threading.Semaphore(0)
    channel = LiveChannel(make_client(url), woken.release)
    channel.is_up()
    assert woken.acquire(timeout=20)
    assert woken.acquire(timeout=20)
    channel.stop()
    asked = [query for path, query in stub.asked if path.endswith("/-/wait")]
    assert asked[0] == {"timeoutSeconds": ["0"]}
    assert asked[1] == {"timeoutSeconds": ["25"], "after": ["7"]}
