"""`doctor` on this machine, against a devhost and real storage."""

from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import main
from ayon_sitesync.paths import current_platform

from tests.support.command_line import CommandLine
from tests.support.host_studio import MACHINE, SYNCED, HostStudio, expect
from tests.support.sshd import Sshd
from tests.unit.client.ssh_account import PasswordServer


@pytest.fixture
def run(
    studio: HostStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """Types commands about the project."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return CommandLine(capsys, "--project", studio.project)


def results(checks: list[dict[str, Any]]) -> dict[str, str]:
    """Result by subject; the worst where there are several."""
    order = ["ok", "warning", "wrong"]
    found: dict[str, str] = {}
    for check in checks:
        worst = max(found.get(check["subject"], "ok"), check["result"], key=order.index)
        found[check["subject"]] = worst
    return found


def test_doctor_finds_nothing_where_all_is_well(
    run: CommandLine, studio: HostStudio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.configure(sites=[])
    for root in (studio.studio_root, studio.machine_root):
        (root / "a.exr").write_bytes(b"a")
    code, checks = run("doctor")
    assert (code, [one for one in checks if one["result"] != "ok"]) == (0, [])
    assert set(checks[0]) == {"subject", "result", "found", "todo"}
    found = results(checks)
    assert found["server"] == found["clock"] == found["live channel"] == "ok"
    assert found[f"project {studio.project}"] == "ok"
    for site in (MACHINE, "studio"):
        subject = f"project {studio.project}, site {site}"
        free = [one["found"] for one in checks if one["subject"] == subject]
        assert any(text.endswith("reached") for text in free)
        assert any(text.endswith("free") for text in free)
    assert [path.name for path in studio.machine_root.iterdir()] == ["a.exr"]
    assert main(["doctor", "--project", studio.project]) == 0
    assert "0 things are wrong" in capsys.readouterr().out


def test_doctor_tells_what_is_wrong_and_what_to_do(
    run: CommandLine, studio: HostStudio
) -> None:
    studio.configure(sites=[{"name": "away", "provider": "sftp"}])
    studio.machine_root.rmdir()
    code, checks = run("doctor", "--serve", "away", "--serve", "nowhere")
    assert code == 1
    wrong = [one for one in checks if one["result"] == "wrong"]
    told = [(one["subject"].rpartition(" ")[2], one["found"]) for one in wrong]
    for site, text in (
        (MACHINE, "is not there; mount or make it"),
        ("away", "sftp_host' is empty"),
        ("nowhere", "not in the settings"),
    ):
        assert [site for name, found in told if name == site and text in found]
    assert all(one["todo"] for one in wrong)


def test_doctor_connects_to_storage_for_real(
    run: CommandLine, studio: HostStudio, tmp_path: Path
) -> None:
    server = Sshd(tmp_path / "sshd")
    (tmp_path / "projects").mkdir()
    settings = {
        "sftp_host": "127.0.0.1",
        "sftp_port": server.port,
        "sftp_user": server.user,
        "sftp_key": {current_platform(): [str(server.user_key)]},
        "roots": str(tmp_path / "projects"),
    }
    missing = {current_platform(): str(tmp_path / "no-rclone")}
    bucket = {"bucket": "projects", "rclone_executable_path": missing}
    studio.configure(
        sites=[
            {"name": "prague", "provider": "sftp", "sftp": settings},
            {"name": "cold", "provider": "s3", "s3": bucket},
        ]
    )

    def look() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for check in run("doctor", "--serve", "prague", "--serve", "cold")[1]:
            site = check["subject"].rpartition("site ")[2]
            found.setdefault(site, []).append(f"{check['result']}: {check['found']}")
        return found

    server.start()
    try:
        found = look()
    finally:
        server.stop()
    assert found["prague"][0] == "ok: sftp: reached"
    assert list((tmp_path / "projects").iterdir()) == []
    assert found["cold"][0].startswith("wrong: the program")
    (told,) = look()["prague"]
    assert told.startswith("wrong: ")
    assert "127.0.0.1" in told


def test_doctor_tells_of_a_floor_that_nobody_can_keep(
    run: CommandLine, studio: HostStudio, tmp_path: Path
) -> None:
    """The server has none of OpenSSH's extensions, which tell the space."""
    server = PasswordServer()
    (tmp_path / "projects").mkdir()
    settings = {**server.settings, "roots": str(tmp_path / "projects")}
    site = {"name": "prague", "provider": "sftp", "sftp": settings}
    studio.configure(sites=[{**site, "limits": {"free_space_floor_gb": 5.0}}])
    try:
        _, checks = run("doctor", "--serve", "prague")
    finally:
        server.close()
    found = [one["found"] for one in checks if one["subject"].endswith("site prague")]
    assert found[0] == "sftp: reached"
    assert "Does not tell its free space" in found[1]


def test_one_site_for_both_ends_is_right_for_who_serves_others(
    run: CommandLine, studio: HostStudio
) -> None:
    """As an agent of the studio's storage has it."""
    pair = {"active_site": "studio", "remote_site": "studio", "local_roots": []}
    studio.configure_machine(local_setting=pair)
    told = [
        [one["result"] for one in checks if one["found"].startswith("own site")]
        for _, checks in (run("doctor"), run("doctor", "--serve", "nearline"))
    ]
    assert told == [["warning"], ["ok"]]


def test_doctor_names_the_site_of_a_wrong_setting(
    run: CommandLine, studio: HostStudio
) -> None:
    _, checks = run("doctor")
    [told] = [one for one in checks if "sftp_host" in one["found"]]
    assert told["subject"] == f"project {studio.project}, site nearline"


def test_doctor_writes_to_the_roots_and_leaves_nothing(
    run: CommandLine, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.machine_root.rmdir()
    studio.machine_root.symlink_to("/proc/self")
    code, checks = run("doctor")
    assert code == 1
    subject = f"project {studio.project}, site {MACHINE}"
    assert results(checks)[subject] == "wrong"


def test_doctor_without_a_server_or_a_login(
    run: CommandLine, studio: HostStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AYON_API_KEY", "0" * 32)
        code, checks = run("doctor")
        assert (code, checks[-1]["subject"]) == (1, "login")
    monkeypatch.setenv("AYON_SERVER_URL", "http://127.0.0.1:9")
    code, checks = run("doctor")
    assert (code, checks[-1]["subject"]) == (1, "server")
    assert checks[-1]["todo"]


def test_doctor_in_a_project_that_is_off(run: CommandLine, studio: HostStudio) -> None:
    studio.configure(enabled=False)
    code, checks = run("doctor")
    assert code == 0
    assert results(checks)[f"project {studio.project}"] == "warning"


TALKATIVE = """
from ayon_sitesync.providers.base import Capabilities


class Talkative:
    CODE = "talkative"

    def __init__(self, config):
        self.password = config.settings["password"]
        self.capabilities = Capabilities(reads_back=False, keeps_mtime=False)

    def __getattr__(self, name):
        raise RuntimeError("cannot log in with " + self.password)
"""


def test_own_provider_that_fails_is_one_check_and_tells_no_password(
    run: CommandLine,
    studio: HostStudio,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "talkative.py").write_text(TALKATIVE)
    endpoint = f"{studio.prefix}/settings"
    settings = studio.admin.raw_get(endpoint).data
    settings["config"]["provider_folders"] = {current_platform(): [str(tmp_path)]}
    expect(studio.admin.raw_post(endpoint, json=settings))
    custom = {"code": "talkative", "settings": '{"password": "canary-31"}'}
    site = {"name": "vault", "provider": "custom", "custom": custom}
    studio.configure(sites=[site, {"name": "away", "provider": "sftp"}])
    studio.set_row(studio.publish(studio.make_version(), "a.exr"), "vault", SYNCED)

    code, checks = run("doctor", "--serve", "vault", "--serve", "away")
    found = results(checks)
    prefix = f"project {studio.project}, site"
    assert (code, found[f"{prefix} vault"], found[f"{prefix} away"]) == (
        1,
        *2 * ("wrong",),
    )
    [told] = [one for one in checks if one["subject"] == f"{prefix} vault"]
    assert "RuntimeError" in told["found"] and "log" in told["todo"]
    assert main(["scan", "--on", "vault", "--project", studio.project]) == 1
    said = capsys.readouterr()
    for told in (caplog.text, said.err):
        assert "talkative.py:13 in __getattr__" in told
    assert "canary-31" not in f"{checks}{said.out}{said.err}{caplog.text}"
