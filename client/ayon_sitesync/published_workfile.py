"""The last published workfile of a task, brought to this machine with its inputs.

Nothing here waits for ever: a download that does not move is given up with a sentence,
and whoever started the host application goes on without it.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Protocol

from .addon_services import AddonServices
from .errors import GivenUpError, PathError, ServerError
from .paths import resolve_path
from .server_api.host_client import HostClient
from .statuses import SiteSyncStatus
from .wake import wake_tray

log = logging.getLogger(__name__)

WORKFILE = "workfile"
RESOURCES_FOLDER = "resources"
PRIORITY = 900
POLL_SECONDS = 1.0
STALL_SECONDS = 60.0
"""Without any progress for so long, a download is given up."""
LONGEST_SECONDS = 1800.0
_VERSION = re.compile(r"v(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class PublishedWorkfile:
    """A representation that a host application can open, and its version."""

    representation: Mapping[str, Any]
    version: int

    @property
    def id(self) -> str:
        return str(self.representation["id"])


class Watcher(Protocol):
    """Sees how a wait goes, and may end it.

    `tell` waits a bounded time for the user to read.
    """

    def show(self, text: str, share: float) -> None: ...

    def tell(self, text: str) -> None: ...

    def is_cancelled(self) -> bool: ...


class Helper(Protocol):
    """Performs transfers while nobody else on this machine does.

    `find_problem` is why it cannot, "" while nothing is wrong.
    """

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def find_problem(self) -> str: ...


def read_version(path: str) -> int:
    """The version in a workfile's name, 0 without one."""
    found = _VERSION.findall(Path(path).stem)
    return int(found[-1]) if found else 0


def find_published_workfile(
    client: HostClient,
    project_name: str,
    folder_id: str,
    task_id: str,
    extensions: Iterable[str],
) -> Optional[PublishedWorkfile]:
    """The newest workfile that was published from a task; may raise `ServerError`."""
    products = client.find_products(project_name, folder_ids={folder_id})
    product_ids = {
        str(product["id"])
        for product in products
        if WORKFILE in (product.get("productBaseType"), product.get("productType"))
    }
    if not product_ids:
        return None
    versions = {
        str(version["id"]): int(version["version"])
        for version in client.find_last_versions(project_name, product_ids)
        if version.get("taskId") == task_id
    }
    if not versions:
        return None
    wanted = {extension.lower().lstrip(".") for extension in extensions}
    found = [
        PublishedWorkfile(entity, versions[str(entity["versionId"])])
        for entity in client.find_representations(
            project_name, version_ids=set(versions)
        )
        if str((entity.get("context") or {}).get("ext") or "").lower() in wanted
    ]
    return max(found, key=lambda workfile: workfile.version, default=None)


def find_linked_representations(
    client: HostClient,
    project_name: str,
    version_id: str,
    link_type: Optional[str],
    depth: int,
) -> list[str]:
    """Ids of representations of versions that are linked in, `depth` steps away."""
    seen = {version_id}
    edge = {version_id}
    for _ in range(max(depth, 1)):
        edge = client.find_input_versions(project_name, edge, link_type) - seen
        if not edge:
            break
        seen |= edge
    seen.discard(version_id)
    if not seen:
        return []
    found = client.find_representations(project_name, version_ids=seen, fields={"id"})
    return [str(entity["id"]) for entity in found]


class WorkfileDownload:
    """Brings a published workfile to a disk site of this machine."""

    def __init__(
        self,
        services: AddonServices,
        project_name: str,
        site_name: str,
        *,
        make_helper: Callable[[str], Helper],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._project_name = project_name
        self._site_name = site_name
        self._make_helper = make_helper
        self._sleep = sleep
        self._now = now

    def bring(
        self, workfile: PublishedWorkfile, linked_ids: Sequence[str], watcher: Watcher
    ) -> Optional[Path]:
        """Download what is missing and wait; the workfile's path, None when it is not
        here. Why it was given up is told, and that inputs are missing."""
        missing = self._queue_missing(workfile.id, linked_ids)
        problem = ""
        if missing:
            problem = self._wait_with_agent(workfile.id, missing, watcher)
        is_here = self._is_here(workfile.id)
        if problem:
            rest = (
                "Some of the workfile's inputs are missing; they go on downloading."
                if is_here
                else "It goes on without the published workfile."
            )
            watcher.tell(f"{problem} {rest}")
        return self.find_path(workfile) if is_here else None

    def find_path(self, workfile: PublishedWorkfile) -> Optional[Path]:
        """Where the workfile is on the site, None for a path that is nowhere."""
        files = workfile.representation["files"]
        attributes = workfile.representation.get("attrib") or {}
        name = re.split(r"[\\/]", str(attributes.get("path") or ""))[-1]
        named = [file for file in files if str(file["path"]).endswith(f"/{name}")]
        for file in named or files[:1]:
            return self._resolve(str(file["path"]))
        return None

    def copy_resources(self, workfile: PublishedWorkfile, work_folder: Path) -> int:
        """Re-create `resources` beside a work file from what was published along.

        Files that are there already stay as they are. How many were copied.
        """
        source = self.find_path(workfile)
        if source is None:
            return 0
        base = source.parent / RESOURCES_FOLDER
        copied = 0
        for file in workfile.representation["files"]:
            path = self._resolve(str(file["path"]))
            if path is None or base not in path.parents or not path.is_file():
                continue
            target = work_folder / RESOURCES_FOLDER / path.relative_to(base)
            if not target.exists():
                copy_whole(path, target)
                copied += 1
        return copied

    def _resolve(self, rootless: str) -> Optional[Path]:
        roots = self._services.find_roots(self._project_name, self._site_name)
        try:
            return Path(resolve_path(rootless, roots, self._services.platform))
        except PathError as error:
            log.warning("%s", error)
            return None

    def _is_here(self, representation_id: str) -> bool:
        return self._find_missing([representation_id]) == []

    def _find_missing(self, ids: Sequence[str]) -> list[str]:
        found = self._services.states.read(self._project_name, ids, (self._site_name,))
        return [
            one
            for one in ids
            if self._site_name not in found.get(one, {})
            or found[one][self._site_name].status != SiteSyncStatus.OK
        ]

    def _queue_missing(self, main_id: str, linked_ids: Sequence[str]) -> list[str]:
        """Want here what is not; ids of what will come. Raises the refusal of the
        workfile itself."""
        missing = self._find_missing([main_id, *linked_ids])
        if not missing:
            return []
        states = [
            {
                "representationId": representation_id,
                "siteName": self._site_name,
                "status": SiteSyncStatus.QUEUED,
                "reset": True,
                "priority": PRIORITY,
            }
            for representation_id in missing
        ]
        refused = self._services.states.write_each(self._project_name, states)
        if main_id in refused:
            raise refused[main_id]
        for representation_id, error in refused.items():
            log.warning(
                "Representation %s, an input of the workfile, does not come: %s",
                *(representation_id, error),
            )
        return [one for one in missing if one not in refused]

    def _wait_with_agent(
        self, main_id: str, ids: Sequence[str], watcher: Watcher
    ) -> str:
        """Why it was given up; "" when all is here or the user wants no more."""
        if self._services.wake.wake_here is not None:
            self._services.wake.send()
            return self._wait(main_id, ids, watcher)
        if wake_tray():
            return self._wait(main_id, ids, watcher)
        helper = self._make_helper(self._project_name)
        helper.start()
        try:
            problem = self._wait(main_id, ids, watcher)
            return f"{problem} {helper.find_problem()}".strip() if problem else ""
        finally:
            helper.stop()

    def _wait(self, main_id: str, ids: Sequence[str], watcher: Watcher) -> str:
        started_at = moved_at = self._now()
        best = -1.0
        while not watcher.is_cancelled():
            found = self._services.states.read(
                self._project_name, ids, (self._site_name,)
            )
            shares = [
                found[one][self._site_name].progress
                if self._site_name in found.get(one, {})
                else 0.0
                for one in ids
            ]
            here = sum(share >= 1 for share in shares)
            if here == len(ids):
                return ""
            now = self._now()
            if sum(shares) > best:
                best, moved_at = sum(shares), now
            watcher.show(f"{here} of {len(ids)} downloaded", sum(shares) / len(ids))
            problem = self._find_problem(main_id, now - moved_at, now - started_at)
            if problem:
                return problem
            self._sleep(POLL_SECONDS)
        return ""

    def _find_problem(self, main_id: str, still: float, waited: float) -> str:
        if still >= STALL_SECONDS:
            why = self._explain(main_id)
            return f"The download does not move for {still:.0f} s.{why}"
        if waited >= LONGEST_SECONDS:
            return f"The download takes longer than {waited / 60:.0f} minutes."
        view = self._services.settings.find(self._project_name)
        retries = int((view.settings.get("config") or {}).get("retry_cnt") or 0)
        try:
            self._services.states.is_present(
                self._project_name, main_id, self._site_name, retries
            )
        except GivenUpError as error:
            return f"The workfile cannot be downloaded: {error}"
        return ""

    def _explain(self, representation_id: str) -> str:
        """What the server says of why it is not here; "" when it cannot say."""
        try:
            answer = self._services.client.explain(
                self._project_name, representation_id, self._site_name
            )
        except ServerError as error:
            return f" {error}"
        # What to see to comes first.
        reason: Mapping[str, Any] = next(iter(answer["reasons"]), {})
        texts = (reason.get("text"), reason.get("todo"))
        return "".join(f" {text}" for text in texts if text)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that `target` is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid.uuid4().hex[:8]}.part")
    try:
        shutil.copy2(source, part)
        os.replace(part, target)  # noqa: PTH105 - one step, as on every platform
    finally:
        with suppress(OSError):
            part.unlink()


def collect_resources(work_file: str) -> list[tuple[str, str]]:
    """Files of the `resources` folder beside a work file: (path, path below it)."""
    folder = Path(work_file).parent / RESOURCES_FOLDER
    return [
        (str(path), path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
