"""A real `devhost up` process for tests that speak to it over the network."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devhost.process import DevhostProcess


@contextmanager
def run_devhost(addon_dirs: Sequence[Path] = ()) -> Iterator[DevhostProcess]:
    """A devhost in a folder of its own, which is removed afterwards."""
    data_dir = Path(tempfile.mkdtemp(prefix="sitesync-devhost-"))
    arguments = [f"--addon-dir={path}" for path in addon_dirs]
    try:
        with DevhostProcess(data_dir, *arguments) as process:
            yield process
    finally:
        shutil.rmtree(data_dir)
