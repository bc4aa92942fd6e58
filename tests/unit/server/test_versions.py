"""Which of the installed versions does the work that is done once for all."""

import pytest

from server.domain.versions import choose_acting, version_order


def test_versions_are_in_semantic_order() -> None:
    ordered = [
        "odd",
        "1.3.10-rc.2",
        "1.3.10-rc.10",
        "1.3.10",
        "2.0.0-alpha",
        "2.0.0-dev",
        "2.0.0",
        "10.0.0+git",
    ]
    assert sorted(set(ordered), key=version_order) == ordered


@pytest.mark.parametrize(
    ("installed", "production", "expected"),
    [
        (["1.3.0", "2.0.0", "9.0.0"], "2.0.0", "2.0.0"),
        (["1.3.0", "2.0.0"], "1.3.0", "1.3.0"),
        (["1.3.0", "2.0.0"], None, "2.0.0"),
        (["1.3.0", "2.0.0"], "3.0.0", "2.0.0"),
        ([], "2.0.0", None),
    ],
)
def test_the_production_version_acts_else_the_highest(
    installed: list[str], production: str | None, expected: str | None
) -> None:
    assert choose_acting(installed, production) == expected
