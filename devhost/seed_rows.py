"""Synthetic publishes as rows of PostgreSQL's COPY text format, by a seed.

Folders `shots/sqNNN/shNNNN`, five products a shot, three versions and now and then a
hero version a product, two to four representations a version: 70 % one file, 30 %
sequences of 50. Status rows are in the format of the existing addon.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

SHOTS_A_SEQUENCE = 50
FRAMES = 50
STUDIO = "studio"
_PRODUCTS = (
    ("compMain", "render"),
    ("renderBeauty", "render"),
    ("animMain", "pointcache"),
    ("cameraMain", "camera"),
    ("plateBg", "plate"),
)
_NAMES = (("exr", "exr"), ("mov", "mov"), ("abc", "abc"), ("thumbnail", "jpg"))
_VERSIONS = 3
_HERO_SHARE = 0.2
_SEQUENCE_SHARE = 0.3
_INACTIVE_SHARE = 0.05
_NO_ROW_SHARE = 0.2
_START = 1_767_225_600  # 2026-01-01

# Of the rows of a machine site: share up to, status of a file.
_QUEUED, _IN_PROGRESS, _FAILED, _SYNCED = 1, 0, 2, 4
_MACHINE_STATUSES = ((0.60, _SYNCED), (0.85, _QUEUED), (0.95, _IN_PROGRESS), (1.0, 2))

# Tables with `creation_order` get it as the last value of each row.
ORDERED = ("folders", "products", "versions", "representations")
COLUMNS = {
    "folders": ("id", "name", "folder_type", "parent_id", "status", "creation_order"),
    "products": (
        "id",
        "name",
        "folder_id",
        "product_type",
        "status",
        "creation_order",
    ),
    "versions": ("id", "version", "product_id", "author", "status", "creation_order"),
    "representations": (
        "id",
        "name",
        "version_id",
        "files",
        "attrib",
        "data",
        "active",
        "status",
        "creation_order",
    ),
    "sitesync_files_status": ("representation_id", "site_name", "status", "data"),
}


@dataclass
class Batch:
    """Rows of one sequence by table, as lines."""

    lines: dict[str, list[str]] = field(
        default_factory=lambda: {table: [] for table in COLUMNS}
    )
    files: int = 0
    # The last used `creation_order` by table, shared by all batches.
    orders: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, *values: object) -> None:
        if table in ORDERED:
            order = self.orders[table] = self.orders.get(table, 0) + 1
            values = (*values, order)
        self.lines[table].append("\t".join(map(str, values)) + "\n")


class RowMaker:
    """Makes batches until the wanted number of representations is reached.

    :param sites: how many sites there are, studio included.
    """

    def __init__(
        self, project: str, representations: int, seed: int, sites: int
    ) -> None:
        self._project = project
        self._left = representations
        self._random = random.Random(seed)
        self._sites = [make_site_name(i) for i in range(1, sites)]
        self._clock = _START
        self._orders: dict[str, int] = {}

    def __iter__(self) -> Iterator[Batch]:
        root = self._make_id()
        sequence = 0
        while self._left > 0:
            sequence += 1
            batch = Batch(orders=self._orders)
            if sequence == 1:
                batch.add("folders", root, "shots", "Folder", r"\N", "Approved")
            self._add_sequence(batch, root, sequence)
            yield batch

    def _make_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def _add_sequence(self, batch: Batch, root: str, sequence: int) -> None:
        name = f"sq{sequence:03}"
        folder = self._make_id()
        batch.add("folders", folder, name, "Sequence", root, "Approved")
        for number in range(SHOTS_A_SEQUENCE):
            if self._left <= 0:
                return
            shot = f"sh{(number + 1) * 10:04}"
            shot_id = self._make_id()
            batch.add("folders", shot_id, shot, "Shot", folder, "Approved")
            for product, kind in _PRODUCTS:
                self._add_product(batch, f"shots/{name}/{shot}", shot_id, product, kind)

    def _add_product(
        self, batch: Batch, folder: str, folder_id: str, product: str, kind: str
    ) -> None:
        if self._left <= 0:
            return
        product_id = self._make_id()
        batch.add("products", product_id, product, folder_id, kind, "Approved")
        numbers = list(range(1, _VERSIONS + 1))
        if self._random.random() < _HERO_SHARE:
            numbers.append(-_VERSIONS)
        for number in numbers:
            if self._left <= 0:
                return
            version_id = self._make_id()
            batch.add("versions", version_id, number, product_id, "artist", "Approved")
            label = f"v{number:03}" if number > 0 else "hero"
            folder_path = f"{folder}/publish/{kind}/{product}/{label}"
            for name, extension in _NAMES[: self._random.randint(2, len(_NAMES))]:
                if self._left > 0:
                    self._left -= 1
                    path = f"{folder_path}/{product}_{label}"
                    self._add_representation(batch, version_id, path, name, extension)

    def _add_representation(
        self, batch: Batch, version_id: str, path: str, name: str, extension: str
    ) -> None:
        source = self._random
        self._clock += 1
        is_sequence = source.random() < _SEQUENCE_SHARE
        size = source.randrange(1_000_000, 50_000_000)
        base = f"{source.getrandbits(104):026x}"
        frames = [f".{1001 + i}" for i in range(FRAMES)] if is_sequence else [""]
        file_name = path.rsplit("/", 1)[1]
        files = [
            (f"{base}{i:06x}", f"{frame}.{extension}", size + i)
            for i, frame in enumerate(frames)
        ]
        batch.files += len(files)
        listed = ",".join(
            f'{{"id":"{file_id}","name":"{file_name}{end}","path":"{{root[work]}}/'
            f'{self._project}/{path}{end}","size":{file_size},'
            f'"hash":"{file_name}{end}|{self._clock}|{file_size}","hash_type":"op3"}}'
            for file_id, end, file_size in files
        )
        representation_id = self._make_id()
        context = {
            "project": {"name": self._project},
            "hierarchy": path.split("/publish/", maxsplit=1)[0],
            "ext": extension,
            "representation": name,
        }
        batch.add(
            "representations",
            representation_id,
            name,
            version_id,
            f"[{listed}]",
            f'{{"path":"{{root[work]}}/{self._project}/{path}.{extension}"}}',
            json.dumps({"context": context}),
            "f" if source.random() < _INACTIVE_SHARE else "t",
            "Approved",
        )
        self._add_status(batch, representation_id, STUDIO, _SYNCED, files)
        for site in self._sites:
            if source.random() >= _NO_ROW_SHARE:
                share = source.random()
                status = next(s for limit, s in _MACHINE_STATUSES if share <= limit)
                self._add_status(batch, representation_id, site, status, files)

    def _add_status(
        self,
        batch: Batch,
        representation_id: str,
        site: str,
        status: int,
        files: list[tuple[str, str, int]],
    ) -> None:
        """One row; of a row in progress the first half of the files is synced."""
        done = len(files) // 2 if status == _IN_PROGRESS else 0
        rest = _describe_status(status)
        entries = ",".join(
            f'"{file_id}":{{"hash":"{self._clock}|{size}","status":{_SYNCED},'
            f'"size":{size},"timestamp":{self._clock}}}'
            if status == _SYNCED or i < done
            else f'"{file_id}":{{"hash":"{self._clock}|{size}",{rest},'
            f'"timestamp":{self._clock}}}'
            for i, (file_id, _end, size) in enumerate(files)
        )
        data = f'{{"files":{{{entries}}}}}'
        batch.add("sitesync_files_status", representation_id, site, status, data)


def make_site_name(number: int) -> str:
    """The site id of the n-th machine, from 1."""
    return f"artist-{number:02}"


def _describe_status(status: int) -> str:
    if status == _FAILED:
        return '"status":2,"size":0,"message":"Connection timed out","retries":3'
    return f'"status":{status},"size":0'
