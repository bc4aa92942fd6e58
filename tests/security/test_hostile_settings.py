"""Settings of a project, whose editors are no administrators of agents' machines: they
start no programs there and learn no logins of the agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.errors import SiteUnhealthyError
from ayon_sitesync.providers.base import SiteConfig
from ayon_sitesync.providers.registry import make_provider

from tests.support.echo_server import run_echo
from tests.support.remote_storage import EXECUTABLE, make_remote_provider

KEY = "canary-key-of-the-agent"


@pytest.fixture
def echo() -> Iterator[str]:
    with run_echo() as address:
        yield address


def make_web(kind: str, **options: str) -> dict[str, Any]:
    rows = [{"key": key, "value": value} for key, value in options.items()]
    return {
        "config_type": "config_web",
        "config_web": {"type": kind, "config_params": rows},
        "rclone_executable_path": EXECUTABLE,
    }


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """It leaves a mark beside it."""
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\necho > {tmp_path / 'mark'}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("kind", "key", "form"),
    [
        ("alias", "remote", "%s"),
        ("crypt", "remote", "%sfolder"),
        ("chunker", "remote", "%sfolder"),
        ("hasher", "remote", "%s"),
        ("compress", "remote", "%s"),
        ("union", "upstreams", '/tmp:ro "%s"'),
        ("combine", "upstreams", '"a=%s"'),
    ],
)
def test_remotes_within_remotes_start_no_programs(
    program: Path, kind: str, key: str, form: str
) -> None:
    inner = f":sftp,host=nowhere,ssh={program}:"
    options = {key: form % inner, **({"password": "x"} if kind == "crypt" else {})}
    provider = make_remote_provider("rclone", make_web(kind, **options), "/ayon")
    with pytest.raises(SiteUnhealthyError) as refused:
        provider.check_health(["work"], writable=True)
    assert not program.with_name("mark").exists()
    assert f"'{key}'" in str(refused.value)


def test_remotes_of_a_file_start_no_programs(tmp_path: Path, program: Path) -> None:
    """Whoever may write files on storage could name one of his own."""
    file = tmp_path / "rclone.conf"
    file.write_text(f"[a]\ntype = alias\nremote = :sftp,host=b,ssh={program}:\n")
    settings = {
        "config_type": "config_file",
        "config_file": {
            "remote_name": "a",
            "rclone_config_path": {"linux": str(file)},
        },
        "rclone_executable_path": EXECUTABLE,
    }
    provider = make_remote_provider("rclone", settings, "/ayon")
    with pytest.raises(SiteUnhealthyError, match="'remote'"):
        provider.check_health(["work"], writable=True)
    assert not program.with_name("mark").exists()


@pytest.mark.parametrize("name", ["AYON_API_KEY", "FTRACK_API_KEY", "ayon_api_key"])
def test_logins_of_the_agent_go_to_no_server(
    echo: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, KEY)
    web = make_web("webdav", url=f"{echo}/{{{name}}}", vendor="other")
    provider = make_remote_provider("rclone", web, "/ayon")
    with pytest.raises(SiteUnhealthyError) as refused:
        provider.check_health(["work"], writable=True)
    assert KEY not in str(refused.value)
    for key in ("sftp_user", "sftp_host"):
        settings = {"sftp_host": "127.0.0.1", "sftp_user": "me", "sftp_port": 1}
        config = SiteConfig(
            *("nas", {"work": "/ayon"}, "linux", "beef"),
            settings={**settings, key: f"{{{name}}}"},
        )
        with pytest.raises(SiteUnhealthyError, match=name) as refused:
            make_provider("sftp", config).check_health(["work"], writable=True)
        assert KEY not in str(refused.value)
