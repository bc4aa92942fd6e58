"""Runs Postgres and stops it when standard input ends. Standard library only.

Standard input is a pipe from the process that wants Postgres: the pipe closes when
that process ends in whatever way, so Postgres never outlives it. Arguments: a JSON
object {"command": [...], "uid": int | null, "gid": int | null, "remove": [dirs]}.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1
_FAST_STOP_SECONDS = 20


def _die_with_guard() -> None:
    """Linux only: should even this guard be killed, Postgres is told to stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_for_end(process: "subprocess.Popen[bytes]") -> None:
    """Returns when standard input ends or Postgres has ended by itself."""
    ended = threading.Event()

    def watch_input() -> None:
        while os.read(0, 1024):
            pass
        ended.set()

    def watch_process() -> None:
        process.wait()
        ended.set()

    for target in (watch_input, watch_process):
        threading.Thread(target=target, daemon=True).start()
    ended.wait()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)  # "fast": ends sessions, writes a checkpoint
    try:
        process.wait(_FAST_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def main() -> int:
    # The terminal's Ctrl-C is for the owner; the pipe tells when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    spec: dict[str, Any] = json.loads(sys.argv[1])
    process = subprocess.Popen(
        spec["command"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=spec["uid"],
        group=spec["gid"],
        extra_groups=None if spec["uid"] is None else [],
        cwd="/",
        preexec_fn=_die_with_guard,  # noqa: PLW1509 - no thread runs yet
        restore_signals=True,
        start_new_session=True,
    )
    _wait_for_end(process)
    _stop(process)
    for path in spec["remove"]:
        shutil.rmtree(path, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
