"""Which representations a command is about: from words to the server's selection.

Words may be ids (of representations, versions, products or folders), a project, a
folder's path, a version (`v021`) and words that a path, a product or a representation
holds. All of them must hold. A word that is the whole name of something means that
alone: `compMain` is not `compMainB`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ..errors import InputError
from ..server_api.operator_client import OperatorClient
from .connection import list_projects
from .options import Options
from .status_command import STATUS_NAMES

MOST_IDS = 100_000
"""As many as one selection may name."""
_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = re.compile(r"v(\d+)", re.IGNORECASE)
_ID_FILTERS = ("representationIds", "versionIds", "productIds", "folderIds")

STATUS_WORDS = {name.replace(" ", "-"): code for code, name in STATUS_NAMES.items()}


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "which",
        nargs="*",
        metavar="WHICH",
        help=(
            "ids of representations, versions, products or folders; or words that all"
            " must hold: a project, a folder's path (/shots/sh010), a version (v021),"
            " words of a path, product or representation"
        ),
    )
    parser.add_argument(
        "--status",
        action="append",
        metavar="S",
        help=f"only with this status on the site: {', '.join(STATUS_WORDS)};"
        " may be repeated",
    )
    parser.add_argument(
        "--product-type", action="append", metavar="T", help="only of this type"
    )
    parser.add_argument(
        "--error", metavar="TEXT", help="only with this in an error of a file"
    )
    parser.add_argument(
        "--all", action="store_true", help="every representation of the project"
    )


@dataclass(frozen=True)
class Selection:
    """Representations of one project. `conditions` are a filter of the server's list;
    `ids` are set when they are known one by one."""

    project_name: str
    conditions: dict[str, Any]
    ids: Optional[tuple[str, ...]] = None

    def as_order(self) -> dict[str, Any]:
        """As verbs take it."""
        if self.ids is not None and not (self.conditions.keys() - {"search"}):
            return {"representationIds": list(self.ids)}
        if not self.conditions and self.ids is None:
            return {"all": True}
        return {"filter": self.as_filter()}

    def as_filter(self) -> dict[str, Any]:
        """As lists take it."""
        if self.ids is None:
            return self.conditions
        kept = {key: value for key, value in self.conditions.items() if key != "search"}
        return {**kept, "representationIds": list(self.ids)}


@dataclass
class _Words:
    """What was typed, sorted by its kind."""

    ids: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def has_selection(typed: argparse.Namespace) -> bool:
    """Whether the command line names representations at all."""
    return bool(
        typed.which or typed.status or typed.product_type or typed.error or typed.all
    )


def resolve_selection(
    options: Options, client: OperatorClient, site_names: Sequence[str]
) -> Selection:
    """The representations that were typed. Raises `InputError` that names the word.

    `--status` means the row on `site_names`.
    """
    typed = options.typed
    if not has_selection(typed):
        raise InputError(
            "WHICH: say which representations: ids, words, --status, --product-type,"
            " --error, or --all for every one of the project."
        )
    words = list(typed.which)
    projects = list_projects(options, client)
    if words and not options.projects and words[0] in projects:
        projects = [words.pop(0)]
    if typed.all and words:
        raise InputError(f"--all: takes no WHICH but a project, not '{words[0]}'.")
    sorted_words = _sort_words(words)
    if sorted_words.ids:
        name, conditions = _find_by_ids(client, projects, sorted_words.ids)
    else:
        name, conditions = _choose_project(projects), {}
    conditions.update(_read_conditions(typed, site_names))
    for path in sorted_words.folders:
        conditions.setdefault("folderIds", []).append(_find_folder(client, name, path))
    if sorted_words.versions:
        conditions["versions"] = sorted_words.versions
    if not sorted_words.others:
        if not conditions and not typed.all:
            raise InputError(f"--all: add it to mean every representation of '{name}'.")
        return _make_selection(name, conditions)
    conditions["search"] = " ".join(sorted_words.others)
    return Selection(
        name, conditions, _find_exact(client, name, conditions, sorted_words.others)
    )


def fix_rows(client: OperatorClient, selection: Selection) -> Selection:
    """The same representations, by id where what is selected changes with time."""
    if not selection.conditions.keys() & {"statuses", "errorText"}:
        return selection
    body = {**selection.as_filter(), "siteNames": [], "sortBy": "id"}
    rows = client.iterate_rows(selection.project_name, body)
    ids = tuple(str(row["representationId"]) for row in rows)
    return Selection(selection.project_name, {}, ids)


def _make_selection(name: str, conditions: dict[str, Any]) -> Selection:
    if conditions.keys() == {"representationIds"}:
        return Selection(name, {}, tuple(conditions["representationIds"]))
    return Selection(name, conditions)


def _sort_words(words: Sequence[str]) -> _Words:
    found = _Words()
    for word in words:
        version = _VERSION.fullmatch(word)
        if _ID.fullmatch(word):
            found.ids.append(word.replace("-", "").lower())
        elif "/" in word:
            found.folders.append("/" + word.strip("/"))
        elif version:
            found.versions.append(int(version.group(1)))
        elif word.strip():
            found.others.append(word)
    return found


def _choose_project(projects: Sequence[str]) -> str:
    if len(projects) == 1:
        return projects[0]
    allowed = ", ".join(projects) or "none"
    raise InputError(
        f"--project: name one project, or make it the first word of WHICH"
        f" (there are: {allowed})."
    )


def _read_conditions(
    typed: argparse.Namespace, site_names: Sequence[str]
) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if typed.status:
        for word in typed.status:
            if word not in STATUS_WORDS:
                allowed = ", ".join(STATUS_WORDS)
                raise InputError(
                    f"--status: '{word}' is not allowed; use one of {allowed}."
                )
        codes = [STATUS_WORDS[word] for word in typed.status]
        conditions["statuses"] = dict.fromkeys(site_names, codes)
    if typed.product_type:
        conditions["productTypes"] = list(typed.product_type)
    if typed.error:
        conditions["errorText"] = typed.error
    return conditions


def _find_folder(client: OperatorClient, project_name: str, path: str) -> str:
    found = client.find_folder_id(project_name, path)
    if found is None:
        raise InputError(
            f"WHICH: project '{project_name}' has no folder '{path}' that you may read."
        )
    return found


def _find_by_ids(
    client: OperatorClient, projects: Sequence[str], ids: list[str]
) -> tuple[str, dict[str, Any]]:
    """The project that has these ids, and what they are ids of."""
    for name in projects:
        for key in _ID_FILTERS:
            body = {key: ids, "siteNames": [], "sortBy": "id"}
            if next(iter(client.iterate_rows(name, body)), None) is not None:
                return name, {key: ids}
    raise InputError(
        f"WHICH: '{ids[0]}' is no id of a representation, version, product or folder"
        f" with representations in {', '.join(projects) or 'any project'}."
    )


def _find_exact(
    client: OperatorClient,
    project_name: str,
    conditions: dict[str, Any],
    words: Sequence[str],
) -> tuple[str, ...]:
    """Ids of what the words mean: whole names where there are such."""
    body = {**conditions, "siteNames": [], "sortBy": "id"}
    rows = []
    for row in client.iterate_rows(project_name, body):
        rows.append(row)
        if len(rows) > MOST_IDS:
            raise InputError(
                f"WHICH: more than {MOST_IDS} representations match"
                f" '{' '.join(words)}'; give a folder, or --all."
            )
    for word in words:
        whole = [row for row in rows if _is_whole_name(row, word)]
        rows = whole or rows
    if not rows:
        raise InputError(
            f"WHICH: nothing in project '{project_name}' matches '{' '.join(words)}'."
        )
    return tuple(str(row["representationId"]) for row in rows)


def _is_whole_name(row: dict[str, Any], word: str) -> bool:
    names = [row["product"], row["representation"], *row["folderPath"].split("/")]
    return word.casefold() in (str(name).casefold() for name in names)
