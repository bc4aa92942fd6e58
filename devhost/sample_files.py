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
_FRAME = re.compile(r"^(?P<head>.*?)[._](?P<frame>\d{2,})(?P<tail>\.[^.]+)$")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]+")


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
    names = tuple(_name(part) for part in folders)
    return SamplePublish(
        names,
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
    representations of one product.
    """
    publishes: list[SamplePublish] = []
    for folder, files in _files_by_folder(source):
        relative = folder.relative_to(source)
        target = Path(project, *relative.parts, "publish", "v001")
        folders = tuple(_name(part) for part in relative.parts) or ("files",)
        products: dict[str, dict[str, list[Path]]] = defaultdict(dict)
        for product, extension, group in _group_sequences(files):
            for file in group:
                path = studio_root / target / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, path)
            paths = [target / file.name for file in group]
            products[product][extension] = paths
        publishes += [
            SamplePublish(folders, product, "render", 1, representations)
            for product, representations in products.items()
        ]
    return publishes


def _files_by_folder(source: Path) -> Iterator[tuple[Path, list[Path]]]:
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            folders[path.parent].append(path)
    yield from folders.items()


def _group_sequences(files: list[Path]) -> Iterator[tuple[str, str, list[Path]]]:
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in files:
        match = _FRAME.match(file.name)
        head, tail = (
            (match["head"], match["tail"]) if match else (file.stem, file.suffix)
        )
        groups[head, tail].append(file)
    taken: set[tuple[str, str]] = set()
    for (head, tail), group in groups.items():
        product, extension = _name(head), _name(tail) or "file"
        number = 1
        while (product.lower(), extension.lower()) in taken:
            number += 1
            product = f"{_name(head)}_{number}"
        taken.add((product.lower(), extension.lower()))
        yield product, extension, group


def _name(text: str) -> str:
    """``text`` as AYON allows it in a name."""
    return _NOT_IN_NAMES.sub("_", text).strip("_") or "unnamed"
