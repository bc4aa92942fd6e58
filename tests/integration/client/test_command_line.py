"""The command line against a devhost: what is typed changes what the server knows."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ayon_sitesync.cli import main

from tests.support.command_line import CommandLine
from tests.support.host_studio import (
    FAILED,
    MACHINE,
    QUEUED,
    SYNCED,
    HostStudio,
    PublishedFile,
)

PAUSED = 3


@pytest.fixture
def run(studio: HostStudio, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def type_as(
    studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Log in as another user of the devhost."""
    return lambda user: monkeypatch.setenv("AYON_API_KEY", studio.devhost.users[user])


def publish(
    studio: HostStudio, name: str, machine: int | None = None, central: int = SYNCED
) -> PublishedFile:
    """A representation of product `name`, its row on `studio` and on the machine."""
    made = studio.publish(studio.make_version(name), f"{name}.exr")
    studio.set_row(made, "studio", central)
    if machine is not None:
        studio.set_row(made, MACHINE, machine)
    return made


# --- naming representations ----------------------------------------------------------


def test_representations_are_named_as_people_do(
    run: CommandLine, studio: HostStudio
) -> None:
    wanted = publish(studio, "compMain", machine=QUEUED)
    publish(studio, "other")
    project = studio.project
    for words in (
        [project, "compMain"],
        [project, "/sh010", "compmain", "v001", "exr"],
        ["--project", project, "sh010", "compMain"],
        [wanted.id],
        [wanted.version_id],
        [studio.folder_id, "compMain"],
        [project, "compMa"],
        [project, "/sh010", "--product-type", "render", "--status", "queued"],
        ["--status", "queued", project, "comp"],
    ):
        code, [answer] = run("pause", *words, "--dry-run")
        assert (code, answer["matched"], answer["changed"]) == (0, 1, 1), words
        assert answer["projectName"] == project


def test_a_whole_name_means_that_alone(run: CommandLine, studio: HostStudio) -> None:
    publish(studio, "comp", machine=QUEUED)
    longer = publish(studio, "compMain", machine=QUEUED)
    _, [answer] = run("pause", studio.project, "comp")
    assert answer["matched"] == 1
    assert studio.rows(longer.id)[MACHINE] == QUEUED


def test_words_that_name_nothing_are_told(
    studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(studio, "compMain", machine=FAILED)
    project = studio.project
    for words, message in (
        ([], "WHICH: say which representations"),
        ([project], "--all: add it"),
        (["compMain"], "--project: name one project"),
        ([project, "/nowhere"], "has no folder '/nowhere'"),
        ([project, "nothingLikeIt"], "matches 'nothingLikeIt'"),
        (["0" * 32], "is no id of a representation"),
        ([project, "--status", "gone"], "--status: 'gone' is not allowed"),
        ([project, "--all", "x"], "--all: takes no WHICH"),
        (["--project", "missing", "--all"], "--project: there is no active project"),
        ([project, "--all", "--site", "a b"], "--site: 'a b' is not allowed"),
        ([project, "--all", "--site", "local"], "--site: 'local' means"),
    ):
        assert main(["retry", *words]) == 2, words
        assert message in capsys.readouterr().err


def test_a_site_must_be_named_where_the_environment_has_none(
    studio: HostStudio,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AYON_SITE_ID")
    for command in (["retry"], ["explain"]):
        assert main([*command, studio.project, "--all"]) == 2
        assert "--site: name the site" in capsys.readouterr().err


# --- verbs ---------------------------------------------------------------------------


def test_pause_resume_retry_and_priority(run: CommandLine, studio: HostStudio) -> None:
    made = publish(studio, "compMain", machine=QUEUED)
    everything = (studio.project, "--all")
    assert run("pause", *everything)[1][0]["changed"] == 1
    assert studio.rows(made.id)[MACHINE] == PAUSED
    assert run("resume", *everything)[0] == 0
    assert studio.rows(made.id)[MACHINE] == QUEUED
    studio.set_row(made, MACHINE, FAILED)
    assert run("retry", *everything, "--status", "failed")[1][0]["changed"] == 1
    assert studio.rows(made.id)[MACHINE] == QUEUED
    assert run("priority", "90", *everything)[0] == 0
    _, [waiting, _] = run("queue", "--project", studio.project)
    assert (waiting["state"], waiting["priority"]) == ("queued", 90)


def test_queue_of_a_site_that_nobody_knows_is_refused(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt name must not look like a queue with nothing in it."""
    publish(studio, "compMain", machine=QUEUED)
    where = ("queue", "--project", studio.project, "--site")
    assert main([*where, "nearlien"]) == 2
    said = capsys.readouterr()
    assert "--site: nothing was ever wanted on 'nearlien'" in said.err
    assert "nearline" in said.err
    assert main([*where, "nearline"]) == 0
    assert main([*where, MACHINE, "--site", "nearlien"]) == 2


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_a_terminal_cannot_show_end_nothing(
    studio: HostStudio, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Windows writes to files and pipes in an encoding of its own."""
    product = "フレーム"
    made = publish(studio, "comp", machine=QUEUED)
    studio.set_row(made, MACHINE, FAILED, message=f"'{product}.exr' is missing")
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["explain", studio.project, "--all", "--site", MACHINE]) == 0
    assert product.encode("unicode_escape") in written.getvalue()


def test_a_dry_run_counts_and_changes_nothing(
    run: CommandLine, studio: HostStudio
) -> None:
    made = publish(studio, "compMain", machine=QUEUED)
    _, [answer] = run("pause", studio.project, "--all", "--dry-run")
    assert (answer["dryRun"], answer["changed"]) == (True, 1)
    assert studio.rows(made.id)[MACHINE] == QUEUED


def test_a_copy_is_brought_to_a_site_and_removed(
    run: CommandLine, studio: HostStudio
) -> None:
    made = publish(studio, "compMain")
    code, [answer] = run("add-site", MACHINE, made.id, "--priority", "70")
    assert (code, answer["changed"], answer["siteNames"]) == (0, 1, [MACHINE])
    assert studio.rows(made.id)[MACHINE] == QUEUED
    code, [answer] = run("remove-site", MACHINE, made.id, "--yes", "--keep-files")
    assert (code, answer["changed"]) == (0, 1)
    assert MACHINE not in studio.rows(made.id)


def test_the_last_copy_is_not_removed_and_that_is_exit_code_1(
    run: CommandLine, studio: HostStudio
) -> None:
    made = publish(studio, "compMain", central=QUEUED, machine=SYNCED)
    code, [answer] = run("remove", made.id, "--yes")
    assert (code, answer["changed"]) == (1, 0)
    assert answer["problems"][0]["errorCode"] == "last_copy"
    assert studio.rows(made.id)[MACHINE] == SYNCED


@pytest.mark.parametrize(
    ("command", "status"),
    [("remove", QUEUED), ("reset", SYNCED), ("cancel", QUEUED)],
)
def test_what_takes_away_asks_first(
    studio: HostStudio,
    command: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = publish(studio, "compMain", machine=status)
    assert main([command, made.id]) == 2
    assert "--yes: " in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "n")
    assert main([command, made.id]) == 1
    assert asked == [f"{command} 1 rows on {MACHINE}? [y/N] "]
    assert studio.rows(made.id)[MACHINE] == status
    monkeypatch.setattr("builtins.input", lambda text: "y")
    assert main([command, made.id]) == 0


def test_what_is_for_managers_is_refused_to_others(
    studio: HostStudio,
    type_as: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = publish(studio, "compMain", central=QUEUED, machine=SYNCED)
    assert main(["pause", made.id, "--site", "studio"]) == 1
    assert "managers" in capsys.readouterr().err


def test_what_a_user_may_not_read_is_not_there_for_him(
    studio: HostStudio,
    type_as: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = publish(studio, "compMain")
    type_as("restricted")
    assert main(["explain", made.id]) == 2
    assert f"WHICH: '{made.id}' is no id" in capsys.readouterr().err
    assert main(["queue", "--project", studio.project]) == 0


# --- pauses of more ------------------------------------------------------------------


def test_sites_projects_and_everything_are_paused(
    run: CommandLine, studio: HostStudio, type_as: Callable[[str], None]
) -> None:
    type_as("admin")
    prefix = f"{studio.prefix}/-/pauses"

    def paused() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = studio.admin.raw_get(prefix).data["pauses"]
        return [one for one in found if one["projectName"] in (None, studio.project)]

    site = ("--project", studio.project, "--site", MACHINE)
    assert run("pause", *site, "--reason", "tidying up")[0] == 0
    [found] = paused()
    assert (found["scope"], found["siteName"], found["reason"]) == (
        *("site", MACHINE),
        "tidying up",
    )
    assert run("resume", *site)[0] == 0
    _, [told] = run("pause", "--project", studio.project)
    assert told == {"scope": "project", "projectName": studio.project, "paused": True}
    assert [one["scope"] for one in paused()] == ["project"]
    run("resume", "--project", studio.project)
    assert run("pause", "--everything")[0] == 0
    assert [one["scope"] for one in paused()] == ["all"]
    assert run("resume", "--everything")[0] == 0
    assert paused() == []


# --- what moves, what waits, and why -------------------------------------------------


def test_queue_shows_what_waits_by_site(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        publish(studio, name, machine=QUEUED)
    where = ("--project", studio.project)
    code, found = run("queue", *where, "--first", "2")
    assert (code, len(found)) == (0, 3)
    assert found[-1] == {"projectName": studio.project, "queuedTotal": 3}
    assert run("queue", *where, "--site", "nearline")[1][-1]["queuedTotal"] == 0
    assert main(["queue", *where, "--first", "1"]) == 0
    said = capsys.readouterr().out
    assert "/sh010 a v001 exr" in said
    assert "3 wait in all" in said
    assert main(["queue", *where, "--site", "nearline"]) == 0
    assert "Nothing moves and nothing waits." in capsys.readouterr().out


def test_explain_says_why_and_what_to_do(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    made = publish(studio, "compMain", machine=QUEUED)
    code, [answer] = run("explain", made.id)
    assert code == 0
    assert (answer["siteName"], answer["product"]) == (MACHINE, "compMain")
    assert answer["reasons"][0]["code"] == "no_agent"
    assert main(["explain", made.id, "--site", "studio"]) == 0
    assert "/sh010 compMain v001 exr on studio:" in capsys.readouterr().out
