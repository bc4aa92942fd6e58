"""Entries of files: total readers, merged posts, reports, due files."""

from typing import Any

import pytest

from server.domain.file_reports import FileReport, apply_report
from server.domain.files import (
    PostedFile,
    RepresentationFile,
    due_ids,
    entry_proof,
    is_verified,
    merge_post,
    parse_entries,
    parse_files,
    prove,
    rebuild_entries,
    return_running,
    start_files,
)
from server.domain.reconciliation import fit_entries
from server.domain.status import SiteStatus

NOW = 1_795_240_000.5
FILE = RepresentationFile("f1", "{root[work]}/a/b.exr", 100, "b,exr|1|100", "op3")
OTHER = RepresentationFile("f2", "c.exr", 50, "c", "op3")


def posted(status: SiteStatus, **changes: Any) -> PostedFile:
    values: dict[str, Any] = {
        "id": "f1",
        "status": status,
        "size": 0,
        "timestamp": 7,
        "message": None,
        "retries": 0,
        "progress": None,
    }
    return PostedFile(**{**values, **changes})


@pytest.mark.parametrize(
    "raw", [None, "x", 3, {}, [], [None], [{"path": "a"}], [{"id": 3}]]
)
def test_broken_files_of_a_representation_are_no_files(raw: object) -> None:
    assert parse_files(raw) == []


def test_a_file_with_missing_keys_has_empty_values() -> None:
    [file] = parse_files([{"id": "f1", "size": -5}])
    assert file == RepresentationFile("f1", "", 0, "", "md5")


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("size", 2.5, 2),
        ("size", True, 0),
        ("size", 2**63, 2**63 - 1),
        ("path", None, ""),
        ("hash", 7, ""),
        ("hash_type", "", "md5"),
        ("hash_type", None, "md5"),
    ],
)
def test_an_odd_value_changes_nothing_of_other_files(
    key: str, value: object, read: object
) -> None:
    plain = {"id": "f1", "path": "a", "size": 9, "hash": "b", "hash_type": "op3"}
    odd = {**plain, "id": "f2", key: value}
    first, second = parse_files([plain, None, odd])
    assert first == RepresentationFile("f1", "a", 9, "b", "op3")
    assert second._asdict() == {**plain, "id": "f2", key: read}


@pytest.mark.parametrize("data", [None, 1, [], {}, {"files": None}, {"files": [1]}])
def test_broken_data_has_no_entries(data: object) -> None:
    assert parse_entries(data) == {}


def test_entries_that_are_no_objects_are_empty() -> None:
    assert parse_entries({"files": {"a": 3, "b": {"status": 4}}}) == {
        "a": {},
        "b": {"status": 4},
    }


def test_base_name_is_behind_the_last_slash() -> None:
    assert (FILE.base_name, OTHER.base_name) == ("b.exr", "c.exr")


def test_rebuilding_starts_from_nothing() -> None:
    assert rebuild_entries([FILE]) == {
        "f1": {"hash": "b,exr|1|100", "status": -1, "size": 0, "timestamp": 0}
    }


def test_a_row_that_lacks_files_has_them_not_there() -> None:
    kept = {"status": 4, "size": 100, "timestamp": 5}
    assert fit_entries({"f1": kept}, [FILE, OTHER], 9) == {
        "f1": kept,
        "f2": {"hash": "c", "status": -1, "size": 0, "timestamp": 0},
    }


@pytest.mark.parametrize(
    ("before", "after"), [(4, 1), (0, 1), (2, 1), (3, 3), (-1, -1)]
)
def test_a_row_of_files_that_are_gone_tells_where_the_new_ones_are_wanted(
    before: int, after: int
) -> None:
    gone = {"status": before, "size": 100, "timestamp": 5}
    [wanted] = fit_entries({"gone": gone}, [FILE], 9).values()
    assert wanted["status"] == after
    same = {"hash": OTHER.hash, "status": 4, "size": 7, "timestamp": 5}
    carried = fit_entries({"gone": gone, "old": same}, [FILE, OTHER], 9)
    assert carried["f2"] == same


def test_a_post_replaces_values_and_voids_the_proof() -> None:
    entry = {
        "hash": "h",
        "status": 4,
        "size": 100,
        "timestamp": 5,
        "proof": "content",
        "proven": 5,
        "next": 99.0,
        "error": "quota",
        "message": "old",
    }
    merged = merge_post(entry, posted(SiteStatus.FAILED, message="new", retries=2), 100)
    assert merged == {
        "hash": "h",
        "status": 2,
        "size": 0,
        "timestamp": 7,
        "message": "new",
        "retries": 2,
    }
    merged = merge_post(merged, posted(SiteStatus.QUEUED), 100)
    assert "message" not in merged
    assert "retries" not in merged


@pytest.mark.parametrize(
    ("progress", "size"), [(0.25, 25), (1.0, 100), (100.0, 100), (None, 0)]
)
def test_progress_of_a_running_file_becomes_bytes(
    progress: float | None, size: int
) -> None:
    merged = merge_post({}, posted(SiteStatus.IN_PROGRESS, progress=progress), 100)
    assert merged["size"] == size


def test_a_posted_size_wins_over_progress() -> None:
    post = posted(SiteStatus.IN_PROGRESS, progress=0.5, size=7)
    assert merge_post({}, post, 100)["size"] == 7


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"status": 4, "proof": "content", "proven": 5, "timestamp": 5}, True),
        ({"status": 4, "proof": "content", "proven": 5, "timestamp": 6}, False),
        ({"status": 4, "proof": "belief", "proven": 5, "timestamp": 5}, False),
        ({"status": 4, "proof": ["content"], "proven": 5, "timestamp": 5}, False),
        ({"status": 4, "proof": "size"}, False),
        ({"status": 1, "proof": "content", "proven": 5, "timestamp": 5}, False),
    ],
)
def test_verified_needs_a_proof_of_this_very_state(
    entry: dict[str, Any], expected: bool
) -> None:
    assert is_verified(entry) is expected
    assert entry_proof(entry) == (entry["proof"] if expected else None)


def test_proving_a_claimed_entry_keeps_what_it_says() -> None:
    entry = {"status": 4, "size": 100, "timestamp": 5.5, "hash": "h"}
    proven = prove(entry, "content", NOW)
    assert is_verified(proven)
    assert (proven["size"], proven["hash"]) == (100, "h")


def report(status: SiteStatus, **changes: Any) -> FileReport:
    return FileReport("f1", status, **changes)


def apply(entry: dict[str, Any], what: FileReport, retry_count: int = 3) -> Any:
    return apply_report(entry, what, NOW, retry_count, 0.5)


def test_a_success_is_verified_and_clears_the_failure() -> None:
    entry = {"status": 0, "retries": 2, "message": "m", "next": 1.0, "error": "x"}
    done = apply(entry, report(SiteStatus.SYNCED, bytes_done=100, proof="content"))
    assert done == {
        "status": 4,
        "size": 100,
        "timestamp": int(NOW) - 1,
        "proof": "content",
        "proven": int(NOW) - 1,
    }


def test_a_foreign_write_in_the_same_second_voids_a_proof() -> None:
    """Others write the second of their clock and keep keys they do not know."""
    moved = apply({"status": 0}, report(SiteStatus.SYNCED, proof="content"))
    claimed = prove({"status": 4, "timestamp": int(NOW)}, "content", NOW)
    for verified in (moved, claimed):
        assert is_verified(verified)
        assert not is_verified({**verified, "timestamp": int(NOW)})


def test_failures_count_until_the_attempts_are_used() -> None:
    entry: dict[str, Any] = {"status": 0}
    for retries, wait in ((1, 15), (2, 30)):
        entry = apply(entry, report(SiteStatus.FAILED, message="m"), retry_count=2)
        assert (entry["retries"], entry["next"] - NOW) == (retries, wait)
    entry = apply(entry, report(SiteStatus.FAILED, message="m"), retry_count=2)
    assert entry["retries"] == 3
    assert "next" not in entry
    assert entry["message"] == "m"


def test_no_attempts_left_with_a_retry_count_of_zero() -> None:
    entry = apply({"status": 0}, report(SiteStatus.FAILED), retry_count=0)
    assert "next" not in entry
    assert entry["message"]


def test_permanent_errors_have_no_next_attempt() -> None:
    what = report(SiteStatus.FAILED, error_class="permanent")
    assert "next" not in apply({"status": 0}, what)


def test_retry_after_replaces_the_backoff() -> None:
    what = report(SiteStatus.FAILED, error_class="quota", retry_after_seconds=600.0)
    assert apply({"status": 0}, what)["next"] == NOW + 600


@pytest.mark.parametrize(
    "status", [SiteStatus.FAILED, SiteStatus.QUEUED, SiteStatus.IN_PROGRESS]
)
def test_a_file_that_an_alias_brought_stays_synced(status: SiteStatus) -> None:
    entry = {"status": 4, "size": 100, "timestamp": 5}
    assert apply(entry, report(status)) == entry


def test_given_back_files_are_queued_and_keep_their_count() -> None:
    entry = apply({"status": 0, "retries": 2, "size": 40}, report(SiteStatus.QUEUED))
    assert (entry["status"], entry["retries"], entry["size"]) == (1, 2, 0)


def test_the_end_of_a_lease_returns_running_files_only() -> None:
    entries = {"a": {"status": 0, "size": 9}, "b": {"status": 4}, "c": {"status": 2}}
    returned = return_running(entries, NOW)
    assert [entry["status"] for entry in returned.values()] == [1, 4, 2]


def test_due_files() -> None:
    entries: dict[str, dict[str, Any]] = {
        "queued": {"status": 1},
        "failed": {"status": 2},
        "waiting": {"status": 2, "next": NOW + 1},
        "ready": {"status": 2, "next": NOW},
        "running": {"status": 0},
        "paused": {"status": 3},
        "synced": {"status": 4},
        "none": {},
    }
    assert due_ids(entries, NOW, changed_at=NOW - 899) == ["queued", "ready"]
    assert due_ids(entries, NOW, changed_at=NOW - 900) == ["queued", "ready", "running"]


def test_starting_marks_the_chosen_files() -> None:
    entries = {"a": {"status": 2, "message": "m", "next": 1.0, "retries": 1}, "b": {}}
    started = start_files(entries, ["a"], NOW)
    assert started["a"] == {
        "status": 0,
        "size": 0,
        "timestamp": int(NOW),
        "retries": 1,
    }
    assert started["b"] == {}
