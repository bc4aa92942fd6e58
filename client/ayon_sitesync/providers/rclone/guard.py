"""A child that ends when this process does, however that ends.

On Windows a job object closes with its last handle. Elsewhere a shell waits on a pipe
whose other end only this process holds; when it breaks, the shell ends the child.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from contextlib import suppress
from typing import Any

_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMITS = 9
_LIMITS_BYTES = 144
_FLAGS_OFFSET = 16
_ENDED_SECONDS = 5


class Guard:
    """Watches over one child until `close`, which leaves the child alone."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._shell: Any = None
        self._job: Any = None
        if os.name == "nt":
            self._job = _make_job(child)
        else:
            script = f"read -r _; kill -9 {child.pid}"
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", script],
                env={},  # it starts nothing, and needs no key of ours
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def close(self) -> None:
        """Stop watching; the child has ended."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._shell.wait(_ENDED_SECONDS)
        if self._job is not None:
            _kernel32().CloseHandle(self._job)


def _kernel32() -> Any:
    return getattr(ctypes, "windll").kernel32  # noqa: B009 - exists on Windows only


def _make_job(child: subprocess.Popen[bytes]) -> Any:
    """A job object with `child` in it that ends its processes when it is closed."""
    kernel = _kernel32()
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
    limits = ctypes.create_string_buffer(_LIMITS_BYTES)
    flags = ctypes.c_uint32.from_buffer(limits, _FLAGS_OFFSET)
    flags.value = _KILL_ON_JOB_CLOSE
    kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, limits, _LIMITS_BYTES)
    handle = ctypes.c_void_p(getattr(child, "_handle"))  # noqa: B009 - Windows only
    kernel.AssignProcessToJobObject(job, handle)
    return job
