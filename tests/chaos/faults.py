"""What goes wrong, each with its end: a fault heals itself before it returns."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from devhost.agent import AgentProcess
from tests.chaos.relay import FaultyRelay
from tests.chaos.studio import NEARLINE, PROJECT, STUDIO, VAULT, Studio

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


def kill_postgres(studio: Studio, chance: random.Random) -> bool:
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
    if not studio.nearline_disk.is_limited:
        return False
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
    """Another process with the artist's site id, for a while."""
    double = AgentProcess(
        *(studio.url, studio.devhost.users["service"], STUDIO), cwd=studio.base
    )
    with double:
        time.sleep(chance.uniform(2, 5))
    return True


FAULTS: tuple[Fault, ...] = (
    kill_an_agent,
    kill_an_agent,
    stop_an_agent,
    restart_the_server,
    kill_the_server,
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


def _cut(link: FaultyRelay, seconds: float) -> bool:
    link.cut()
    time.sleep(seconds)
    link.restore()
    return True


def _spoil(link: FaultyRelay, seconds: float) -> bool:
    link.spoils = True
    time.sleep(seconds)
    link.spoils = False
    return True
