"""Storage that quotes what it was sent in its errors: no login is passed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ayon_sitesync.errors import SiteUnhealthyError

from tests.support.canaries import Hunt
from tests.support.echo_server import run_echo
from tests.support.rclone_servers import obscure
from tests.support.remote_storage import EXECUTABLE, make_remote_provider

CANARIES = {"password": 'canary"echoed\\password 22', "address": "canary-url-24"}


@pytest.fixture
def echo() -> Iterator[str]:
    with run_echo() as address:
        yield address


def test_errors_hold_no_login_of_a_configuration_file(
    echo: str, tmp_path: Path
) -> None:
    """What rclone obscured it sends in clear, and we have never seen it so."""
    hunt = Hunt(CANARIES)
    file = tmp_path / "rclone.conf"
    file.write_text(
        f"[vault]\ntype = webdav\nurl = {echo}\nvendor = other\nuser = me\n"
        f"pass = {obscure(CANARIES['password'])}\n"
    )
    settings = {
        "config_type": "config_file",
        "config_file": {
            "remote_name": "vault",
            "rclone_config_path": {"linux": str(file)},
        },
        "rclone_executable_path": EXECUTABLE,
    }
    provider = make_remote_provider("rclone", settings, "/ayon")
    with pytest.raises(
        SiteUnhealthyError, match=r"Authorization: Basic \*\*\*"
    ) as told:
        provider.check_health(["work"], writable=True)
    hunt.add("error", str(told.value))
    assert hunt.find() == []


def test_errors_hold_no_login(echo: str) -> None:
    hunt = Hunt(CANARIES)
    addresses = {"echo": echo, "bad": f"http://me:{CANARIES['address']}@:bad port/"}
    for name, url in addresses.items():
        values = {"url": url, "vendor": "other", "user": "me"}
        values["pass"] = CANARIES["password"]
        rows = [{"key": key, "value": value} for key, value in values.items()]
        settings = {
            "config_type": "config_web",
            "config_web": {"type": "webdav", "config_params": rows},
            "rclone_executable_path": EXECUTABLE,
        }
        provider = make_remote_provider("rclone", settings, "/ayon")
        with pytest.raises(SiteUnhealthyError) as refused:
            provider.check_health(["work"], writable=True)
        assert "***" in str(refused.value), name
        hunt.add(name, str(refused.value))
    assert hunt.find() == []
