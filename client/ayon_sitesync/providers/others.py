"""The provider interface of the addon that this one replaces, for others' providers.

Kept so that a studio's own provider can be imported, registered and made. Ours follow
`base.Provider` and perform the transfers.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Optional

from ..errors import PathError
from ..paths import split_rootless


class AbstractProvider(ABC):
    """What a provider of others fills in. `presets` are the site's settings."""

    CODE = ""
    LABEL = ""

    def __init__(
        self, project_name: str, site_name: str, tree: Any = None, presets: Any = None
    ) -> None:
        self.project_name = project_name
        self.site_name = site_name
        self.presets = presets
        self.active = False

    @property
    def log(self) -> logging.Logger:
        return logging.getLogger(type(self).__name__)

    @abstractmethod
    def is_active(self) -> bool:
        """Whether the storage can be used, as with working credentials."""

    @abstractmethod
    def upload_file(  # noqa: PLR0913, PLR0917 - a known signature
        self,
        source_path: str,
        target_path: str,
        addon: Any,
        project_name: str,
        file: Mapping[str, Any],
        repre_status: Mapping[str, Any],
        site: str,
        overwrite: bool = False,
    ) -> Any:
        """Copy a file of this machine to the storage; an id of the new file.

        Raises `FileExistsError` or `FileNotFoundError`.
        """

    @abstractmethod
    def download_file(  # noqa: PLR0913, PLR0917 - a known signature
        self,
        source_path: str,
        local_path: str,
        addon: Any,
        project_name: str,
        file: Mapping[str, Any],
        repre_status: Mapping[str, Any],
        site: str,
        overwrite: bool = False,
    ) -> Any:
        """Copy a file of the storage to this machine; an id of the new file.

        Raises `FileExistsError` or `FileNotFoundError`.
        """

    @abstractmethod
    def delete_file(self, path: str) -> None: ...

    @abstractmethod
    def list_folder(self, folder_path: str) -> list[Any]:
        """Files and folders in a folder, not below."""

    @abstractmethod
    def create_folder(self, folder_path: str) -> Any:
        """Make a folder with its parents; an id of it."""

    @abstractmethod
    def get_tree(self) -> Any:
        """Folders of the storage, for storage that cannot be asked by path."""

    @abstractmethod
    def get_roots_config(self, anatomy: Any = None) -> dict[str, Any]:
        """`{"root": {name: folder}}`."""

    def resolve_path(
        self,
        path: str,
        root_config: Optional[Mapping[str, Any]] = None,
        anatomy: Any = None,
    ) -> str:
        """A rootless path on the storage. Raises `ValueError` for an unknown root.

        Braces in names are left as they are.
        """
        config = root_config or self.get_roots_config(anatomy) or {}
        roots = config.get("root") or config
        try:
            root_name, names = split_rootless(path)
        except PathError as error:
            raise ValueError(str(error)) from error
        if root_name not in roots:
            raise ValueError(f"Path '{path}': root '{root_name}' is not set.")
        return "/".join([str(roots[root_name]).rstrip("/"), *names])


class ProviderFactory:
    """Classes of others' providers by their codes."""

    def __init__(self) -> None:
        self.providers: dict[str, tuple[type[AbstractProvider], int]] = {}

    def register_provider(
        self, provider: str, creator: type[AbstractProvider], batch_limit: int
    ) -> None:
        self.providers[provider] = (creator, batch_limit)

    def get_provider(
        self,
        provider: str,
        project_name: str,
        site_name: str,
        tree: Any = None,
        presets: Any = None,
    ) -> AbstractProvider:
        """A new provider of one site. Raises `ValueError` for an unknown code."""
        make = self.get_provider_cls(provider)
        return make(project_name, site_name, tree, presets)

    def get_provider_batch_limit(self, provider: str) -> int:
        return self._find(provider)[1]

    def get_provider_cls(self, provider_code: str) -> type[AbstractProvider]:
        return self._find(provider_code)[0]

    def _find(self, code: str) -> tuple[type[AbstractProvider], int]:
        try:
            return self.providers[code]
        except KeyError:
            allowed = ", ".join(sorted(self.providers)) or "none"
            raise ValueError(
                f"Provider '{code}' is not registered (registered: {allowed})."
            ) from None


factory = ProviderFactory()
