"""A provider as studios wrote them for the existing addon: a folder as a storage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ayon_sitesync.providers.abstract_provider import AbstractProvider


class FolderProvider(AbstractProvider):
    """Keeps files below the folder that its settings name."""

    CODE = "folder"
    LABEL = "Folder"

    @property
    def _folder(self) -> Path:
        return Path(self.presets["folder"])

    def _find(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

    def is_active(self) -> bool:
        return self._folder.is_dir()

    def upload_file(  # noqa: PLR0917 - a known signature
        self,
        source_path: str,
        target_path: str,
        addon: Any,
        project_name: str,
        file: Any,
        repre_status: Any,
        site: str,
        overwrite: bool = False,
    ) -> str:
        target = self._find(target_path)
        if target.exists() and not overwrite:
            raise FileExistsError("File already exists, use 'overwrite' argument")
        if addon.is_representation_paused("id", check_parents=True):
            return ""
        shutil.copyfile(source_path, target)
        addon.update_db(project_name=project_name, file=file, site=site, progress=1.0)
        return target_path

    def download_file(  # noqa: PLR0917 - a known signature
        self,
        source_path: str,
        local_path: str,
        addon: Any,
        project_name: str,
        file: Any,
        repre_status: Any,
        site: str,
        overwrite: bool = False,
    ) -> str:
        source = self._find(source_path)
        if not source.exists():
            raise FileNotFoundError(f"Source file {source_path} doesn't exist.")
        if Path(local_path).exists() and not overwrite:
            raise FileExistsError("File already exists, use 'overwrite' argument")
        shutil.copyfile(source, local_path)
        return local_path

    def delete_file(self, path: str) -> None:
        self._find(path).unlink()

    def list_folder(self, folder_path: str) -> list[str]:
        return [path.name for path in self._find(folder_path).iterdir()]

    def create_folder(self, folder_path: str) -> str:
        self._find(folder_path).mkdir(parents=True, exist_ok=True)
        return folder_path

    def get_tree(self) -> None:
        return None

    def get_roots_config(self, anatomy: Any = None) -> dict[str, Any]:
        return {"root": {"work": "/projects", "cache": "/projects/cache"}}
