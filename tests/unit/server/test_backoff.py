"""Waiting times of failed files."""

import pytest

from server.domain.backoff import backoff_seconds


@pytest.mark.parametrize(
    ("retries", "nominal"),
    [(1, 15), (2, 30), (3, 60), (7, 960), (8, 1800), (1000, 1800), (0, 15)],
)
def test_waits_double_up_to_half_an_hour(retries: int, nominal: float) -> None:
    assert backoff_seconds(retries, 0.5) == nominal


def test_chance_spreads_by_a_fifth_either_way() -> None:
    assert backoff_seconds(1, 0.0) == 12
    assert backoff_seconds(1, 1.0) == 18
