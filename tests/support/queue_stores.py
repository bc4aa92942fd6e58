"""What the studio of the queue's state machine has: sites, stores, published files.

The files are contents by path, so that what the server holds for true can be compared
with what is on the stores.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

STUDIO, NEARLINE, MIRROR = "studio", "nearline", "mirror"
FOX, OWL = "brisk-amber-fox", "calm-blue-owl"
SITES = (STUDIO, NEARLINE, MIRROR, FOX, OWL)
# `mirror` is another name of what `studio` has.
STORES = {
    STUDIO: "studio",
    MIRROR: "studio",
    NEARLINE: "nearline",
    FOX: "fox",
    OWL: "owl",
}
# From where agents bring files to a site: one end is always an agent's own site.
SOURCES = {
    STUDIO: {FOX, OWL, NEARLINE, MIRROR},
    MIRROR: {STUDIO},
    NEARLINE: {STUDIO},
    FOX: {STUDIO},
    OWL: {STUDIO},
}


@dataclass(frozen=True)
class Content:
    """What a file holds."""

    digest: str
    size: int

    @classmethod
    def make(cls, text: str, size: int) -> "Content":
        return cls(hashlib.md5(text.encode()).hexdigest(), size)

    @property
    def checksum(self) -> str:
        return f"xxh3:{self.digest}"


@dataclass
class Publish:
    """A representation: its files as AYON has them, and their true contents by path.

    `is_told`: the publish has said where its present files are.
    """

    id: str
    home: str
    files: list[dict[str, Any]]
    contents: dict[str, Content]
    revision: int = 1
    is_deleted: bool = False
    is_told: bool = False


class Stores:
    """The files of all sites, and what agents do to them."""

    def __init__(self) -> None:
        self._contents: dict[str, dict[str, Content]] = {
            store: {} for store in STORES.values()
        }

    def of(self, site: str) -> dict[str, Content]:
        return self._contents[STORES[site]]

    def write(self, publish: Publish, paths: set[str]) -> None:
        """Put the files of a publish, as AYON has them now, on its home."""
        publish.contents = {
            file["path"]: Content.make(file["hash"], file["size"])
            for file in publish.files
        }
        for path in paths:
            self.of(publish.home)[path] = publish.contents[path]

    def has_content(self, site: str, publish: Publish) -> bool:
        store = self.of(site)
        return all(
            store.get(path) == content for path, content in publish.contents.items()
        )

    def has_none(self, site: str, publish: Publish) -> bool:
        return self.of(site).keys().isdisjoint(publish.contents)

    def move(
        self,
        transfer: dict[str, Any],
        file: dict[str, Any],
        *,
        is_careless: bool = False,
    ) -> dict[str, Any]:
        """Copy one file as our agent does; answers what it reports of it.

        A careless agent takes whatever it finds, of any size.
        """
        source = self.of(transfer["sourceSite"])
        target = self.of(transfer["siteName"])
        found = source.get(file["path"])
        there = target.get(file["path"])
        if there is not None and there.checksum == file["checksum"]:
            return _done(file, there, source_read=False)
        if found is None:
            return failed(file, "missing_source")
        if found.size != file["size"] and not is_careless:
            return failed(file, "corrupt")
        target[file["path"]] = found
        return _done(file, found, source_read=True)


def make_file(number: int, index: int, revision: int) -> dict[str, Any]:
    """A file of publish `number` as AYON has it."""
    # Every second revision keeps its size, as a render done again often does.
    size = 100 + index * 10 + revision // 2
    name = f"r{number}.{index:04}.exr"
    return {
        "id": uuid.uuid4().hex,
        "name": name,
        "path": f"{{root[work]}}/demo/{name}",
        "size": size,
        "hash": f"{name}|{1_700_000_000 + revision}|{size}",
        "hash_type": "op3",
    }


def failed(file: dict[str, Any], error_class: str) -> dict[str, Any]:
    """What an agent reports of a file that it could not bring."""
    return {
        "id": file["id"],
        "status": 2,
        "errorClass": error_class,
        "message": f"{error_class} as the test wants it",
    }


def _done(
    file: dict[str, Any], content: Content, *, source_read: bool
) -> dict[str, Any]:
    return {
        "id": file["id"],
        "status": 4,
        "bytesDone": content.size,
        "checksum": content.checksum,
        "proof": "content",
        "sourceRead": source_read,
    }
