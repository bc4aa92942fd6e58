"""What every provider must do, whatever storage is behind it.

A provider's own tests are a fixture: subclass `ProviderSuite` and give `storage`, an
object that makes providers and looks at the storage behind their back. See
`docs/providers.md`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, cast

import pytest
from ayon_sitesync.errors import (
    MissingSourceError,
    PathError,
    PermanentError,
    SiteUnhealthyError,
)
from ayon_sitesync.paths import current_platform
from ayon_sitesync.providers.base import (
    UNKNOWN_TIME,
    BatchProvider,
    FolderProvider,
    NewFile,
    Part,
    Provider,
    Reader,
    SiteConfig,
    SpaceProvider,
)
from ayon_sitesync.providers.registry import make_provider
from ayon_sitesync.transfer.copy import Route, copy_file
from ayon_sitesync.work import TransferFile

ROOTED = "{root[work]}/"
OLD_TIME_NS = 1_600_000_000_000_000_000
CHUNK_BYTES = 64 * 1024


class Storage(Protocol):
    """A site of the kind under test, and what is really in its root `work`."""

    def make_provider(self) -> Provider:
        """A provider of the site; another one each time, as another process has.

        Its root `cache` is the folder `cache` in the root `work`.
        """

    def put(self, name: str, content: bytes) -> None:
        """Have a file there, folders included."""

    def get(self, name: str) -> bytes | None:
        """The content of a file, None when it is not there."""

    def list_names(self) -> list[str]:
        """Every file there, temporary ones included."""

    def take_away(self) -> None:
        """Make the site unusable, as an unmounted share is."""


def read_all(reader: Reader) -> bytes:
    content = b""
    buffer = memoryview(bytearray(CHUNK_BYTES))
    while True:
        count = reader.readinto(buffer)
        if not count:
            return content
        content += bytes(buffer[:count])


def write_all(part: Part, content: bytes) -> None:
    for start in range(0, len(content), CHUNK_BYTES):
        part.write(memoryview(content)[start : start + CHUNK_BYTES])


class ProviderSuite:
    """Subclass it and give the fixture `storage`."""

    @pytest.fixture
    def storage(self) -> Storage:
        raise NotImplementedError("A provider's tests give this fixture")

    @pytest.fixture
    def provider(self, storage: Storage) -> Provider:
        return storage.make_provider()

    # --- paths -----------------------------------------------------------------------

    @pytest.mark.parametrize(
        "rootless",
        [
            ROOTED + "../outside",
            ROOTED + "a/../../outside",
            "/etc/passwd",
            "relative/file",
            "{root[unknown]}/a",
            ROOTED,
        ],
    )
    def test_paths_that_leave_the_root_are_refused(
        self, provider: Provider, rootless: str
    ) -> None:
        with pytest.raises(PathError):
            provider.locate(rootless)

    def test_d40_every_root_has_its_folder(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("cache/there.exr", b"there")
        provider.check_health(["cache", "work"], writable=True)
        found = provider.stat(provider.locate("{root[cache]}/there.exr"))
        assert found is not None
        path = provider.locate("{root[cache]}/sh/a.exr")
        with provider.create_part(path) as part:
            write_all(part, b"frame")
            part.publish(OLD_TIME_NS)
        assert storage.get("cache/sh/a.exr") == b"frame"
        assert storage.list_names() == ["cache/sh/a.exr", "cache/there.exr"]

    @pytest.mark.parametrize(
        "name", ["{version}/a {}.exr", "Übung/日本語.exr", "a#b?c%20d&e/f+g.exr"]
    )
    def test_names_are_data(
        self, storage: Storage, provider: Provider, name: str
    ) -> None:
        with provider.create_part(provider.locate(ROOTED + name)) as part:
            write_all(part, b"frame")
            part.publish(OLD_TIME_NS)
        assert storage.list_names() == [name]
        assert storage.get(name) == b"frame"

    # --- reading ---------------------------------------------------------------------

    def test_stat_tells_the_size_and_nothing_of_what_is_not_there(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("sh/a.exr", b"content")
        found = provider.stat(provider.locate(ROOTED + "sh/a.exr"))
        assert found is not None
        assert found.size == 7
        assert provider.stat(provider.locate(ROOTED + "sh/b.exr")) is None
        assert provider.stat(provider.locate(ROOTED + "none/b.exr")) is None

    def test_folder_is_no_file(self, storage: Storage, provider: Provider) -> None:
        storage.put("sh/a.exr", b"content")
        with pytest.raises(PermanentError):
            provider.stat(provider.locate(ROOTED + "sh"))

    @pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 1])
    def test_reader_gives_the_whole_content(
        self, storage: Storage, provider: Provider, size: int
    ) -> None:
        content = os.urandom(size)
        storage.put("a.exr", content)
        with provider.open_reader(provider.locate(ROOTED + "a.exr")) as reader:
            assert reader.stat().size == size
            assert read_all(reader) == content

    def test_reader_of_nothing_says_that_the_source_is_missing(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("other.exr", b"content")
        with pytest.raises(MissingSourceError):
            provider.open_reader(provider.locate(ROOTED + "a.exr"))

    # --- writing ---------------------------------------------------------------------

    def test_part_is_invisible_until_it_is_published(
        self, storage: Storage, provider: Provider
    ) -> None:
        path = provider.locate(ROOTED + "new/folder/a.exr")
        with provider.create_part(path) as part:
            write_all(part, b"content")
            assert storage.get("new/folder/a.exr") is None
            part.publish(OLD_TIME_NS)
        assert storage.get("new/folder/a.exr") == b"content"
        assert storage.list_names() == ["new/folder/a.exr"]
        if provider.capabilities.keeps_mtime:
            found = provider.stat(path)
            assert found is not None
            assert found.mtime_ns == OLD_TIME_NS

    def test_d3_empty_file_is_a_file(
        self, storage: Storage, provider: Provider
    ) -> None:
        path = provider.locate(ROOTED + "sh/empty.exr")
        with provider.create_part(path) as part:
            part.publish(OLD_TIME_NS)
        assert storage.get("sh/empty.exr") == b""
        found = provider.stat(path)
        assert found is not None
        assert found.size == 0

    def test_file_of_unknown_time_has_that_of_its_writing(
        self, provider: Provider
    ) -> None:
        path = provider.locate(ROOTED + "a.exr")
        with provider.create_part(path) as part:
            write_all(part, b"content")
            part.publish(UNKNOWN_TIME)
        paths = [path]
        if provider.capabilities.batches:
            paths.append(provider.locate(ROOTED + "b.exr"))
            file = NewFile(paths[1], b"content", UNKNOWN_TIME)
            assert cast(BatchProvider, provider).write_many([file]) == [None]
        for written in paths:
            found = provider.stat(written)
            assert found is not None
            if provider.capabilities.keeps_mtime:
                assert found.mtime_ns > OLD_TIME_NS

    def test_part_without_publish_leaves_the_older_file(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("a.exr", b"older")
        with provider.create_part(provider.locate(ROOTED + "a.exr")) as part:
            write_all(part, b"half of the new")
        assert storage.get("a.exr") == b"older"
        assert storage.list_names() == ["a.exr"]

    def test_publish_replaces_the_older_file(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("a.exr", b"a longer, older content")
        with provider.create_part(provider.locate(ROOTED + "a.exr")) as part:
            write_all(part, b"newer")
            part.publish(OLD_TIME_NS)
        assert storage.get("a.exr") == b"newer"

    def test_two_writers_of_one_file_do_not_disturb_each_other(
        self, storage: Storage, provider: Provider
    ) -> None:
        path = provider.locate(ROOTED + "a.exr")
        with provider.create_part(path) as one:
            write_all(one, b"one")
            with storage.make_provider().create_part(path) as two:
                write_all(two, b"two, longer")
                two.publish(OLD_TIME_NS)
            assert storage.get("a.exr") == b"two, longer"
            one.publish(OLD_TIME_NS)
        assert storage.get("a.exr") == b"one"
        assert storage.list_names() == ["a.exr"]

    def test_read_back_gives_what_was_written(self, provider: Provider) -> None:
        if not provider.capabilities.reads_back:
            return
        content = os.urandom(2 * CHUNK_BYTES + 5)
        with provider.create_part(provider.locate(ROOTED + "a.exr")) as part:
            write_all(part, content)
            with part.read_back() as reader:
                assert read_all(reader) == content
            part.publish(OLD_TIME_NS)

    def test_delete_may_be_repeated(self, storage: Storage, provider: Provider) -> None:
        storage.put("a.exr", b"content")
        storage.put("b.exr", b"content")
        path = provider.locate(ROOTED + "a.exr")
        provider.delete(path)
        provider.delete(path)
        assert storage.list_names() == ["b.exr"]

    def test_folders_that_are_left_empty_can_be_removed(
        self, storage: Storage, provider: Provider
    ) -> None:
        if not provider.capabilities.has_folders:
            return
        storage.put("demo/sh1/v1/a.exr", b"content")
        storage.put("demo/sh2/b.exr", b"content")
        first, second = (
            provider.locate(ROOTED + name)
            for name in ("demo/sh1/v1/a.exr", "demo/sh2/b.exr")
        )
        provider.delete(first)
        for _ in range(2):
            cast(FolderProvider, provider).prune_folders([first, second])
        assert provider.stat(provider.locate(ROOTED + "demo/sh1")) is None
        assert storage.list_names() == ["demo/sh2/b.exr"]
        provider.delete(second)
        cast(FolderProvider, provider).prune_folders([second])
        # A root with nothing in it looks like storage that is not mounted.
        with pytest.raises(PermanentError):
            provider.stat(provider.locate(ROOTED + "demo"))
        with provider.create_part(first) as part:
            write_all(part, b"again")
            part.publish(OLD_TIME_NS)
        assert storage.get("demo/sh1/v1/a.exr") == b"again"

    # --- health ----------------------------------------------------------------------

    def test_usable_site_is_healthy(self, storage: Storage, provider: Provider) -> None:
        storage.put("a.exr", b"content")
        provider.check_health(["work"], writable=False)
        provider.check_health(["work"], writable=True)
        assert storage.list_names() == ["a.exr"]

    @pytest.mark.parametrize("writable", [False, True])
    def test_site_that_is_gone_is_unhealthy(
        self, storage: Storage, provider: Provider, writable: bool
    ) -> None:
        storage.take_away()
        with pytest.raises(SiteUnhealthyError):
            provider.check_health(["work"], writable=writable)

    def test_root_that_is_not_set_is_no_fault_of_the_site(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("a.exr", b"content")
        provider.check_health(["unknown", "work"], writable=False)

    def test_free_space_is_a_number_or_unknown(
        self, storage: Storage, provider: Provider
    ) -> None:
        storage.put("a.exr", b"content")
        if not provider.capabilities.tells_space:
            return
        free = cast(SpaceProvider, provider).find_free_bytes(["work", "unknown"])
        assert free is None or free > 0

    # --- with the engine -------------------------------------------------------------

    def test_file_goes_there_and_is_recognised_again(
        self, storage: Storage, provider: Provider
    ) -> None:
        content = os.urandom(CHUNK_BYTES + 3)
        storage.put("in/a.exr", content)
        file = TransferFile("f1", ROOTED + "in/a.exr", len(content))
        route = Route(provider, storage.make_provider(), lambda moved: None)
        result = copy_file(file, route)
        assert not result.moved
        assert storage.list_names() == ["in/a.exr"]

    def test_file_comes_from_there(
        self, storage: Storage, provider: Provider, tmp_path: Path
    ) -> None:
        content = os.urandom(3 * CHUNK_BYTES)
        storage.put("in/a.exr", content)
        config = SiteConfig("disk", {"work": str(tmp_path)}, current_platform(), "beef")
        disk = make_provider("local_drive", config)
        file = TransferFile("f1", ROOTED + "in/a.exr", len(content))
        assert copy_file(file, Route(provider, disk, lambda moved: None)).moved
        assert (tmp_path / "in/a.exr").read_bytes() == content
