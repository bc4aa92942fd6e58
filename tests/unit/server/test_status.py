"""Statuses and how files add up to a representation."""

import pytest

from server.domain.status import STATUS_VALUES, SiteStatus, aggregate_status

NA, RUNNING, QUEUED, FAILED, PAUSED, SYNCED = (
    SiteStatus.NOT_AVAILABLE,
    SiteStatus.IN_PROGRESS,
    SiteStatus.QUEUED,
    SiteStatus.FAILED,
    SiteStatus.PAUSED,
    SiteStatus.SYNCED,
)


def test_the_integers_are_those_of_the_existing_addon() -> None:
    assert {status.name: int(status) for status in SiteStatus} == {
        "NOT_AVAILABLE": -1,
        "IN_PROGRESS": 0,
        "QUEUED": 1,
        "FAILED": 2,
        "PAUSED": 3,
        "SYNCED": 4,
    }
    assert frozenset({-1, 0, 1, 2, 3, 4}) == STATUS_VALUES


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], NA),
        ([NA, NA], NA),
        ([SYNCED, SYNCED], SYNCED),
        ([SYNCED, FAILED, RUNNING, PAUSED, QUEUED], FAILED),
        ([SYNCED, RUNNING, PAUSED, QUEUED], RUNNING),
        ([SYNCED, PAUSED, QUEUED, NA], PAUSED),
        ([SYNCED, QUEUED, NA], QUEUED),
        ([SYNCED, NA], NA),
    ],
)
def test_the_first_match_wins(statuses: list[int], expected: SiteStatus) -> None:
    assert aggregate_status(statuses) == expected
