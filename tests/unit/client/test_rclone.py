"""Settings of what is behind rclone, its errors in our words, and no secret in them."""

from __future__ import annotations

import errno
import os
import platform as machine
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import (
    CREDENTIALS_REFUSED,
    CorruptError,
    MissingSourceError,
    PermanentError,
    QuotaError,
    RetryableError,
    SiteUnhealthyError,
    TransferError,
)
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.rclone import binary
from ayon_sitesync.providers.rclone.any_remote import read_config
from ayon_sitesync.providers.rclone.binary import find_binary
from ayon_sitesync.providers.rclone.daemon import Session
from ayon_sitesync.providers.rclone.errors import (
    DaemonStartError,
    RcError,
    map_rc_error,
    scrub,
)
from ayon_sitesync.providers.rclone.gdrive import read_credentials
from ayon_sitesync.providers.rclone.options import (
    OptionError,
    check_arguments,
    check_options,
    find_backend,
)
from ayon_sitesync.providers.rclone.store import parse_time
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.providers.spool import SpooledPart

WEBDAV = {
    "Name": "webdav",
    "Prefix": "webdav",
    "Options": [{"Name": "url"}, {"Name": "pass", "IsPassword": True}],
}


# --- arguments and options -----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        (["--checkers=16"], ("--checkers=16",)),
        (["--checkers", "16"], ("--checkers=16",)),
        (["--checkers 16", "--fast-list"], ("--checkers=16", "--fast-list")),
        ([], ()),
    ],
)
def test_allowed_arguments_in_every_form(
    given: list[str], checked: tuple[str, ...]
) -> None:
    assert check_arguments(given) == checked


@pytest.mark.parametrize(
    "given",
    [
        ["--config=/etc/passwd"],
        ["--rc-addr=0.0.0.0:5572"],
        ["--password-command=id"],
        ["--log-file=/tmp/x"],
        ["delete"],
        ["--checkers=16", "--dump=headers"],
    ],
)
def test_other_arguments_are_refused_by_name(given: list[str]) -> None:
    with pytest.raises(OptionError, match=re.escape(given[-1].partition("=")[0])):
        check_arguments(given)


def test_argument_without_its_value_is_refused() -> None:
    with pytest.raises(OptionError, match="--checkers needs a value"):
        check_arguments(["--checkers"])


def test_misspelt_type_and_option_are_told() -> None:
    with pytest.raises(OptionError, match=r"'webdaf' \(is 'webdav' meant\?\)"):
        find_backend([WEBDAV], "webdaf")
    assert find_backend([WEBDAV], "WebDAV") is WEBDAV
    with pytest.raises(OptionError, match=r"no option 'ur1' \(is 'url' meant\?\)"):
        check_options(WEBDAV, {"ur1": "x"})


@pytest.mark.parametrize("name", ["ssh", "bearer_token_command", "server_command"])
def test_options_that_run_programs_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="names a program to run"):
        check_options({"Name": "x", "Options": [{"Name": name}]}, {name: "x"})


# --- configuration -------------------------------------------------------------------


def make_file_settings(path: Path, name: str) -> dict[str, Any]:
    return {
        "config_type": "config_file",
        "config_file": {
            "remote_name": name,
            "rclone_config_path": {"linux": "{CONFIG_FOLDER}/" + path.name},
        },
    }


def test_remotes_of_a_file_are_found_with_what_they_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIG_FOLDER", str(tmp_path))
    path = tmp_path / "rclone.conf"
    path.write_text(
        "[cloud]\ntype = s3\nendpoint = http://x\n\n"
        "[secret]\ntype = crypt\nremote = cloud:bucket\npassword = obscured\n"
    )
    config = read_config(make_file_settings(path, "secret"), "linux")
    assert config.kind == "crypt"
    (needed,) = config.needs
    assert needed.kind == "s3"
    assert config.options["remote"] == f"{needed.remote_name}:bucket"
    assert config.is_obscured


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("[cloud]\ntype = s3\n", "clout", "no usable remote 'clout'.*cloud"),
        ("# x\nRCLONE_ENCRYPT_V0:\nabc\n", "cloud", "is encrypted"),
        ("secret_access_key = s\n", "cloud", "no configuration file"),
        ("[a]\ntype = alias\nremote = b:\n[b]\ntype=alias\nremote=a:\n", "a", "no us"),
    ],
)
def test_unusable_configuration_files_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    name: str,
    message: str,
) -> None:
    monkeypatch.setenv("CONFIG_FOLDER", str(tmp_path))
    path = tmp_path / "rclone.conf"
    path.write_text(content)
    with pytest.raises(OptionError, match=message) as caught:
        read_config(make_file_settings(path, name), "linux")
    assert "secret_access_key" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "type' is empty"),
        ({"config_type": "config_file"}, "needs 'remote_name'"),
        (
            {"config_web": {"type": "s3"}, "additional_args": ["--exec=x"]},
            "--exec' is not allowed",
        ),
    ],
)
def test_site_with_unusable_settings_is_unhealthy(
    settings: dict[str, Any], message: str
) -> None:
    config = SiteConfig("cloud", {"work": ""}, "linux", "beef", settings=settings)
    with pytest.raises(SiteUnhealthyError, match=message):
        make_provider("rclone", config)


def test_d36_first_credentials_file_that_exists_is_used_after_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYS", str(tmp_path))
    (tmp_path / "key.json").write_text('{"type": "service_account"}')
    paths = {"linux": ["{KEYS}/none.json", "{KEYS}/key.json"], "windows": []}
    assert read_credentials(paths, "linux") == '{"type": "service_account"}'
    with pytest.raises(OptionError, match="no file for windows is there"):
        read_credentials(paths, "windows")
    (tmp_path / "key.json").write_text('{"installed": {}}')
    with pytest.raises(OptionError, match="no readable key file"):
        read_credentials(paths, "linux")


def test_missing_program_names_the_setting_and_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DaemonStartError) as caught:
        find_binary({}, "linux")
    assert "'rclone_executable_path'" in str(caught.value)
    assert "make package RCLONE=linux" in str(caught.value)
    with pytest.raises(DaemonStartError, match="there is no such program"):
        find_binary({"linux": "{HOME}/no/rclone"}, "linux")


@pytest.mark.parametrize("build", ["aarch64", "x86_64"])
def test_windows_on_arm_runs_the_build_that_is_there(
    build: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "PACKAGED_FOLDER", tmp_path)
    monkeypatch.setattr(binary.machine, "machine", lambda: "ARM64")
    program = tmp_path / f"windows-{build}" / "rclone.exe"
    program.parent.mkdir()
    program.touch(0o755)
    assert binary.find_binary({}, "windows") == str(program)


def test_packaged_program_that_cannot_be_made_executable_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tmp_path / f"linux-{machine.machine()}" / "rclone"
    build.parent.mkdir()
    build.write_bytes(b"")

    def chmod(path: Path, mode: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(binary, "PACKAGED_FOLDER", tmp_path)
    monkeypatch.setattr(Path, "chmod", chmod)
    with pytest.raises(DaemonStartError, match="may not be executed: Read-only"):
        find_binary({}, "linux")


# --- errors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("api error SignatureDoesNotMatch: x", 500, SiteUnhealthyError),
        ("couldn't list files: 401 Unauthorized", 500, SiteUnhealthyError),
        ("invalid_access_token/...", 500, SiteUnhealthyError),
        ("googleapi: Error 403: x, storageQuotaExceeded", 500, SiteUnhealthyError),
        ("path/insufficient_space/...", 500, SiteUnhealthyError),
        ("dial tcp 127.0.0.1:1: connect: connection refused", 500, SiteUnhealthyError),
        ("googleapi: Error 403: x, userRateLimitExceeded", 500, QuotaError),
        ("too_many_write_operations/", 500, QuotaError),
        ("corrupted on transfer: md5 hashes differ", 500, CorruptError),
        ("api error AccessDenied: x", 500, PermanentError),
        ("can't copy - source file is being updated", 500, RetryableError),
        ("read: connection reset by peer", 500, RetryableError),
        ("object not found", 404, MissingSourceError),
    ],
)
def test_failures_become_our_classes(
    text: str, status: int, expected: type[Exception]
) -> None:
    error = map_rc_error(
        RcError(text, status), path="a/b", site_name="cloud", is_source=True
    )
    assert type(error) is expected
    assert "cloud" in str(error)
    if isinstance(error, QuotaError):
        assert error.retry_after


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "/dav/ep/403/sh010/beauty.exr",
            'Put "https://nas/dav/ep/403/sh010/beauty.exr": connection reset',
        ),
        ("/ep/beauty.401.exr", 'Put "https://nas/dav/ep/beauty.401.exr": EOF'),
        ("/ep/beauty.401.exr", "ep/.beauty.401.exr.beef0001.part: unexpected EOF"),
        ("/ep/beauty.507.exr", "ep/beauty.507.exr: stream error"),
        ("/props/certificate/a.exr", "props/certificate/a.exr: i/o timeout"),
        ("/props/certificate/a.exr", "mkdir props/certificate: i/o timeout"),
        ("/ep/a.exr", "read tcp 10.0.4.29:429->10.0.0.1:443: broken pipe after 403 s"),
    ],
)
def test_names_and_numbers_in_an_error_say_nothing_of_its_cause(
    path: str, text: str
) -> None:
    error = map_rc_error(
        RcError(text, 500), path=path, site_name="cloud", is_source=False
    )
    assert type(error) is RetryableError
    assert text in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "HTTP error 401 (401 ) returned body",
        "operation error: StatusCode: 401, RequestID: 1",
        '{"code": 401, "message": "no"}',
        "Propfind: 401 Unauthorized",
        'Get "https://nas/a": status code: 401',
    ],
)
def test_status_of_a_refused_login_is_found_in_every_form(text: str) -> None:
    for path in ("/", "/a"):
        error = map_rc_error(
            RcError(text, 500), path=path, site_name="cloud", is_source=False
        )
        assert isinstance(error, SiteUnhealthyError)
        assert error.code == CREDENTIALS_REFUSED


def test_no_console_opens_beside_an_agent_on_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, Any] = {}

    def popen(command: list[str], **options: Any) -> None:
        given.update(options)
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(DaemonStartError, match="cannot be started"):
        Session("rclone", ())
    assert given["creationflags"] == 0x08000000


def test_secrets_are_hidden_the_longest_first() -> None:
    text = scrub("key=abcd-long and\n abcd", {"abcd", "abcd-long", "an"})
    assert text == "key=*** and ***"


def test_times_keep_their_nanoseconds_and_zones() -> None:
    assert parse_time("1970-01-01T00:00:01.000000002Z") == 10**9 + 2
    assert parse_time("1970-01-01T01:00:01.5+01:00") == 1_500_000_000
    assert parse_time("never") == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, SiteUnhealthyError),
        (errno.EACCES, PermanentError),
        (errno.EIO, RetryableError),
    ],
)
def test_fault_of_the_folder_for_temporary_files_is_told_as_its_own(
    monkeypatch: pytest.MonkeyPatch, number: int, expected: type[TransferError]
) -> None:
    """What has no file of this machine is collected there: the target is not full."""

    def mkstemp(prefix: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    with pytest.raises(TransferError, match="temporary files of this machine") as told:
        SpooledPart("/a.exr", "cloud", lambda upload: True)
    assert type(told.value) is expected
