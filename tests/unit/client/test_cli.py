"""Wrong use is answered by a sentence that names the option, and exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ayon_sitesync
import pytest
from ayon_sitesync.cli import main
from ayon_sitesync.cli.options import Options
from ayon_sitesync.cli.parser import parse_command
from ayon_sitesync.server_api.operator_client import OperatorClient

from tests.unit.client.ayon_stub import (
    KEY,
    OWN_PREFIX,
    SETTINGS,
    AyonStub,
    run_stub,
)

CLIENT = Path(ayon_sitesync.__file__).parents[1]
URL = "http://127.0.0.1:9"
VARIABLES = (
    "AYON_SERVER_URL",
    "AYON_API_KEY",
    "AYON_SITE_ID",
    "AYON_LOCAL_ID",
    "AYON_DEFAULT_SETTINGS_VARIANT",
)


def parse_options(arguments: list[str]) -> Options:
    return parse_command(arguments)[1]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--server: give"),
        (["--server", "ayon:5000"], "--server: 'ayon:5000' is no address"),
        (["--server", "ftp://ayon"], "--server: 'ftp://ayon' is no address"),
        (["--server", "http://[bad"], "--server: 'http://[bad' is no address"),
        (["--server", "http://ayon:port"], "--server: 'http://ayon:port' is no"),
        (["--server", URL], "--site: give"),
        (["--server", URL, "--site", "a" * 256], "--site: 'aaa"),
        (["--server", URL, "--site", "a", "--addon-version", "../x"], "--addon-v"),
        (["--server", URL, "--site", "a", "--variant", "a\nb"], "--variant: 'a"),
        (["--server", URL, "--site", "a", "--variant", "v" * 65], "--variant: 'v"),
        (["--server", URL, "--site", "local"], "--site: 'local' means"),
        (["--server", URL, "--site", "a b"], "--site: 'a b' is not allowed"),
        (["--server", URL, "--site", "a", "--project", "a-b"], "--project: 'a-b'"),
        (["--server", URL, "--site", "a", "--serve", "/"], "--serve: '/'"),
    ],
)
def test_wrong_input_of_an_agent(
    arguments: list[str],
    message: str,
    key_file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["agent", "--api-key-file", key_file, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_missing_key_says_where_it_may_come_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["agent", "--server", URL, "--site", "a"]) == 2
    told = capsys.readouterr().err
    assert "AYON_API_KEY" in told
    assert "--api-key-file" in told


@pytest.mark.parametrize("content", [None, "", "two words", b"\xff\xfe"])
def test_key_file_that_holds_no_key(
    tmp_path: Path, content: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content)
    arguments = ["status", "--server", URL, "--api-key-file", str(path)]
    assert main(arguments) == 2
    assert "--api-key-file" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["secret\nword", "secret word", "secr\u00e9t"])
def test_variable_that_holds_no_key_is_not_told(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AYON_API_KEY", key)
    assert main(["status", "--server", URL]) == 2
    told = capsys.readouterr().err
    assert "AYON_API_KEY" in told
    assert "secr" not in told


def test_key_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["agent", "--server", URL, "--site", "a", "--api-key", "secret"])
    assert exit_info.value.code == 2
    assert "--api-key" in capsys.readouterr().err


def test_environment_fills_what_is_not_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AYON_SERVER_URL", "http://ayon:5000/")
    monkeypatch.setenv("AYON_API_KEY", "key")
    monkeypatch.setenv("AYON_SITE_ID", "brisk-amber-fox")
    monkeypatch.setenv("AYON_DEFAULT_SETTINGS_VARIANT", "staging")
    options = parse_options(["agent", "--project", "a", "--project", "a"])
    assert options.server_url == "http://ayon:5000"
    assert (options.api_key, options.site_name) == ("key", "brisk-amber-fox")
    assert (options.variant, options.projects) == ("staging", ("a",))
    typed = parse_options(["agent", "--site", "studio", "--variant", "production"])
    assert (typed.site_name, typed.variant) == ("studio", "production")


def test_old_name_of_the_site_variable_is_taken_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AYON_LOCAL_ID", "studio")
    options = parse_options(["agent", "--server", URL, "--api-key-file", key_file])
    assert options.site_name == "studio"
    assert "AYON_SITE_ID" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pause"], "WHICH: say what"),
        (["pause", "--everything", "--site", "a"], "--everything: takes no --site"),
        (["pause", "--everything", "--site", "a", "x"], "--everything: takes no WHICH"),
        (["resume", "--site", "a", "--dry-run"], "--dry-run: needs WHICH"),
        (["pause", "--project", "gone"], "--project: there is no active project"),
        (["priority", "0", "demo", "--all", "--site", "a"], "N: '0' is not allowed"),
        (["priority", "high", "demo", "--all", "--site", "a"], "N: 'high' is not"),
        (["add-site", "a", "x", "--priority", "1001"], "--priority: '1001' is not"),
        (["add-site", "local", "x"], "SITE: 'local' means"),
        (["queue", "--first", "0"], "--first: '0' is not allowed"),
        (["queue", "--first", "few"], "--first: 'few' is not allowed"),
        (["queue", "--site", "/"], "--site: '/' is not allowed"),
        (["retry", "demo", "--all"], "--site: name the site"),
    ],
    ids=" ".join,
)
def test_wrong_use_of_commands(
    arguments: list[str],
    message: str,
    key_file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with run_stub(AyonStub()) as url:
        where = ["--server", url, "--api-key-file", key_file]
        assert main([*arguments, *where]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", [["status", "x"], ["retry", "x", "--gone"], ["x"]])
def test_what_a_command_does_not_take_is_exit_code_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(words)
    assert exit_info.value.code == 2


def test_who_reads_our_output_may_have_enough(
    key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `status | head -1`."""
    environment = {**os.environ, "PYTHONPATH": str(CLIENT)}
    with run_stub(AyonStub()) as url:
        words = ["status", "--json", "--server", url, "--api-key-file", key_file]
        process = subprocess.Popen(
            [sys.executable, "-m", "ayon_sitesync", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        process.stderr.close()


@pytest.mark.parametrize(
    "command",
    [
        ["agent", "--site", "a", "--once"],
        ["status"],
        ["plan", "--site", "a"],
        ["queue"],
        ["explain", "x", "--site", "a"],
        ["wait", "x", "--site", "a"],
        ["pause", "--everything"],
        ["retry", "x", "--site", "a"],
        ["scan", "--site", "a"],
        ["verify", "--site", "a"],
        ["clean", "--site", "a"],
    ],
    ids=" ".join,
)
def test_unreachable_server_is_exit_code_3(
    command: list[str], key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--server", URL, "--api-key-file", key_file]) == 3
    assert f"{URL} cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["agent", "--site", "a"], ["status"]])
def test_refused_key_is_exit_code_4(
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AYON_API_KEY", "wrong")
    with run_stub(AyonStub()) as url:
        assert main([*command, "--server", url]) == 4
    told = capsys.readouterr().err
    assert "does not accept the API key" in told
    assert "wrong" not in told


def test_unknown_project_is_named(
    key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--api-key-file", key_file, "--project", "nothing"]
    with run_stub(AyonStub()) as url:
        assert main(["status", "--server", url, *arguments]) == 2
    assert "--project: there is no active project 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["agent", "--site", "a"], ["status"]])
def test_addon_version_that_the_server_lacks_is_named(
    command: list[str], key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--api-key-file", key_file, "--addon-version", "9.9.9"]
    with run_stub(AyonStub()) as url:
        assert main([*command, "--server", url, *arguments]) == 2
    assert "--addon-version: the server has no Site Sync 9.9.9" in (
        capsys.readouterr().err
    )


def test_status_as_a_table_and_as_json(
    key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_stub(AyonStub()) as url:
        arguments = ["status", "--server", url, "--api-key-file", key_file]
        assert main(arguments) == 0
        table = capsys.readouterr().out.splitlines()
        assert main([*arguments, "--json"]) == 0
    assert table[0].split() == [
        "PROJECT",
        "SITE",
        "KIND",
        "PROVIDER",
        "STATE",
        "AGENTS",
    ]
    assert "3 synced (2.4 MB), 1 failed (1.0 kB)" in table[1]
    assert table[1].endswith("ws042")
    site = json.loads(capsys.readouterr().out)
    assert (site["projectName"], site["siteName"]) == ("demo", "studio")


def test_agent_with_nothing_to_do_ends_with_once(
    key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stub = AyonStub()
    arguments = ["--site", "brisk-amber-fox", "--once", "--json"]
    with run_stub(stub) as url:
        assert (
            main(["agent", "--server", url, "--api-key-file", key_file, *arguments])
            == 0
        )
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["started", "idle", "stopped"]
    assert stub.claims[0]["agent"]["siteName"] == "brisk-amber-fox"
    # Roots are told of projects that are named or that work was given of.
    assert stub.claims[0]["agent"]["roots"] == {}
    assert stub.claims[0]["projects"] is None


def test_files_of_what_was_deleted_are_listed_and_on_request_deleted(
    key_file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    stub = AyonStub()
    settings = {
        **SETTINGS,
        "local_setting": {"local_roots": [{"name": "work", "path": str(tmp_path)}]},
    }
    stub.answers[f"{OWN_PREFIX}/settings/demo"] = (200, settings)
    one = {
        "representationId": "0" * 32,
        "siteName": "a",
        "files": [{"path": "{root[work]}/a.exr", "size": 1000}],
        "deletedAt": 1.0,
    }
    page = {"tombstones": [one], "pageInfo": {"hasNextPage": False}}
    stub.answers[f"{OWN_PREFIX}/demo/tombstones"] = (200, page)
    removal = f"{OWN_PREFIX}/demo/tombstones/remove"
    stub.answers[removal] = (200, {"marked": 1, "files": 1, "bytes": 0, "problems": []})
    with run_stub(stub) as url:
        words = ["clean", "--site", "a", "--tombstones", "--server", url]
        words += ["--api-key-file", key_file]
        assert main(words) == 0
        assert "1 files (1.0 kB) of 1 deleted representations may be there" in (
            capsys.readouterr().out
        )
        assert removal not in [path for path, _ in stub.asked]
        assert main([*words, "--delete", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["size"], found["ordered"]) == (1, 1000, True)
    assert removal in [path for path, _ in stub.asked]


def test_ctrl_c_ends_with_a_sentence(
    key_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(client: OperatorClient) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(OperatorClient, "list_projects", interrupt)
    assert main(["status", "--server", URL, "--api-key-file", key_file]) == 130
    told = capsys.readouterr().err
    assert told == "ayon_sitesync: stopped; what is done stays done\n"
