"""How many rows one statement writes."""

from __future__ import annotations

from server.store.rows import ENTRIES_A_STATEMENT, ROWS_A_STATEMENT, Row, parts_of


def make_rows(*entries: int) -> list[Row]:
    return [
        Row(f"{number:032x}", "studio", 1, 50, {str(each): {} for each in range(count)})
        for number, count in enumerate(entries)
    ]


def test_rows_of_few_files_go_a_hundred_at_once() -> None:
    rows = make_rows(*[1] * (2 * ROWS_A_STATEMENT + 1))
    parts = list(parts_of(rows))
    assert [len(part) for part in parts] == [ROWS_A_STATEMENT, ROWS_A_STATEMENT, 1]
    assert [row for part in parts for row in part] == rows


def test_rows_of_many_files_go_as_many_as_take_little_time_to_encode() -> None:
    half = ENTRIES_A_STATEMENT // 2
    rows = make_rows(half, half, 1, ENTRIES_A_STATEMENT + 1, 1, half)
    parts = list(parts_of(rows))
    assert [len(part) for part in parts] == [2, 1, 1, 2]
    assert [row for part in parts for row in part] == rows


def test_nothing_is_no_statement() -> None:
    assert list(parts_of([])) == []
