"""What becomes of rows when files of a representation change: laws, and examples."""

from hypothesis import given
from hypothesis import strategies as st

from server.domain.files import (
    Entries,
    RepresentationFile,
    entry_status,
    is_verified,
    rebuild_entries,
)
from server.domain.reconciliation import (
    conclude,
    is_concluded,
    is_in_line,
    reconcile,
)
from server.domain.status import SiteStatus

NOW = 1_795_240_000.0
WANTED = {
    SiteStatus.QUEUED,
    SiteStatus.IN_PROGRESS,
    SiteStatus.FAILED,
    SiteStatus.SYNCED,
}


@st.composite
def generations(
    draw: st.DrawFn,
) -> tuple[list[RepresentationFile], list[RepresentationFile]]:
    """The files of a representation before and after somebody published over it."""
    paths = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4))
    contents = st.sampled_from(["x", "y", ""])
    old = [make_file(f"old-{path}", path, draw(contents)) for path in paths]
    paths = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4))
    new = []
    for path in paths:
        file_id = draw(st.sampled_from([f"new-{path}", f"old-{path}"]))
        new.append(make_file(file_id, path, draw(contents)))
    return old, new


def make_file(file_id: str, path: str, content: str) -> RepresentationFile:
    return RepresentationFile(file_id, path, 100 + len(content), content, "md5")


@st.composite
def rows_of(draw: st.DrawFn, files: list[RepresentationFile]) -> Entries:
    entries = rebuild_entries(files)
    for entry in entries.values():
        entry["status"] = draw(st.sampled_from([-1, 0, 1, 2, 3, 4]))
        if entry["status"] == SiteStatus.SYNCED and draw(st.booleans()):
            entry |= {"proof": "content", "proven": entry["timestamp"]}
    return entries


@given(st.data(), generations())
def test_what_is_the_same_keeps_its_state_and_nothing_else_counts_as_there(
    data: st.DataObject,
    both: tuple[list[RepresentationFile], list[RepresentationFile]],
) -> None:
    old, new = both
    before = data.draw(rows_of(old))
    known = {file.id: file for file in old}
    after = reconcile(before, known, new, NOW)
    assert is_in_line(after, new)
    same = {(file.path, file.size, file.hash): file.id for file in old}
    for file in new:
        old_id = same.get((file.path, file.size, file.hash))
        if old_id is not None:
            assert after[file.id] == before[old_id]
        else:
            assert entry_status(after[file.id]) not in {
                SiteStatus.SYNCED,
                SiteStatus.IN_PROGRESS,
                SiteStatus.FAILED,
            }
            assert is_concluded(after[file.id]) == (
                entry_status(after[file.id]) == SiteStatus.QUEUED
            )


@given(st.data(), generations())
def test_a_row_that_is_in_line_stays_as_it_is(
    data: st.DataObject,
    both: tuple[list[RepresentationFile], list[RepresentationFile]],
) -> None:
    old, new = both
    before = data.draw(rows_of(old))
    once = reconcile(before, {file.id: file for file in old}, new, NOW)
    assert reconcile(once, {file.id: file for file in new}, new, NOW + 60) == once
    assert reconcile(once, {}, new, NOW + 60) == once


@given(st.data(), generations())
def test_new_content_is_wanted_where_the_old_was(
    data: st.DataObject,
    both: tuple[list[RepresentationFile], list[RepresentationFile]],
) -> None:
    old, new = both
    before = data.draw(rows_of(old))
    statuses = {file.path: entry_status(before[file.id]) for file in old}
    after = reconcile(before, {file.id: file for file in old}, new, NOW)
    for file in new:
        if is_concluded(after[file.id]):
            assert statuses.get(file.path, SiteStatus.QUEUED) in WANTED
            assert WANTED & set(statuses.values())
        if entry_status(after[file.id]) == SiteStatus.PAUSED:
            assert SiteStatus.PAUSED in statuses.values()


@given(st.data(), generations())
def test_without_the_old_files_nothing_is_verified_that_was_not(
    data: st.DataObject,
    both: tuple[list[RepresentationFile], list[RepresentationFile]],
) -> None:
    old, new = both
    before = data.draw(rows_of(old))
    after = reconcile(before, {}, new, NOW)
    assert is_in_line(after, new)
    kept = {file_id for file_id in after if file_id in before}
    for file_id, entry in after.items():
        if file_id not in kept:
            assert not is_verified(entry)
    hashes = [file.hash for file in old if file.hash]
    for file in new:
        is_there = entry_status(after[file.id]) == SiteStatus.SYNCED
        assert not is_there or file.id in kept or file.hash in hashes


def test_a_file_that_a_publish_posted_anew_under_its_id_keeps_what_it_said() -> None:
    old = make_file("one", "a", "x")
    new = old._replace(hash="y", size=7)
    posted = rebuild_entries([new], SiteStatus.SYNCED, int(NOW))
    assert reconcile(posted, {"one": old}, [new], NOW) == posted
    [entry] = reconcile(
        rebuild_entries([old], SiteStatus.SYNCED), {"one": old}, [new], NOW
    ).values()
    assert entry_status(entry) == SiteStatus.QUEUED


def test_of_equal_contents_each_old_file_stands_for_one_new_file() -> None:
    old = [make_file("1", "a", "black"), make_file("2", "b", "white")]
    new = [make_file("3", "c", "black"), make_file("4", "d", "black")]
    after = reconcile(rebuild_entries(old, SiteStatus.SYNCED), {}, new, NOW)
    assert [entry_status(entry) for entry in after.values()] == [4, 1]


def test_a_pause_is_nothing_that_the_server_concluded() -> None:
    assert is_concluded(conclude({"status": 1}))
    assert not is_concluded(conclude({"status": 3}))
    assert not is_concluded({"status": 1})
