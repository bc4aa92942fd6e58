"""Synthetic rows before they reach a database."""

import json

from devhost.seed_rows import COLUMNS, RowMaker


def collect(representations: int, seed: int, sites: int = 2) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {table: [] for table in COLUMNS}
    for batch in RowMaker("demo", representations, seed, sites):
        for table, lines in batch.lines.items():
            tables[table] += lines
    return tables


def test_exactly_the_wanted_number_of_representations() -> None:
    for wanted in (1, 2, 3000):
        assert len(collect(wanted, 1)["representations"]) == wanted


def test_same_seed_same_rows() -> None:
    assert collect(500, 4) == collect(500, 4)
    assert collect(500, 4) != collect(500, 5)


def test_every_line_has_a_value_per_column_and_json_can_be_read() -> None:
    for table, lines in collect(300, 2, sites=3).items():
        for line in lines:
            values = line.rstrip("\n").split("\t")
            assert len(values) == len(COLUMNS[table])
            row = dict(zip(COLUMNS[table], values, strict=True))
            for column in ("files", "attrib", "data"):
                assert column not in row or json.loads(row[column]) is not None
