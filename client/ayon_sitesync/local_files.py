"""Files of this machine's own site: removed, looked for, told to the server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from .errors import PathError
from .paths import ensure_inside, find_real_path, resolve_path
from .server_api.host_client import HostClient
from .statuses import SiteSyncStatus

log = logging.getLogger(__name__)

ROWS_IN_REPORT = 500


class LocalFiles:
    """The files of one project on a disk site of this machine."""

    def __init__(
        self,
        client: HostClient,
        project_name: str,
        site_name: str,
        roots: Mapping[str, str],
        platform: str,
    ) -> None:
        self._client = client
        self._project_name = project_name
        self._site_name = site_name
        self._roots = roots
        self._platform = platform

    # --- removal ---------------------------------------------------------------------

    def find_own_paths(self, representation_id: str) -> list[str]:
        """Rootless paths that only this representation needs on the site.

        To be asked before its row goes; without a row nothing is known to be here, so
        nothing is its own. Resources of a version are files of each of its
        representations: what another one has here stays, and what one without any row
        may have.
        """
        if not self._client.list_states(
            self._project_name, [representation_id], [self._site_name]
        ):
            log.warning(
                "Representation %s has no row on site '%s': its files stay.",
                representation_id,
                self._site_name,
            )
            return []
        (entity,) = self._client.find_representations(
            self._project_name,
            representation_ids={representation_id},
            fields={"id", "versionId", "files"},
            active=None,
        ) or (None,)
        if entity is None:
            return []
        siblings = {
            str(other["id"]): other
            for other in self._client.find_representations(
                self._project_name,
                version_ids={entity["versionId"]},
                fields={"id", "files"},
                active=None,
            )
            if other["id"] != representation_id
        }
        needed: set[str] = set()
        if siblings:
            rows = self._client.list_states(self._project_name, sorted(siblings))
            unneeded = {str(row["representationId"]) for row in rows} - {
                str(row["representationId"])
                for row in rows
                if row["siteName"] == self._site_name
                and row["status"] != SiteSyncStatus.NA
            }
            for sibling_id in siblings.keys() - unneeded:
                files = siblings[sibling_id]["files"]
                needed.update(str(file["path"]) for file in files)
        paths = [str(file["path"]) for file in entity["files"]]
        return [path for path in paths if path not in needed]

    def delete(self, rootless_paths: Iterable[str]) -> int:
        """Delete files and folders that are empty then; how many files went.

        What is gone already is fine; what cannot be deleted is logged and left.
        """
        deleted = 0
        folders: set[Path] = set()
        for rootless in rootless_paths:
            path = self._find(rootless, is_followed=False)
            if path is None:
                continue
            try:
                path.unlink()
                deleted += 1
            except FileNotFoundError:
                log.debug("'%s' is gone already", path)
            except OSError as error:
                log.warning("'%s' stays: %s", path, error.strerror or error)
                continue
            folders.add(path.parent)
        self._remove_empty(folders)
        return deleted

    def _find(self, rootless: str, *, is_followed: bool) -> Optional[Path]:
        """The path of a file; None, which is logged, when it leads out of its root.

        `is_followed`: what is done with it follows the file itself when it is a link.
        """
        try:
            path = resolve_path(rootless, self._roots, self._platform)
            root = next(
                value
                for name, value in self._roots.items()
                if rootless.startswith(f"{{root[{name}]}}/")
            )
            ensure_inside(path if is_followed else str(Path(path).parent), root)
        except PathError as error:
            log.warning("%s", error)
            return None
        return Path(path)

    def _remove_empty(self, folders: Iterable[Path]) -> None:
        """A root keeps its own: an empty one looks like storage that is not mounted."""
        roots = {find_real_path(root) for root in self._roots.values()}
        for folder in folders:
            current = folder
            with suppress(OSError):
                while (
                    not {find_real_path(p) for p in (current, current.parent)} & roots
                ):
                    current.rmdir()
                    current = current.parent

    # --- a look at the disk ----------------------------------------------------------

    def validate(self, *, reset_missing: bool) -> dict[str, int]:
        """Tell the server which files are here, by path and size.

        `reset_missing`: also those that should be here and are not. Counts of what was
        told: `{"present", "missing"}`.
        """
        body = {"siteNames": [self._site_name], "withFiles": True}
        counts = {"present": 0, "missing": 0}
        states: list[dict[str, Any]] = []
        for row in self._client.iterate_rows(self._project_name, body):
            here, gone = self._look(row)
            files = [_describe(file, SiteSyncStatus.OK) for file in here]
            counts["present"] += len(here)
            if reset_missing:
                files += [_describe(file, SiteSyncStatus.QUEUED) for file in gone]
                counts["missing"] += len(gone)
            if files:
                states.append(
                    {
                        "representationId": row["representationId"],
                        "siteName": self._site_name,
                        "files": files,
                    }
                )
            if len(states) >= ROWS_IN_REPORT:
                self._tell(states)
                states = []
        self._tell(states)
        return counts

    def _look(self, row: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
        """Files that are here and not known to be, and those of which it is reverse."""
        here: list[Any] = []
        gone: list[Any] = []
        for file in row["files"]:
            state = file["sites"].get(self._site_name, {})
            is_known = state.get("status") == SiteSyncStatus.OK
            if self._is_here(file) != is_known:
                (gone if is_known else here).append(file)
        return here, gone

    def _is_here(self, file: Mapping[str, Any]) -> bool:
        path = self._find(str(file["path"]), is_followed=True)
        try:
            return path is not None and path.stat().st_size == file["size"]
        except OSError:
            return False

    def _tell(self, states: list[dict[str, Any]]) -> None:
        if not states:
            return
        for result in self._client.write_states(self._project_name, states):
            if result.get("errorCode"):
                log.warning("%s: %s", result["representationId"], result["detail"])


def _describe(file: Mapping[str, Any], status: int) -> dict[str, Any]:
    size = file["size"] if status == SiteSyncStatus.OK else 0
    return {"id": file["id"], "fileHash": "", "status": status, "size": size}
