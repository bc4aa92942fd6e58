"""Sites with credentials of every kind: few that work, many that fail each in its way.

A storage refuses them, quotes them, cannot be reached or has an address that is none; a
studio's own provider tells them in its errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ayon_server.lib.postgres import Postgres

from tests.support.rclone_servers import (
    ACCESS_KEY,
    PASSWORD,
    SECRET_KEY,
    USER,
    RcloneServer,
    find_free_port,
    obscure,
)
from tests.support.remote_storage import (
    EXECUTABLE,
    make_s3_settings,
    make_webdav_settings,
)
from tests.support.sshd import Sshd, make_key

CANARIES = {
    "key passphrase": "canary passphrase {1} äß",
    "sftp password": "canary+sftp/pass=word&1",
    "wrong passphrase": "canary-wrong-passphrase-19",
    "s3 secret": SECRET_KEY,
    "s3 access key": ACCESS_KEY,
    "s3 wrong secret": "canary/wrong+secret/key=20",
    "s3 session token": "canary-session-token-21",
    "webdav password": PASSWORD,
    "webdav echoed password": 'canary"echoed\\password 22',
    "webdav bearer token": "canary-bearer-token-23",
    "address password": "canary-url-password-24",
    "file password": "canary-conf-password-27",
    "custom password": "canary custom password 28",
    "constructor token": "canary-constructor-29",
    "old password": "canary-old-custom-30",
}
"""By name. All are secrets of AYON but those that are plain in settings or files."""
PLAIN = frozenset({"s3 access key", "address password", "file password"})

WORKING = frozenset({"ok-sftp", "ok-s3", "ok-webdav"})

OWN_PROVIDERS = """
from ayon_sitesync.providers.abstract_provider import AbstractProvider
from ayon_sitesync.providers.base import Capabilities


class Talkative:
    CODE = "talkative"

    def __init__(self, config):
        self.password = config.settings["password"]
        self.capabilities = Capabilities(reads_back=False, keeps_mtime=False)

    def check_health(self, root_names, *, writable):
        pass

    def locate(self, rootless):
        return rootless

    def __getattr__(self, name):
        raise RuntimeError("cannot log in with " + self.password)


class Unmade:
    CODE = "unmade"

    def __init__(self, config):
        raise ValueError("refused: %r" % dict(config.settings))


class Old(AbstractProvider):
    CODE = "old"
    LABEL = "Old"

    def __init__(self, project_name, site_name, tree=None, presets=None):
        self.presets = presets

    def is_active(self):
        return True

    def _fail(self, *args, **kwargs):
        raise ConnectionError("login as me with %s failed" % self.presets["password"])

    upload_file = download_file = delete_file = list_folder = _fail
    create_folder = get_tree = _fail

    def get_roots_config(self, anatomy=None):
        return {"root": {"work": "/projects"}}
"""
"""A module for a folder of providers: three that tell all they know."""

Sites = dict[str, tuple[str, dict[str, Any]]]
"""Provider and its settings, by site."""


def name_secret(canary: str) -> str:
    """The setting that stands for a canary among AYON's secrets."""
    return f"{{secret:{canary.replace(' ', '_')}}}"


async def store_secrets() -> None:
    """Give AYON the canaries that are secrets."""
    for canary, value in CANARIES.items():
        if canary not in PLAIN:
            name = canary.replace(" ", "_")
            await Postgres.execute(
                "INSERT INTO public.secrets VALUES ($1, $2)", name, value
            )


@dataclass
class Storage:
    """The servers that the sites are on, and a folder for keys and files."""

    folder: Path
    sshd: Sshd
    s3: RcloneServer
    webdav: RcloneServer
    echo: str

    def make_sites(self) -> Sites:
        """All sites; those of `WORKING` take files, the others never."""
        return {
            **self._make_sftp(),
            **self._make_s3(),
            **self._make_webdav(),
            "conf": ("rclone", self._make_file()),
            "talkative": _make_custom("talkative", password="custom password"),
            "unmade": _make_custom("unmade", token="constructor token"),
            "old": _make_custom("old", password="old password"),
        }

    def _make_sftp(self) -> Sites:
        locked = make_key(self.folder / "locked_key", CANARIES["key passphrase"])
        with (self.sshd.folder / "authorized_keys").open("a") as authorized:
            authorized.write(locked.with_suffix(".pub").read_text())
        root = self.folder / "sftp"
        root.mkdir()
        base = {**self.sshd.settings, "roots": str(root)}
        with_key = {**base, "sftp_key": {"linux": [str(locked)]}}
        with_password = {
            **base,
            "sftp_key": {},
            "sftp_pass": name_secret("sftp password"),
        }
        wrong = {**with_key, "sftp_key_pass": name_secret("wrong passphrase")}
        dead = {**with_password, "sftp_port": find_free_port()}
        ok = {**with_key, "sftp_key_pass": name_secret("key passphrase")}
        return {
            "ok-sftp": ("sftp", ok),
            "sftp-passphrase": ("sftp", wrong),
            "sftp-password": ("sftp", with_password),
            "sftp-dead": ("sftp", dead),
        }

    def _make_s3(self) -> Sites:
        ok = make_s3_settings(self.s3, secret_access_key=name_secret("s3 secret"))
        token = name_secret("s3 session token")
        return {
            "ok-s3": ("s3", ok),
            "s3-wrong": (
                "s3",
                {**ok, "secret_access_key": name_secret("s3 wrong secret")},
            ),
            "s3-echo": ("s3", {**ok, "endpoint": self.echo, "session_token": token}),
            "s3-url": ("s3", {**ok, "endpoint": _make_address()}),
        }

    def _make_webdav(self) -> Sites:
        password = {"pass": name_secret("webdav password")}
        ok = make_webdav_settings(self.webdav, **password)
        echoed = {"user": USER, "pass": name_secret("webdav echoed password")}
        bearer = {"bearer_token": name_secret("webdav bearer token")}
        bad = f"http://me:{CANARIES['address password']}@:bad port/"
        return {
            "ok-webdav": ("rclone", ok),
            "webdav-echo": ("rclone", _make_web(url=self.echo, **echoed)),
            "webdav-bearer": ("rclone", _make_web(url=self.echo, **bearer)),
            "webdav-url": ("rclone", _make_web(url=_make_address())),
            "webdav-bad-url": ("rclone", _make_web(url=bad)),
        }

    def _make_file(self) -> dict[str, Any]:
        """A remote of a configuration file on the machine."""
        file = self.folder / "rclone.conf"
        file.write_text(
            f"[conf]\ntype = webdav\nurl = {self.echo}\nvendor = other\nuser = me\n"
            f"pass = {obscure(CANARIES['file password'])}\n"
        )
        return {
            "config_type": "config_file",
            "config_file": {
                "remote_name": "conf",
                "rclone_config_path": {"linux": str(file)},
            },
            "root": "/ayon",
            "rclone_executable_path": EXECUTABLE,
        }


def _make_address() -> str:
    """Of a server that is not there, with a login in it."""
    return f"http://me:{CANARIES['address password']}@127.0.0.1:{find_free_port()}"


def _make_web(**options: str) -> dict[str, Any]:
    values = {"vendor": "other", **options}
    rows = [{"key": name, "value": value} for name, value in values.items()]
    return {
        "config_type": "config_web",
        "config_web": {"type": "webdav", "config_params": rows},
        "root": "/ayon",
        "rclone_executable_path": EXECUTABLE,
    }


def _make_custom(code: str, **canaries: str) -> tuple[str, dict[str, Any]]:
    settings = {key: name_secret(canary) for key, canary in canaries.items()}
    return "custom", {"code": code, "settings": json.dumps(settings)}
