"""Notes of publishes on disk: whole or not at all, each told by one process."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from ayon_sitesync.spool import HELD_SECONDS, KEPT_SECONDS, Publish, Spool
from ayon_sitesync.statuses import SiteSyncStatus

SITES = [{"name": "fox", "status": SiteSyncStatus.OK}]


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def spool(tmp_path: Path, now: list[float]) -> Spool:
    return Spool(tmp_path, "artist", "http://ayon", lambda: now[0])


def test_old_and_broken_notes_are_dropped(spool: Spool, now: list[float]) -> None:
    kept = spool.keep(Publish("demo", ("a",)), SITES)
    broken = kept.with_name("0.json")
    for content in (
        b"",
        b"\0" * 100,
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"writtenAt": 1, "publish": {}, "sites": null}',
        kept.read_bytes().replace(b"1000.0", b"NaN"),
        kept.read_bytes().replace(b"1000.0", b"1" + b"0" * 400),
    ):
        broken.write_bytes(content)
        assert [one.publish.new_ids for one in spool.read()] == [("a",)]
        assert not broken.exists()
    now[0] += KEPT_SECONDS + 1
    assert list(spool.read()) == []
    assert not kept.exists()


def test_note_that_cannot_be_read_now_is_kept(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **named: object) -> str:
        raise PermissionError(errno.EACCES, "In use")

    kept = spool.keep(Publish("demo", ("a",)), SITES)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", fail)
        assert list(spool.read()) == []
    assert [one.path for one in spool.read()] == [kept]


def test_note_is_told_by_one_process(spool: Spool) -> None:
    path = spool.keep(Publish("demo", ("a",)), SITES)
    held = spool.take(path)
    assert held is not None
    assert spool.take(path) is None
    assert [spool.take(one.path) for one in spool.read()] == [None]
    spool.put_back(held)
    assert [one.path for one in spool.read()] == [path]


def test_note_of_a_process_that_died_is_told_by_another(spool: Spool) -> None:
    path = spool.keep(Publish("demo", ("a",)), None)
    held = spool.take(path)
    assert held is not None
    half = path.with_suffix(".part")
    half.write_text("{", encoding="utf-8")
    long_ago = held.stat().st_mtime - HELD_SECONDS - 1
    for left in (held, half):
        os.utime(left, (long_ago, long_ago))
    assert [one.sites for one in spool.read()] == [None]
    assert not half.exists()


def test_each_note_is_taken_by_one_of_many(tmp_path: Path) -> None:
    def take_all() -> None:
        spool = Spool(tmp_path, "artist", "http://ayon")
        taken.extend(held for one in spool.read() if (held := spool.take(one.path)))

    taken: list[Path] = []
    for number in range(30):
        Spool(tmp_path, "artist", "http://ayon").keep(
            Publish("demo", (str(number),)), SITES
        )
    threads = [threading.Thread(target=take_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 30
