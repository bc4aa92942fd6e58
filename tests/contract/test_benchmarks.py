"""The page of benchmarks shows the figures that are kept as data."""

import re
from pathlib import Path

import pytest

from tests.bench.measures import PROJECTS
from tests.bench.records import EXISTING, FOLDER, PAGE, read_record, write_section
from tests.bench.server_page import describe
from tests.chaos import report as chaos

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_of_the_server_is_that_of_its_record() -> None:
    section = TEXT.split("<!-- bench: start -->\n")[1].split("\n<!-- bench: end -->")[0]
    assert section == "\n".join(describe(read_record("server")))


def test_the_tables_of_chaos_are_those_of_its_record() -> None:
    page = chaos.PAGE.read_text(encoding="utf-8")
    section = page.split("<!-- chaos: start -->\n")[1].split("\n<!-- chaos: end -->")[0]
    record = read_record(chaos.RECORD)
    assert section == chaos.make_tables(record)
    assert chaos.failures(record) == []


def test_chaos_without_a_publish_is_no_proof() -> None:
    nothing = {"missing": [], "wrong": [], "stuck": [], "published": 0}
    assert chaos.failures(nothing) == ["nothing was published"]


def test_the_existing_addon_is_compared_in_cases_that_are_measured() -> None:
    existing = read_record(EXISTING)["cases"]
    assert existing.keys() <= read_record("server")["cases"].keys()
    for case in existing.values():
        assert case["medians"].keys() == PROJECTS.keys()


def test_every_plot_is_shown() -> None:
    shown = set(re.findall(r"\]\(benchmarks/([a-z0-9-]+\.svg)\)", TEXT))
    assert shown == {path.name for path in FOLDER.glob("*.svg")}


@pytest.mark.parametrize("mark", ["bench", "bench-transfer", "bench-panel"])
def test_each_benchmark_has_its_part_of_the_page(mark: str, tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(TEXT, encoding="utf-8")
    write_section(mark, "| new |", page)
    written = page.read_text(encoding="utf-8")
    assert f"<!-- {mark}: start -->\n| new |\n<!-- {mark}: end -->" in written
    assert written.startswith(TEXT.split(f"<!-- {mark}: start -->")[0])
    assert written.endswith(TEXT.split(f"<!-- {mark}: end -->")[1])
