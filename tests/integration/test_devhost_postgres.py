"""Finding and starting Postgres."""

from pathlib import Path

import asyncpg
import psutil
import pytest

from devhost.postgres import (
    PostgresError,
    PostgresServer,
    database_exists,
    find_binaries,
    find_running,
)


def test_embedded_binaries_are_found() -> None:
    assert (find_binaries() / "initdb").is_file()


def test_unknown_version_is_refused() -> None:
    with pytest.raises(PostgresError, match="choose 15"):
        find_binaries("9.6")


def test_broken_data_folder_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "PG_VERSION").write_text("8\n")
    server = PostgresServer(data_dir)
    with pytest.raises(PostgresError, match="does not start"):
        server.start()
    with pytest.raises(PostgresError, match="start"):
        server.dsn()


@pytest.fixture
def private_dir(tmp_path: Path) -> Path:
    """A folder that nobody but its owner may enter, as `/root` is."""
    tmp_path.chmod(0o700)
    return tmp_path


async def test_data_stay_in_a_folder_that_only_its_owner_may_enter(
    private_dir: Path,
) -> None:
    data_dir = private_dir / "data"
    for has_it in (False, True):
        with PostgresServer(data_dir, settings=("fsync=off",)) as server:
            assert find_running(data_dir) is not None
            assert await database_exists(server.dsn(), "kept") is has_it
            connection = await asyncpg.connect(server.dsn())
            if not has_it:
                await connection.execute("CREATE DATABASE kept")
            await connection.close()
        assert find_running(data_dir) is None


@pytest.mark.parametrize("place", ["temporary", "private"])
def test_postgres_ends_with_its_guard(private_dir: Path, place: str) -> None:
    data_dir = private_dir / "data" if place == "private" else None
    others = set(psutil.Process().children())
    with PostgresServer(data_dir, settings=("fsync=off",)):
        (guard,) = set(psutil.Process().children()) - others
        processes = guard.children(recursive=True)
        guard.kill()
        _ended, alive = psutil.wait_procs(processes, timeout=30)
    assert len(processes) > 1
    assert alive == []
