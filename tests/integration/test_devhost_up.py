"""`devhost up`: its life, its data, its command line."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from devhost.postgres import find_running
from devhost.process import DevhostProcess

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "tests" / "support" / "sample_addon"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sitesync-up-"))
    yield path
    shutil.rmtree(path)


def run_cli(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "devhost", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_0_and_nothing_is_left(
    data_dir: Path, number: signal.Signals
) -> None:
    devhost = DevhostProcess(data_dir, f"--addon-dir={SAMPLE}")
    devhost.start()
    process = psutil.Process(devhost.pid)
    children = process.children(recursive=True)
    socket_dir = find_running(data_dir / "postgres")
    process.send_signal(number)
    process_ended, _alive = psutil.wait_procs(children, timeout=30)
    assert devhost.stop() == 0
    assert len(children) > 1
    assert len(process_ended) == len(children)
    assert socket_dir is not None
    assert not socket_dir.parent.exists()
    assert find_running(data_dir / "postgres") is None


def test_killed_devhost_takes_postgres_along(data_dir: Path) -> None:
    devhost = DevhostProcess(data_dir, f"--addon-dir={SAMPLE}")
    devhost.start()
    children = psutil.Process(devhost.pid).children(recursive=True)
    socket_dir = find_running(data_dir / "postgres")
    os.kill(devhost.pid, signal.SIGKILL)
    ended, _alive = psutil.wait_procs(children, timeout=30)
    devhost.stop()
    assert len(ended) == len(children) > 1
    assert socket_dir is not None
    assert not socket_dir.parent.exists()


def test_keys_and_projects_survive_a_restart(data_dir: Path) -> None:
    with DevhostProcess(data_dir, f"--addon-dir={SAMPLE}") as first:
        headers = {"X-Api-Key": first.admin_key}
        body = {"name": "kept", "code": "kept"}
        created = requests.post(
            f"{first.url}/api/projects", json=body, headers=headers, timeout=10
        )
        users = first.users
    with DevhostProcess(data_dir, f"--addon-dir={SAMPLE}") as second:
        found = requests.get(
            f"{second.url}/api/projects/kept", headers=headers, timeout=10
        )
    assert created.status_code == 201
    assert second.users == users
    assert found.json()["name"] == "kept"


def test_second_devhost_on_the_same_data_is_refused(data_dir: Path) -> None:
    with DevhostProcess(data_dir, f"--addon-dir={SAMPLE}"):
        second = run_cli("up", f"--data={data_dir}", f"--addon-dir={SAMPLE}")
    assert second.returncode == 2
    assert "--data" in second.stderr
    assert "in use by another devhost" in second.stderr


def test_addon_comes_from_a_zip_and_its_files_are_served(
    data_dir: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "sample-1.2.3.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for path in SAMPLE.rglob("*.py"):
            content.write(path, path.relative_to(SAMPLE))
        content.writestr("frontend/dist/index.html", "<p>panel</p>")
        content.writestr("private/client.zip", "client")
    with DevhostProcess(data_dir, f"--addon-zip={archive}") as devhost:
        base = f"{devhost.url}/addons/sample/1.2.3"
        index = requests.get(f"{base}/frontend/", timeout=10)
        outside = requests.get(f"{base}/frontend/%2e%2e/%2e%2e/package.py", timeout=10)
        anonymous = requests.get(f"{base}/private/client.zip", timeout=10)
        headers = {"X-Api-Key": devhost.users["artist"]}
        private = requests.get(
            f"{base}/private/client.zip", headers=headers, timeout=10
        )
    assert devhost.addon_url == f"{devhost.url}/api/addons/sample/1.2.3"
    assert index.text == "<p>panel</p>"
    assert outside.status_code == 404
    assert anonymous.status_code == 401
    assert private.text == "client"


def test_open_page_exchanges_an_api_key_for_a_session(data_dir: Path) -> None:
    with DevhostProcess(data_dir, f"--addon-dir={SAMPLE}") as devhost:
        opened = requests.get(devhost.panel_url("demo", "artist"), timeout=10)
        token = opened.text.split('setItem("accessToken", "')[1].split('"')[0]
        user = requests.get(
            f"{devhost.url}/api/users/me",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        refused = requests.get(
            f"{devhost.url}/devhost/open?project=demo&token=wrong", timeout=10
        )
        page = requests.get(
            f"{devhost.url}/projects/demo/addon/sitesync", timeout=10
        ).text
        settings_page = requests.get(
            f"{devhost.url}/settings/addon/sitesync", timeout=10
        ).text
    assert user.json()["name"] == "artist"
    assert refused.status_code == 401
    assert "a stand-in for an AYON server" in page
    assert 'projectName = "demo"' in page
    assert "projectName = null" in settings_page


def test_port_in_use_is_refused(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run_cli(
            "up", f"--data={data_dir}", f"--port={port}", f"--addon-dir={SAMPLE}"
        )
    assert result.returncode == 2
    assert f"argument --port: {port} cannot be used" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["up"], "--data"),
        (["up", "--data=x", "--port=99999"], "--port"),
        (["up", "--data=x", "--port=abc"], "--port"),
        (["up", "--data=x", "--addon-zip=/none.zip"], "--addon-zip"),
        (["up", "--data=x", "--addon-dir=/none"], "--addon-dir"),
        (["up", "--data=/dev/null/x", f"--addon-dir={SAMPLE}"], "--data"),
        (["seed", "--data=x", "--project=a-b", "--representations=1"], "--project"),
        (["seed", "--data=x", "--project=a", "--representations=0"], "--repr"),
        (
            ["seed", "--data=x", "--project=a", "--representations=9", "--sites=1"],
            "--s",
        ),
        (["openapi"], "--output"),
        (["demo", "--source=/none"], "--source"),
        ([], "COMMAND"),
    ],
)
def test_bad_input_ends_with_2_and_names_the_option(
    arguments: list[str], option: str
) -> None:
    result = run_cli(*arguments)
    assert result.returncode == 2
    assert option in result.stderr.splitlines()[-1]
