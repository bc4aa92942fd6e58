"""The only module that imports AYON's server: everything we use of it, by name."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from ayon_server.access.utils import folder_access_list
from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import (
    ClientSiteID,
    CurrentUser,
    ProjectName,
    RepresentationID,
)
from ayon_server.background.background_worker import BackgroundWorker
from ayon_server.config import ayonconfig
from ayon_server.entities import UserEntity
from ayon_server.events import EventModel, EventStream
from ayon_server.exceptions import AyonException, ForbiddenException
from ayon_server.helpers.project_list import get_project_list
from ayon_server.lib.postgres import Postgres
from ayon_server.logging import logger as _ayon_logger
from ayon_server.secrets import Secrets
from ayon_server.settings import (
    BaseSettingsModel,
    SettingsField,
    ensure_unique_names,
    normalize_name,
)
from ayon_server.types import Field, OPModel

__all__ = [
    "AyonException",
    "BackgroundWorker",
    "BaseServerAddon",
    "BaseSettingsModel",
    "ClientSiteID",
    "CurrentUser",
    "EventModel",
    "EventStream",
    "Field",
    "ForbiddenException",
    "OPModel",
    "OperationHooks",
    "Postgres",
    "ProjectName",
    "RepresentationID",
    "Secrets",
    "SettingsField",
    "UserEntity",
    "ayonconfig",
    "ensure_unique_names",
    "folder_access_list",
    "get_project_list",
    "logging",
    "normalize_name",
]

try:
    # Addons are asked before entities change since AYON 1.12.6.
    OperationHooks: Any = importlib.import_module(
        "ayon_server.operations.project_level.hooks"
    ).OperationHooks
except ImportError:
    OperationHooks = None

try:
    # What addons log with today. The package of this name on PyPI, which development
    # installs have, imports modules that Python has deprecated.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        logging: Any = importlib.import_module("nxtools").logging
except ImportError:
    logging = _ayon_logger
