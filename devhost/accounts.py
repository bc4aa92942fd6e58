"""The devhost's users, access groups and attributes."""

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from ayon_server.lib.postgres import Postgres

PEPPER = "devhost"
RESTRICTED_FOLDER = "shots/sq001"

_FLAGS: dict[str, dict[str, Any]] = {
    "admin": {"isAdmin": True},
    "manager": {"isManager": True},
    "artist": {"defaultAccessGroups": ["artist"]},
    "restricted": {"defaultAccessGroups": ["restricted"]},
    "service": {"isService": True},
}

_LIMITED = {
    "enabled": True,
    "access_list": [{"access_type": "hierarchy", "path": f"/{RESTRICTED_FOLDER}"}],
}
_NOTHING = {"enabled": True, "access_list": []}
ACCESS_GROUPS: dict[str, dict[str, Any]] = {
    "artist": {},
    # Sees one sequence; creates, updates, publishes and deletes only there.
    "restricted": dict.fromkeys(
        ("create", "read", "update", "publish", "delete"), _LIMITED
    ),
    # Sees everything and changes nothing.
    "viewer": dict.fromkeys(("create", "update", "publish", "delete"), _NOTHING),
}

_ATTRIBUTES: tuple[tuple[str, str, str, Any], ...] = (
    ("fps", "float", "FPS", 25.0),
    ("resolutionWidth", "integer", "Width", 1920),
    ("resolutionHeight", "integer", "Height", 1080),
    ("pixelAspect", "float", "Pixel aspect", 1.0),
    ("clipIn", "integer", "Clip In", 1),
    ("clipOut", "integer", "Clip Out", 1),
    ("frameStart", "integer", "Start frame", 1001),
    ("frameEnd", "integer", "End frame", 1001),
    ("handleStart", "integer", "Handle start", 0),
    ("handleEnd", "integer", "Handle end", 0),
    ("description", "string", "Description", None),
    ("fullName", "string", "Full name", None),
    ("email", "string", "E-mail", None),
    ("path", "string", "Path", None),
    ("template", "string", "Template", None),
    ("extension", "string", "Extension", None),
    ("comment", "string", "Comment", None),
    ("source", "string", "Source", None),
    ("families", "list_of_strings", "Families", None),
)
_ENTITY_SCOPE = ["project", "folder", "task", "product", "version", "representation"]


def hash_secret(secret: str) -> str:
    """AYON's hash of an API key: sha256 of key, separator and pepper."""
    return hashlib.sha256(f"{secret}::{PEPPER}".encode()).hexdigest()


@dataclass(frozen=True)
class Credentials:
    """API key and password per user. Service users have no password."""

    api_keys: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def generate(cls) -> "Credentials":
        return cls(
            api_keys={name: secrets.token_hex(16) for name in _FLAGS},
            passwords={
                name: secrets.token_urlsafe(12) for name in _FLAGS if name != "service"
            },
        )

    def to_json(self) -> dict[str, dict[str, str]]:
        return asdict(self)


async def create_accounts(credentials: Credentials) -> None:
    """Fill the users, access groups and attributes of a new studio."""
    await Postgres.executemany(
        "INSERT INTO public.access_groups (name, data) VALUES ($1, $2)",
        list(ACCESS_GROUPS.items()),
    )
    for name, flags in _FLAGS.items():
        data = {**flags, "apiKey": hash_secret(credentials.api_keys[name])}
        if name in credentials.passwords:
            data["password"] = hash_secret(credentials.passwords[name])
        await Postgres.execute(
            "INSERT INTO public.users (name, attrib, data) VALUES ($1, $2, $3)",
            name,
            {"fullName": name.capitalize()},
            data,
        )
    await Postgres.executemany(
        "INSERT INTO public.attributes (name, position, scope, builtin, data) "
        "VALUES ($1, $2, $3, TRUE, $4)",
        [
            (name, i, _scope(name), _attribute_data(kind, title, default))
            for i, (name, kind, title, default) in enumerate(_ATTRIBUTES)
        ],
    )


def _scope(name: str) -> list[str]:
    return ["user"] if name in ("fullName", "email") else _ENTITY_SCOPE


def _attribute_data(kind: str, title: str, default: Any) -> dict[str, Any]:
    data = {"type": kind, "title": title, "inherit": True}
    return data if default is None else {**data, "default": default}


async def grant_project(project_name: str) -> None:
    """Make `artist` and `restricted` members of a project, each by its own group."""
    for name in ("artist", "restricted"):
        await Postgres.execute(
            "UPDATE public.users SET data = jsonb_set(data, '{accessGroups}', "
            "coalesce(data->'accessGroups', '{}') || $2::jsonb) WHERE name = $1",
            name,
            {project_name: [name]},
        )
