"""Providers of a studio's own: installed packages and folders of the settings.

A provider is a class with the attribute `CODE`. It follows `base.Provider` and is made
with a `SiteConfig`, or it is a subclass of the existing addon's `AbstractProvider`,
which works through an adapter. Code is loaded once in a process.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import logging
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional, cast

from ..errors import WRONG_SETTING, SiteUnhealthyError, describe_origin
from .adapter import AdaptedProvider
from .base import Provider, SiteConfig
from .others import AbstractProvider, factory
from .rclone.binary import expand_variables

log = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "ayon_sitesync.providers"

_lock = threading.Lock()
_modules: dict[Path, ModuleType] = {}


def make_custom_provider(
    code: str, folders: Sequence[str], config: SiteConfig
) -> Provider:
    """A provider of the studio's own kind `code` for one site.

    Looked for among the entry points of the group `ayon_sitesync.providers`, in the
    modules of `folders`, and among what others registered in `providers/lib.py`.
    Raises `SiteUnhealthyError` when there is none or it cannot be made.
    """
    troubles: list[str] = []
    with _lock:
        found = next(_iterate_classes(code, folders, troubles), None)
    if found is None:
        looked = ", ".join(folders) or "none are set"
        told = f"; {'; '.join(troubles)}" if troubles else ""
        raise SiteUnhealthyError(
            config.site_name,
            f"there is no provider with the code '{code}' on this machine: no installed"
            f" package has it under '{ENTRY_POINT_GROUP}', and no module of the"
            f" provider folders ({looked}){told}",
            WRONG_SETTING,
        )
    if inspect.isclass(found) and issubclass(found, AbstractProvider):
        return AdaptedProvider(found, config)
    try:
        return cast("Callable[[SiteConfig], Provider]", found)(config)
    except SiteUnhealthyError:
        raise
    except Exception as error:
        # Code of others: whatever it raises, it is this site that cannot be used.
        log.error("Provider '%s' cannot be made: %s", code, describe_origin(error))
        reason = f"its provider '{code}' cannot be made: {type(error).__name__}"
        raise SiteUnhealthyError(config.site_name, reason) from None


def _iterate_classes(
    code: str, folders: Sequence[str], troubles: list[str]
) -> Iterator[Any]:
    for point in _list_entry_points():
        if point.name == code:
            try:
                yield point.load()
            except Exception as error:
                troubles.append(f"'{point.value}' cannot be loaded: {error!r}")
    for path in _list_modules(folders):
        module = _load(path, troubles)
        for value in vars(module).values() if module is not None else ():
            is_own = inspect.isclass(value) and not inspect.isabstract(value)
            if is_own and getattr(value, "CODE", None) == code:
                yield value
    if code in factory.providers:
        yield factory.get_provider_cls(code)


def _list_entry_points() -> Iterable[EntryPoint]:
    found: Any = entry_points()
    if hasattr(found, "select"):
        return cast("Iterable[EntryPoint]", found.select(group=ENTRY_POINT_GROUP))
    # Python 3.9.
    return cast("Iterable[EntryPoint]", found.get(ENTRY_POINT_GROUP, ()))


def _list_modules(folders: Sequence[str]) -> Iterator[Path]:
    """Modules, and packages by their `__init__.py`, in the order of their names."""
    for folder in folders:
        path = Path(expand_variables(folder).strip())
        if not path.is_absolute():
            log.warning("Provider folder '%s' is no absolute path: ignored", folder)
            continue
        yield from sorted(path.glob("*.py"))
        yield from sorted(path.glob("*/__init__.py"))


def _load(path: Path, troubles: list[str]) -> Optional[ModuleType]:
    known = _modules.get(path)
    if known is not None:
        return known
    name = f"sitesync_provider_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    is_package = path.name == "__init__.py"
    locations = [str(path.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=locations
    )
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # Code of others: the other modules may be fine.
        del sys.modules[name]
        log.exception("Provider module '%s' cannot be loaded", path)
        troubles.append(f"'{path}' cannot be loaded: {error!r}")
        return None
    _modules[path] = module
    return module
