"""What commands have in common: the server, the projects, the sites of this machine."""

from __future__ import annotations

import hashlib
import socket

from ..errors import InputError
from ..paths import current_platform
from ..server_api.operator_client import OperatorClient
from ..site_access import SiteAccess
from ..version import __version__
from .options import Options


def make_client(options: Options) -> OperatorClient:
    """Does not connect yet."""
    return OperatorClient(
        options.server_url,
        options.api_key,
        options.site_name,
        variant=options.variant,
        own_version=__version__,
        addon_version=options.addon_version,
    )


def find_machine_tag(site_name: str) -> str:
    """4 hex that mark temporary files of this machine."""
    text = f"{socket.gethostname()}\n{site_name}"
    return hashlib.sha256(text.encode()).hexdigest()[:4]


def make_site_access(client: OperatorClient, site_name: str) -> SiteAccess:
    """The sites as the machine of `site_name` reaches them."""
    tag = find_machine_tag(site_name)
    return SiteAccess(client, site_name, current_platform(), tag)


def list_projects(options: Options, client: OperatorClient) -> list[str]:
    """The named projects, else all that the user may read.

    Raises `InputError` for one that is not among those.
    """
    known = client.list_projects()
    check_projects(options, known)
    return list(options.projects) or known


def check_projects(options: Options, known: list[str]) -> None:
    """Refuse named projects that are not among those the user may read."""
    for name in options.projects:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(
                f"--project: there is no active project '{name}' that you may read"
                f" (there are: {allowed})."
            )
