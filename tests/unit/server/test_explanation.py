"""Why something is not there, in words that count as people do."""

import pytest

from server.domain.explanation import Facts, explain
from server.domain.status import SiteStatus


def _explain(
    status: SiteStatus,
    total: int,
    told: str = "No space left",
    due_in: float | None = None,
    **known: int,
) -> str:
    """The first reason's words about a representation of so many files."""
    counts = {"files_synced": 0, "files_verified": 0, "files_failed": 0}
    facts = Facts(
        site_name="nearline",
        is_enabled=True,
        is_known=True,
        is_active=True,
        status=status,
        files_total=total,
        **{**counts, "files_paused": 0, **known},
        last_error=told,
        due_in=due_in,
        holder="studio" if status is SiteStatus.IN_PROGRESS else None,
        sources=["studio"],
        serving_sites=["studio"],
        pauses=[],
    )
    return explain(facts)[0].text


@pytest.mark.parametrize(
    ("count", "failed", "paused"),
    [
        (1, "1 file failed: No space left", "1 file is paused"),
        (2, "2 files failed: No space left", "2 files are paused"),
    ],
)
def test_one_file_is_no_files(count: int, failed: str, paused: str) -> None:
    assert _explain(SiteStatus.FAILED, 3, files_failed=count) == failed
    assert _explain(SiteStatus.PAUSED, 3, files_paused=count) == paused


def test_message_that_is_a_sentence_has_one_full_stop() -> None:
    def tell(due_in: float | None) -> str:
        return _explain(
            SiteStatus.FAILED, 1, "'a.exr' is gone.", due_in, files_failed=1
        )

    assert tell(None) == "1 file failed: 'a.exr' is gone"
    assert tell(0.0).startswith("1 file failed: 'a.exr' is gone; the next try is")


@pytest.mark.parametrize(
    ("total", "synced", "claimed", "moving"),
    [
        (
            1,
            "Its file is on 'nearline', verified",
            "Somebody said that its file is on 'nearline'; it is not verified yet",
            "An agent on 'studio' is at it: 0 of 1 file is there",
        ),
        (
            2,
            "All 2 files are on 'nearline', verified",
            "Somebody said that all 2 files are on 'nearline'; 0 of them are verified",
            "An agent on 'studio' is at it: 0 of 2 files are there",
        ),
    ],
)
def test_a_single_file_is_told_as_one(
    total: int, synced: str, claimed: str, moving: str
) -> None:
    assert _explain(SiteStatus.SYNCED, total, files_verified=total) == synced
    assert _explain(SiteStatus.SYNCED, total) == claimed
    assert _explain(SiteStatus.IN_PROGRESS, total) == moving
