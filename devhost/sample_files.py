"""Files for the demo: a generated project, or a folder of the user's own."""

from __future__ import annotations

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1_000_000
_PART_SUFFIX = ".sitesync-part"
_FRAME = re.compile(r"^(?P<head>.*?)[._](?P<frame>\d{2,})(?P<tail>\.[^.]+)$")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]+")


class SourceError(ValueError):
    """The user's files cannot be published; the text names the file and why."""


@dataclass(frozen=True)
class SamplePublish:
    """One version to publish.

    ``representations`` maps a representation name to the paths of its files,
    relative to the root they were written to. ``at_artist`` tells whose root.
    """

    folders: tuple[str, ...]
    product: str
    product_type: str
    version: int
    representations: dict[str, list[Path]]
    at_artist: bool = False


@dataclass(frozen=True)
class _Recipe:
    product: str
    product_type: str
    extension: str
    count: int
    size_bytes: int
    version: int = 1
    at_artist: bool = False


_SHOT = (
    _Recipe("compMain", "render", "exr", 24, 400_000),
    _Recipe("animationMain", "pointcache", "abc", 1, 6 * MEGABYTE),
    _Recipe("workfileComp", "workfile", "nk", 1, 60_000, version=3),
)
_FROM_ARTIST = _Recipe("compMain", "render", "exr", 24, 400_000, 2, at_artist=True)
_MOVIE = _Recipe("reviewMain", "review", "mov", 1, 320 * MEGABYTE)
_TEXTURES = _Recipe("textureFox", "texture", "tx", 12, MEGABYTE)
_MODEL = _Recipe("modelMain", "model", "abc", 1, 250_000)


def generate_project(
    project: str, studio_root: Path, artist_root: Path, seed: int = 1
) -> list[SamplePublish]:
    """Write a few hundred files: sequences, caches, workfiles and a movie."""
    source = random.Random(seed)
    recipes: list[tuple[tuple[str, ...], _Recipe]] = [
        (("shots", f"sq{sequence:03}", f"sh{shot:04}"), recipe)
        for sequence in (10, 20)
        for shot in range(10, 60, 10)
        for recipe in _SHOT
    ]
    recipes += [
        (("shots", "sq010", "sh0010"), _FROM_ARTIST),
        (("shots", "sq020", "sh0030"), _FROM_ARTIST),
        (("edit",), _MOVIE),
        (("assets", "heroFox"), _TEXTURES),
        # AYON's names are plain ASCII; names on a studio's disk are not.
        (("assets", "Füchsin {狐}"), _MODEL),
    ]
    return [
        _write_publish(project, folders, recipe, source, studio_root, artist_root)
        for folders, recipe in recipes
    ]


def _write_publish(
    project: str,
    folders: tuple[str, ...],
    recipe: _Recipe,
    source: random.Random,
    studio_root: Path,
    artist_root: Path,
) -> SamplePublish:
    root = artist_root if recipe.at_artist else studio_root
    stem = f"{project}_{folders[-1]}_{recipe.product}_v{recipe.version:03}"
    folder = Path(project, *folders, "publish", recipe.product_type, recipe.product)
    folder /= f"v{recipe.version:03}"
    paths = []
    for index in range(recipe.count):
        frame = f".{1001 + index}" if recipe.count > 1 else ""
        path = folder / f"{stem}{frame}.{recipe.extension}"
        _write_random(root / path, recipe.size_bytes, source)
        paths.append(path)
    return SamplePublish(
        _UniqueNames().find_folders(folders),
        recipe.product,
        recipe.product_type,
        recipe.version,
        {recipe.extension: paths},
        recipe.at_artist,
    )


def _write_random(path: Path, size_bytes: int, source: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        left = size_bytes
        while left:
            block = source.randbytes(min(left, 4 * MEGABYTE))
            file.write(block)
            left -= len(block)


def collect_project(
    project: str, source: Path, studio_root: Path
) -> list[SamplePublish]:
    """Copy the files of ``source`` below the studio root, as versions.

    A folder becomes an AYON folder; files that differ only in a frame number
    become one representation; files that differ only in their extension become
    representations of one product. Links and left-over parts are not published.

    :raises SourceError: a name is one that AYON cannot store.
    """
    names = _UniqueNames()
    publishes: list[SamplePublish] = []
    for folder, files in _files_by_folder(source):
        relative = folder.relative_to(source)
        target = Path(project, *relative.parts, "publish", "v001")
        folders = names.find_folders(relative.parts) or ("files",)
        products: dict[str, dict[str, list[Path]]] = defaultdict(dict)
        for (head, tail), group in _group_sequences(files).items():
            product = names.find((*folders, "/product"), head)
            extension = names.find((*folders, "/product", product), tail)
            products[product][extension] = [target / file.name for file in group]
            for file in group:
                path = studio_root / target / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, path)
        publishes += [
            SamplePublish(folders, product, "render", 1, representations)
            for product, representations in products.items()
        ]
    return publishes


def _files_by_folder(source: Path) -> Iterator[tuple[Path, list[Path]]]:
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.endswith(_PART_SUFFIX):
            continue
        try:
            str(path).encode()
        except UnicodeEncodeError:
            msg = f"{path!r} cannot be published: its name is not UTF-8"
            raise SourceError(msg) from None
        folders[path.parent].append(path)
    yield from folders.items()


def _group_sequences(files: list[Path]) -> dict[tuple[str, str], list[Path]]:
    """Files by the parts of their names before and after the frame number."""
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in files:
        match = _FRAME.match(file.name)
        key = (match["head"], match["tail"]) if match else (file.stem, file.suffix)
        groups[key].append(file)
    return groups


class _UniqueNames:
    """Names as AYON allows them: plain ASCII, and one of a kind whatever the case."""

    def __init__(self) -> None:
        self._given: dict[tuple[tuple[str, ...], str], str] = {}
        self._taken: set[tuple[tuple[str, ...], str]] = set()

    def find_folders(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        for part in parts:
            found = (*found, self.find(found, part))
        return found

    def find(self, scope: tuple[str, ...], text: str) -> str:
        """The name of ``text`` in ``scope``, the same one whenever it is asked."""
        if (scope, text) not in self._given:
            plain = _NOT_IN_NAMES.sub("_", text).strip("_") or "unnamed"
            name, number = plain, 1
            while (scope, name.lower()) in self._taken:
                number += 1
                name = f"{plain}_{number}"
            self._taken.add((scope, name.lower()))
            self._given[scope, text] = name
        return self._given[scope, text]
