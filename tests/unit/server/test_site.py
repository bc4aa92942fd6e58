"""Sites: kinds, aliases, what an agent reaches; copies and cursors."""

from typing import Any

import pytest

from server.domain.copies import entries_of_alias, keep_last_copies, last_copies
from server.domain.cursor import Cursor, decode_cursor, encode_cursor
from server.domain.files import Entries, RepresentationFile
from server.domain.site import ConfiguredSite, ProjectSites, SiteKind
from server.domain.transfer import Budget, Route

FILE = RepresentationFile("f1", "a.exr", 100, "h", "op3")


def make_sites(
    aliases: dict[str, list[str]] | None = None, **changes: Any
) -> ProjectSites:
    names = {"sftp": [], "gdrive": [], **(aliases or {})}
    values: dict[str, Any] = {
        "enabled": True,
        "active_site": "machine",
        "remote_site": "studio",
        "default_active_site": "studio",
        "retry_count": 3,
        "accept_unleased_results": True,
        "configured": {
            name: ConfiguredSite(name, "sftp", frozenset(others))
            for name, others in names.items()
        },
    }
    return ProjectSites(**{**values, **changes})


def test_kinds() -> None:
    sites = make_sites()
    assert sites.kind("studio") is SiteKind.STUDIO
    assert sites.kind("sftp") is SiteKind.CONFIGURED
    assert sites.kind("machine") is SiteKind.MACHINE
    assert not sites.is_shared("machine")


def test_aliases_hold_both_ways_and_through_steps() -> None:
    sites = make_sites({"sftp": ["studio"], "mirror": ["sftp"]})
    assert sites.aliases("studio") == {"sftp", "mirror"}
    assert sites.aliases("mirror") == {"sftp", "studio"}
    assert sites.aliases("gdrive") == frozenset()


@pytest.mark.parametrize(
    ("changes", "own", "serve", "expected"),
    [
        ({}, "machine", [], ["studio"]),
        ({"active_site": "studio", "remote_site": "sftp"}, "studio", [], ["sftp"]),
        ({"active_site": "studio"}, "machine", [], []),
        ({"active_site": "studio"}, "machine", ["sftp", "sftp"], ["sftp"]),
        ({}, "machine", ["unknown"], ["studio"]),
        ({"always_accessible_on": ("gdrive",)}, "machine", [], ["studio"]),
        (
            {"always_accessible_on": ("gdrive",), "active_site": "studio"},
            "studio",
            [],
            ["gdrive"],
        ),
    ],
)
def test_reachable_sites(
    changes: dict[str, Any], own: str, serve: list[str], expected: list[str]
) -> None:
    assert make_sites(**changes).reachable(own, serve) == expected


def test_one_end_of_every_leg_is_the_agents_own_site() -> None:
    route = Route("machine", ["studio", "sftp"])
    assert list(route.legs()) == [
        ("machine", ["studio", "sftp"]),
        ("studio", ["machine"]),
        ("sftp", ["machine"]),
    ]
    assert route.direction("machine") == "download"
    assert route.direction("sftp") == "upload"
    assert list(Route("machine", []).legs()) == []


def test_a_budget_is_paid_and_the_first_file_always_fits() -> None:
    budget = Budget(transfers=5, files=3, bytes=150)
    assert len(budget.fit([FILE, FILE])) == 1
    assert (budget.transfers, budget.files, budget.bytes) == (4, 2, 50)
    assert budget.fit([FILE]) == [FILE]
    assert budget.is_spent
    assert budget.fit([]) == []


PROVEN = {"status": 4, "proof": "content", "proven": 5, "timestamp": 5}


@pytest.mark.parametrize(
    ("elsewhere", "last", "last_proven"),
    [
        ([], {"f1", "f2"}, {"f1", "f2"}),
        ([{"f1": {"status": 1}}], {"f1", "f2"}, {"f1", "f2"}),
        ([{"f1": {"status": 4}}], {"f2"}, {"f1", "f2"}),
        ([{"f1": PROVEN}, {"f2": {"status": 4}}], set(), {"f2"}),
        ([{"before": {"status": 4}}], {"f1", "f2"}, {"f1", "f2"}),
    ],
)
def test_each_file_has_its_last_copy(
    elsewhere: list[Entries], last: set[str], last_proven: set[str]
) -> None:
    here: list[Entries] = [
        {"f1": {"status": 4}, "old": {"status": 4}},
        {"f2": {"status": 4}, "f3": {"status": 2}},
    ]
    files = ["f1", "f2", "f3"]
    assert last_copies(here, elsewhere, files) == last
    assert last_copies(here, elsewhere, files, needs_proof=True) == last_proven


def test_an_alias_gets_what_arrived_and_keeps_the_rest() -> None:
    source = {"f1": {"status": 4, "size": 100, "hash": "h"}}
    copy = {"hash": "h", "status": 4, "size": 100, "timestamp": 9}
    assert entries_of_alias(None, source, [FILE], 9) == {"f1": copy}
    assert entries_of_alias({"f1": {"status": 4}}, source, [FILE], 9) is None
    assert entries_of_alias(None, {"f1": {"status": 1}}, [FILE], 9) is None


def test_keeping_a_copy_drops_its_proof() -> None:
    before = {"f1": {"status": 4, "size": 1, "proof": "content", "proven": 2}}
    kept = keep_last_copies(before, {"f1": {"status": 1}}, {"f1"}, 9)
    assert kept == {"f1": {"status": 4, "size": 1, "timestamp": 9}}


def test_cursors_come_back_as_they_were() -> None:
    cursor = Cursor("shots/ünï", "p'%\"", -1, "exr", "a" * 32, 5, "size on ünï")
    assert decode_cursor(encode_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "x", "W10=", "💥", "WzEsMiwzLDQsNV0=", "bnVsbA=="]
)
def test_other_texts_are_no_cursors(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(text)
