"""Checks of a project's settings and of each site that this machine uses there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Optional, cast

from ..errors import (
    RequestRefusedError,
    ServerError,
    SiteSyncError,
    SiteUnhealthyError,
    TransferError,
    describe_origin,
)
from ..providers.base import Provider, SpaceProvider
from ..server_api.operator_client import OperatorClient
from ..site_access import SiteAccess
from ..sites import ProjectSites
from .checks import OK, WARNING, WRONG, Check
from .options import Options
from .output import format_bytes

log = logging.getLogger(__name__)

LOW_BYTES = 10_000_000_000
PROBE_NAME = "sitesync-doctor"
"""Its temporary file is made and removed again; no file of that name ever is there."""


def check_project(
    options: Options, client: OperatorClient, access: SiteAccess, project_name: str
) -> Iterator[Check]:
    subject = f"project {project_name}"
    try:
        settings = access.read_project(project_name)
    except RequestRefusedError as error:
        todo = "Give the user access to the project and its settings"
        yield Check(subject, WRONG, str(error), todo)
        return
    except ServerError as error:
        yield Check(subject, WRONG, str(error), "See to the server")
        return
    if not settings.is_enabled:
        todo = "Switch Site Sync on in the project's settings, if it is wanted"
        yield Check(subject, WARNING, "Site Sync is off in this project", todo)
        return
    pair = (settings.active_site, settings.remote_site)
    own = str(options.site_name)
    yield _check_pair(subject, own, *pair, serves=bool(options.serve))
    for name in dict.fromkeys((own, *pair, *options.serve)):
        yield from _check_usable(access, settings, name, is_own=name == own)
    yield from _check_problems(client, project_name)


def _check_pair(
    subject: str, own: str, active: str, remote: str, *, serves: bool
) -> Check:
    found = f"own site '{own}', active '{active}', remote '{remote}'"
    if active == remote and not serves:
        return Check(
            *(subject, WARNING, f"{found}: nothing moves between one site"),
            "Choose an active and a remote site for this machine, if it is a"
            " workstation; for one that serves others, name those with --serve",
        )
    return Check(subject, OK, found)


def _check_usable(
    access: SiteAccess, settings: ProjectSites, site_name: str, *, is_own: bool
) -> Iterator[Check]:
    """The checks of a site. A fault in its provider, which may be a studio's own, is
    one of them.
    """
    try:
        yield from _check_site(access, settings, site_name, is_own=is_own)
    except SiteSyncError:
        raise
    except Exception as error:
        log.error("Site '%s': %s", site_name, describe_origin(error))
        subject = f"project {settings.project_name}, site {site_name}"
        found = f"its provider failed: {type(error).__name__}"
        yield Check(subject, WRONG, found, "Correct it where the log says")


def _check_site(
    access: SiteAccess, settings: ProjectSites, site_name: str, *, is_own: bool
) -> Iterator[Check]:
    subject = f"project {settings.project_name}, site {site_name}"
    try:
        provider = access.open_site(settings.project_name, site_name)
        roots = sorted(_list_roots(settings, site_name))
        is_writable = _is_usable(provider, roots, writable=True)
        if not is_writable:
            provider.check_health(roots, writable=False)
    except SiteUnhealthyError as error:
        yield Check(subject, WRONG, error.reason, "Correct it as it says")
        return
    fault = _find_write_fault(provider, roots)
    if fault:
        result = WRONG if is_own else WARNING
        todo = "Make it writable, if files are to go there"
        yield Check(subject, result, fault, todo)
    elif not _is_usable(provider, roots, writable=False):
        todo = "See that it is mounted, if there should be files"
        yield Check(subject, WARNING, "Reached, but a root is empty", todo)
    else:
        yield Check(subject, OK, f"{settings.find_provider_code(site_name)}: reached")
    free = _find_free_bytes(provider, roots)
    if free is not None and free < LOW_BYTES:
        yield Check(subject, WARNING, f"{format_bytes(free)} free", "Free some space")
    elif free is not None:
        yield Check(subject, OK, f"{format_bytes(free)} free")
    elif access.find_limits(settings.project_name, site_name).least_free_bytes:
        found = "Does not tell its free space: what the settings keep free is not kept"
        yield Check(subject, WARNING, found, "Watch its space by other means")


def _list_roots(settings: ProjectSites, site_name: str) -> list[str]:
    try:
        return list(settings.find_roots(site_name))
    except SiteUnhealthyError:
        return list(settings.find_remote_roots(site_name))


def _is_usable(provider: Provider, roots: list[str], *, writable: bool) -> bool:
    try:
        provider.check_health(roots, writable=writable)
    except SiteUnhealthyError:
        return False
    return True


def _find_write_fault(provider: Provider, roots: list[str]) -> str:
    """Begin a temporary file in each root and drop it again.

    Storage that takes whole files only is not written to: it is reached, no more.
    """
    try:
        provider.check_health(roots, writable=True)
        if provider.capabilities.takes_files:
            return ""
        for root in roots:
            path = provider.locate(f"{{root[{root}]}}/{PROBE_NAME}")
            with provider.create_part(path) as part:
                part.write(memoryview(b"sitesync"))
    except TransferError as error:
        return str(error)
    return ""


def _find_free_bytes(provider: Provider, roots: list[str]) -> Optional[int]:
    if not provider.capabilities.tells_space:
        return None
    try:
        return cast(SpaceProvider, provider).find_free_bytes(roots)
    except TransferError:
        return None


def _check_problems(client: OperatorClient, project_name: str) -> Iterator[Check]:
    """What the server knows to be wrong in the project."""
    subject = f"project {project_name}"
    try:
        problems = client.list_problems(project_name)
    except ServerError as error:
        yield Check(subject, WRONG, str(error), "See to the server")
        return
    for problem in problems:
        result = WRONG if problem["severity"] == "error" else WARNING
        site = problem["siteName"]
        about = f"{subject}, site {site}" if site else subject
        yield Check(about, result, problem["text"], problem["todo"])
