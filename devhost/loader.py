"""Loads addons the way AYON server does.

Each installed version gets a module namespace of its own with an odd name, so that
versions live side by side; inside an addon an absolute import whose first part is a
file or folder of the addon's root is redirected into the addon.
"""

import builtins
import importlib
import importlib.util
import inspect
import re
import runpy
import shutil
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from ayon_server.addons import BaseServerAddon
from ayon_server.logging import log_traceback, logger

_METADATA_PREFIX = "ayon_"
_METADATA_KEYS = (
    "name",
    "version",
    "title",
    "services",
    "app_host_name",
    "project_can_override_addon_version",
)
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)

# Root folder of each loaded addon by the name of its namespace.
_roots: dict[str, Path] = {}
_original_import = builtins.__import__


class AddonLoadError(Exception):
    """An addon folder or zip cannot be loaded; the message says why."""


class LoadedAddon:
    """All loaded versions of one addon (AYON's `ServerAddonDefinition`)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.versions: dict[str, BaseServerAddon] = {}

    @property
    def latest(self) -> BaseServerAddon:
        return self.versions[max(self.versions, key=version_key)]


class AddonLibrary:
    """The installed addons of a server.

    :param addon_dirs: folders with `package.py` and `server/`.
    :raises AddonLoadError: a folder holds no addon that AYON would load.
    """

    def __init__(self, addon_dirs: Sequence[Path]) -> None:
        self.addons: dict[str, LoadedAddon] = {}
        self.broken: dict[tuple[str, str], str] = {}
        for addon_dir in addon_dirs:
            self._load(addon_dir.resolve())

    def _load(self, addon_dir: Path) -> None:
        metadata = read_metadata(addon_dir)
        name, version = metadata["name"], metadata["version"]
        addon_class = _load_class(addon_dir, f"{name}-{version}")
        definition = self.addons.setdefault(name, LoadedAddon(name))
        if version in definition.versions:
            msg = f"{addon_dir}: {name} {version} is already loaded"
            raise AddonLoadError(msg)
        definition.versions[version] = addon_class(
            definition, addon_dir=str(addon_dir), **metadata
        )

    def __iter__(self) -> Iterator[BaseServerAddon]:
        for definition in self.addons.values():
            yield from list(definition.versions.values())

    def find(self, name: str, version: str) -> BaseServerAddon | None:
        definition = self.addons.get(name)
        return None if definition is None else definition.versions.get(version)

    async def set_up(self) -> None:
        """Run all `pre_setup`, then all `setup`; a failing version is unloaded."""
        for hook in ("pre_setup", "setup"):
            for addon in self:
                try:
                    result = getattr(addon, hook)()
                    if inspect.isawaitable(result):
                        await result
                except Exception as error:
                    log_traceback(f"Error during {addon} {hook}")
                    self.broken[(addon.name, addon.version)] = str(error)
                    del self.addons[addon.name].versions[addon.version]


def read_metadata(addon_dir: Path) -> dict[str, Any]:
    """Name, version and so on from `package.py`.

    :raises AddonLoadError: there is none, or the version is not semantic.
    """
    package = addon_dir / "package.py"
    if not package.is_file():
        msg = f"{addon_dir} has no package.py: name a folder that holds an addon"
        raise AddonLoadError(msg)
    values = runpy.run_path(str(package))
    metadata = {
        key: value
        for key, value in values.items()
        if key in _METADATA_KEYS or key.startswith(_METADATA_PREFIX)
    }
    for key in ("name", "version"):
        if not metadata.get(key):
            msg = f"{package} does not say {key}"
            raise AddonLoadError(msg)
    if not _SEMVER.fullmatch(metadata["version"]):
        msg = f"{package}: version {metadata['version']!r} is not a semantic version"
        raise AddonLoadError(msg)
    return metadata


def unpack_addon(archive: Path, addons_dir: Path) -> Path:
    """Unpack an addon's zip to `<addons_dir>/<name>/<version>` and return that.

    :raises AddonLoadError: it is no zip, or holds no `package.py` at its root.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            if "package.py" not in content.namelist():
                msg = f"{archive} has no package.py at its root"
                raise AddonLoadError(msg)
            staging = addons_dir / f".{archive.stem}"
            content.extractall(staging)
    except (OSError, zipfile.BadZipFile) as error:
        msg = f"{archive} cannot be read as a zip: {error}"
        raise AddonLoadError(msg) from error
    metadata = read_metadata(staging)
    target: Path = addons_dir / metadata["name"] / metadata["version"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    staging.rename(target)
    return target


def version_key(version: str) -> tuple[Any, ...]:
    """Orders semantic versions: a pre-release comes before its release."""
    core, _, _build = version.partition("+")
    numbers, _, pre = core.partition("-")
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in pre.split(".")
        if part
    )
    return (*(int(n) for n in numbers.split(".")), not pre, parts)


def _load_class(addon_dir: Path, label: str) -> type[BaseServerAddon]:
    entry = addon_dir / "server" / "__init__.py"
    if not entry.is_file():
        msg = f"{addon_dir} has no server/__init__.py"
        raise AddonLoadError(msg)
    module = _import_addon(re.sub(r"[^a-z0-9]+", "-", label.lower()), addon_dir, entry)
    classes = {
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, BaseServerAddon)
        and value is not BaseServerAddon
    }
    if len(classes) != 1:
        names = sorted(cls.__name__ for cls in classes) or "none"
        msg = f"{entry} must expose exactly one BaseServerAddon subclass, not {names}"
        raise AddonLoadError(msg)
    return classes.pop()


def _import_addon(namespace: str, addon_dir: Path, entry: Path) -> ModuleType:
    """Import `server/__init__.py` as `<namespace>.server`, once per process."""
    vars(builtins)["__import__"] = _isolated_import
    module_name = f"{namespace}.server"
    if _roots.get(namespace) == addon_dir and module_name in sys.modules:
        return sys.modules[module_name]
    _forget(namespace)
    _roots[namespace] = addon_dir
    root = ModuleType(namespace)
    root.__path__ = [str(addon_dir)]
    sys.modules[namespace] = root
    spec = importlib.util.spec_from_file_location(
        module_name, entry, submodule_search_locations=[str(entry.parent)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        _forget(namespace)
        msg = f"{entry} cannot be imported: {type(error).__name__}: {error}"
        raise AddonLoadError(msg) from error
    logger.debug(f"Loaded {module_name} from {addon_dir}")
    return module


def _forget(namespace: str) -> None:
    _roots.pop(namespace, None)
    for name in list(sys.modules):
        if name == namespace or name.startswith(f"{namespace}."):
            del sys.modules[name]


def _isolated_import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """AYON's `__import__`: see the module's docstring."""
    importer = str((globals or {}).get("__name__") or "")
    namespace = importer.split(".", 1)[0]
    root = _roots.get(namespace)
    if level == 0 and root is not None:
        first = name.split(".", 1)[0]
        is_local = first == "server" or (root / name).exists()
        if is_local or (root / f"{name}.py").exists():
            target = f"{namespace}.{name}"
            if not fromlist:
                return importlib.import_module(target)
            return _original_import(target, globals, locals, fromlist, level)
    return _original_import(name, globals, locals, fromlist, level)
