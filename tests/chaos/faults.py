"""What goes wrong, each with its end: a fault heals itself before it returns."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg

from devhost.agent import AgentProcess
from tests.chaos.studio import MACHINE, NEARLINE, PROJECT, VAULT, Studio
from tests.support.relay import NoisyRelay

# Longer than an agent waits between two tries, which is half a minute at most.
PATIENCE_SECONDS = 90
SECOND_HOST = "sitesync-second-host"

Fault = Callable[[Studio, random.Random], bool]
"""Answers whether it could be done here."""


def kill_an_agent(studio: Studio, chance: random.Random) -> bool:
    agent = chance.choice(studio.agents)
    agent.kill()
    time.sleep(chance.uniform(0, 3))
    agent.start()
    return True


def stop_an_agent(studio: Studio, chance: random.Random) -> bool:
    agent = chance.choice(studio.agents)
    agent.stop()
    agent.start()
    return True


def freeze_an_agent(studio: Studio, chance: random.Random) -> bool:
    """Longer than a lease lasts: its work goes to another, then it wakes up."""
    agent = chance.choice(studio.agents)
    os.kill(agent.pid, signal.SIGSTOP)
    time.sleep(65)
    os.kill(agent.pid, signal.SIGCONT)
    return True


def restart_the_server(studio: Studio, chance: random.Random) -> bool:
    studio.start_server_again()
    return True


def kill_the_server(studio: Studio, chance: random.Random) -> bool:
    os.kill(studio.devhost.pid, signal.SIGKILL)
    time.sleep(chance.uniform(0.5, 3))
    studio.start_server_again()
    return True


def crash_postgres(studio: Studio, chance: random.Random) -> bool:
    """One of its processes is killed: all connections end, and none is let in until
    it has recovered. The server lives on."""

    async def crash() -> None:
        (row,) = await studio.query(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
        )
        os.kill(row["pid"], signal.SIGKILL)

    asyncio.run(crash())
    _wait_until(lambda: _is_up(studio), "Postgres did not recover")
    return True


def _is_up(studio: Studio) -> bool:
    try:
        asyncio.run(studio.query("SELECT"))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def kill_postgres(studio: Studio, chance: random.Random) -> bool:
    """As a whole, and the server with it: a devhost ends with its Postgres."""
    pid_file = studio.base / "server" / "postgres" / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    time.sleep(1)
    studio.start_server_again()
    return True


def cut_the_server_link(studio: Studio, chance: random.Random) -> bool:
    return _cut(studio.server_link, chance.uniform(1, 8))


def cut_the_sftp_link(studio: Studio, chance: random.Random) -> bool:
    return _cut(studio.vault_link, chance.uniform(0.2, 4))


def cut_the_s3_link(studio: Studio, chance: random.Random) -> bool:
    return _cut(studio.bucket_link, chance.uniform(0.2, 4))


def restart_sshd(studio: Studio, chance: random.Random) -> bool:
    studio.sshd.stop()
    time.sleep(chance.uniform(0, 2))
    studio.sshd.start()
    return True


def restart_s3(studio: Studio, chance: random.Random) -> bool:
    studio.bucket.stop()
    time.sleep(chance.uniform(0, 2))
    studio.bucket.start()
    return True


def spoil_bytes_to_s3(studio: Studio, chance: random.Random) -> bool:
    return _spoil(studio.bucket_link, 5)


def spoil_bytes_to_sftp(studio: Studio, chance: random.Random) -> bool:
    return _spoil(studio.vault_link, 5)


def unmount_nearline(studio: Studio, chance: random.Random) -> bool:
    root = studio.roots[NEARLINE]
    away = root.with_name("away")
    root.rename(away)
    time.sleep(chance.uniform(1, 4))
    if root.exists():  # an agent must not make the folder of a share that is away
        raise AssertionError(f"{root} was made while it was unmounted")
    away.rename(root)
    return True


def fill_the_disk(studio: Studio, chance: random.Random) -> bool:
    with studio.nearline_disk.filled():
        time.sleep(chance.uniform(2, 5))
    return True


def rot_a_file(studio: Studio, chance: random.Random) -> bool:
    """A bit turns on a disk; `verify` has to find it at the end."""
    site = chance.choice((NEARLINE, VAULT))
    with studio.ledger_lock:
        paths = [path for one in studio.ledger.values() for path in one.digests]
    there = [file for path in paths if (file := studio.roots[site] / path).is_file()]
    sizes = [file for file in there if file.stat().st_size]
    if not sizes:
        return False
    _turn_a_bit(chance.choice(sizes), chance)
    return True


def _turn_a_bit(file: Path, chance: random.Random) -> None:
    stat = file.stat()
    with file.open("r+b") as stream:
        stream.seek(chance.randrange(stat.st_size))
        (byte,) = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte ^ 1]))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def jump_the_clock(studio: Studio, chance: random.Random) -> bool:
    """The database's clock is an hour off for some seconds."""
    offset = chance.choice((-3600, 3600))

    async def shift(seconds: int) -> None:
        for schema in ("public", f"project_{PROJECT}"):
            await studio.query(
                f"CREATE OR REPLACE FUNCTION {schema}.sitesync_now_v1() "
                "RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                f"$$ SELECT clock_timestamp() + interval '{seconds} seconds' $$"
            )

    asyncio.run(shift(offset))
    time.sleep(chance.uniform(1, 4))
    asyncio.run(shift(0))
    return True


def use_a_site_twice(studio: Studio, chance: random.Random) -> bool:
    """Another machine has the artist's site id, until one of the two is refused."""
    rename = f'hostname {SECOND_HOST} && exec "$@"'
    double = AgentProcess(
        *(studio.url, studio.devhost.users["artist"], MACHINE),
        cwd=studio.base,
        prefix=(
            *("env", f"XDG_STATE_HOME={studio.base / SECOND_HOST}"),
            *("unshare", "--map-root-user", "--uts", "sh", "-c", rename, "sh"),
        ),
    )
    before = _last_refusal(studio)
    with double:
        _wait_until(
            lambda: _last_refusal(studio) > before,
            "two machines with one site id were both let in",
        )
    return True


def _last_refusal(studio: Studio) -> float:
    """When one was refused last, as seconds; 0 before the first."""
    (row,) = asyncio.run(
        studio.query(
            "SELECT coalesce(max(extract(epoch FROM refused_at)), 0)::float8 AS latest"
            f" FROM public.sitesync_refused_agents WHERE site_name = '{MACHINE}'"
        )
    )
    return float(row["latest"])


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise AssertionError(otherwise)
        time.sleep(0.2)


FAULTS: tuple[Fault, ...] = (
    kill_an_agent,
    kill_an_agent,
    stop_an_agent,
    restart_the_server,
    kill_the_server,
    crash_postgres,
    kill_postgres,
    cut_the_server_link,
    cut_the_sftp_link,
    cut_the_s3_link,
    restart_sshd,
    restart_s3,
    spoil_bytes_to_s3,
    spoil_bytes_to_sftp,
    unmount_nearline,
    fill_the_disk,
    rot_a_file,
    jump_the_clock,
    use_a_site_twice,
    freeze_an_agent,
)


def _cut(link: NoisyRelay, seconds: float) -> bool:
    link.cut()
    time.sleep(seconds)
    link.restore()
    return True


def _spoil(link: NoisyRelay, seconds: float) -> bool:
    link.spoils = True
    time.sleep(seconds)
    link.spoils = False
    return True
