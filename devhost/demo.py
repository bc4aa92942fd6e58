"""``make demo``: publish on one site, watch it arrive, verified, on another.

A devhost, two real agents and real files on three sites: ``studio``, an artist's
machine, and ``nearline``, a mounted storage that the studio's agent feeds.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ayon_api
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from devhost.agent import CLIENT_DIR, AgentProcess
from devhost.process import DevhostProcess
from devhost.publishing import (
    QUEUED,
    SYNCED,
    Published,
    Publisher,
    PublishError,
    differing_files,
)
from devhost.sample_files import SourceError, collect_project, generate_project

PROJECT = "demo"
STUDIO, ARTIST_SITE, NEARLINE = "studio", "brisk-amber-fox", "nearline"
STALL_SECONDS = 60


class DemoError(RuntimeError):
    """The demo did not reach its end; the text says why."""


@dataclass(frozen=True)
class Roots:
    """Where the ``work`` root of each site is on this machine."""

    studio: Path
    artist: Path
    nearline: Path

    @classmethod
    def make(cls, base: Path) -> Roots:
        roots = cls(base / "studio", base / "artist", base / "nearline")
        for root in (roots.studio, roots.artist, roots.nearline):
            root.mkdir(parents=True)
        return roots


@dataclass(frozen=True)
class Totals:
    """What the sites have and still want, summed over all rows."""

    files: int
    files_synced: int
    files_verified: int
    files_failed: int
    bytes_total: int
    bytes_done: int

    @property
    def is_complete(self) -> bool:
        return 0 < self.files == self.files_synced


def run_demo(once: bool, source: Path | None) -> int:
    """Run the demo; 0 when everything arrived and was verified."""
    console = Console()
    stop = _stop_on_signals()
    try:
        with ExitStack() as stack:
            base = Path(stack.enter_context(_scratch_folder()))
            devhost = stack.enter_context(DevhostProcess(base / "server"))
            demo = Demo(devhost, Roots.make(base / "sites"), console)
            demo.configure()
            demo.publish(source)
            demo.start_agents(stack)
            console.print(f"panel: {demo.panel_url()}", soft_wrap=True)
            demo.follow()
            demo.compare()
            if not once:
                console.print("Up until Ctrl-C.")
                stop()
    except (DemoError, PublishError, SourceError) as error:
        console.print(f"demo failed: {error}", soft_wrap=True)
        return 1
    return 0


def _stop_on_signals() -> Callable[[], None]:
    """Make SIGTERM end the demo as Ctrl-C does; returns a wait for either."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)

    def wait() -> None:
        while True:
            signal.pause()

    return wait


@contextmanager
def _scratch_folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(
        prefix="sitesync-demo-", ignore_cleanup_errors=True
    ) as folder:
        # The devhost's Postgres may run as another user.
        Path(folder).chmod(0o755)
        yield folder


class Demo:
    """One demo run against one devhost."""

    def __init__(
        self,
        devhost: DevhostProcess,
        roots: Roots,
        console: Console,
        client_dir: Path = CLIENT_DIR,
    ) -> None:
        self._client_dir = client_dir
        self._devhost = devhost
        self._roots = roots
        self._console = console
        self._published: list[Published] = []
        self._agents: list[AgentProcess] = []
        self._started_at = time.monotonic()
        self._endpoint = devhost.addon_url.removeprefix(f"{devhost.url}/api/")
        self._version = self._endpoint.rsplit("/", 1)[1]
        self._admin = self._connect(devhost.admin_key)
        self._artist = self._connect(devhost.users["artist"], ARTIST_SITE)

    def configure(self) -> None:
        """Make the project, its roots, the sites, and the artist's choices."""
        anatomy = {"roots": [_root_everywhere(self._roots.studio)]}
        body = {"name": PROJECT, "code": "dmo", "anatomy": anatomy, "library": False}
        _expect(self._admin.raw_post("projects", json=body))
        settings = self._settings(self._admin, "")
        settings["enabled"] = True
        settings["config"]["always_accessible_on"] = [NEARLINE]
        nearline = {
            "name": NEARLINE,
            "provider": "local_drive",
            "local_drive": {"roots": [_root_everywhere(self._roots.nearline)]},
        }
        settings["sites"] = [nearline]
        self._save_settings(self._admin, "", settings)
        # A machine is known to AYON once it asked for the server's info.
        self._artist.get_server_version()
        query = f"/{PROJECT}?site_id={ARTIST_SITE}"
        settings = self._settings(self._artist, f"/{PROJECT}?site={ARTIST_SITE}")
        settings["local_setting"] = {
            "active_site": "local",
            "remote_site": STUDIO,
            "local_roots": [{"name": "work", "path": str(self._roots.artist)}],
        }
        self._save_settings(self._artist, query, settings)

    def publish(self, source: Path | None) -> None:
        """Write files to the sites and publish them, rows included."""
        roots = self._roots
        samples = (
            collect_project(PROJECT, source, roots.studio)
            if source
            else generate_project(PROJECT, roots.studio, roots.artist)
        )
        if not samples:
            raise DemoError(f"{source} has no files to publish")
        publisher = Publisher(
            self._artist, PROJECT, self._endpoint, roots.studio, roots.artist
        )
        for sample in samples:
            for published in publisher.publish(sample):
                publisher.set_sites(published, _sites_of(published))
                self._published.append(published)
        files = sum(len(published.paths) for published in self._published)
        self._console.print(
            f"published {len(self._published)} representations, {files} files"
        )

    def start_agents(self, stack: ExitStack) -> None:
        """Start the studio's service and the agent of the artist's machine."""
        users, cwd = self._devhost.users, self._roots.studio.parent
        for key, site, arguments in (
            (users["service"], STUDIO, ("--serve", NEARLINE)),
            (users["artist"], ARTIST_SITE, ()),
        ):
            agent = AgentProcess(
                self._devhost.url,
                key,
                site,
                *arguments,
                cwd=cwd,
                client_dir=self._client_dir,
            )
            self._agents.append(stack.enter_context(agent))

    def panel_url(self) -> str:
        """The address that opens the panel as the artist, logged in."""
        return self._devhost.panel_url(PROJECT, "artist")

    def follow(self) -> None:
        """Show progress once a second until every file is where it is wanted."""
        with _progress_display(self._console) as show:
            last, since = None, time.monotonic()
            while True:
                totals = self._totals()
                show(totals)
                if totals.is_complete:
                    break
                self._check_agents()
                done = (totals.files_synced, totals.bytes_done)
                if done != last:
                    last, since = done, time.monotonic()
                if time.monotonic() - since > STALL_SECONDS:
                    raise DemoError(
                        f"nothing moved for {STALL_SECONDS} s; "
                        f"{totals.files - totals.files_synced} files are missing, "
                        f"{totals.files_failed} failed"
                    )
                time.sleep(1)

    def compare(self) -> None:
        """Compare all sites byte for byte and print the summary."""
        roots = self._roots
        everything = [path for one in self._published for path in one.paths]
        for site_name, root in (
            (ARTIST_SITE, roots.artist),
            (NEARLINE, roots.nearline),
        ):
            differing = differing_files(everything, roots.studio, root)
            if differing:
                raise DemoError(
                    f"{len(differing)} files on {site_name} differ from the studio's, "
                    f"the first is {differing[0]}"
                )
        totals = self._totals()
        if totals.files_verified < totals.files:
            raise DemoError(
                f"{totals.files - totals.files_verified} files are claimed, "
                "not verified"
            )
        seconds = time.monotonic() - self._started_at
        self._console.print(
            f"all synced: {len(everything)} files on 3 sites, equal byte for byte; "
            f"{totals.bytes_total / 1e6:,.0f} MB in {seconds:.1f} s, "
            f"{totals.files_verified} of {totals.files} verified",
            soft_wrap=True,
        )

    def _check_agents(self) -> None:
        for agent in self._agents:
            if not agent.is_running:
                said = "\n".join(agent.last_lines)
                raise DemoError(f"the agent of {agent.site_name} ended:\n{said}")

    def _totals(self) -> Totals:
        response = _expect(self._artist.raw_get(f"{self._endpoint}/{PROJECT}/sites"))
        rows = [site["totals"] for site in response["sites"]]
        return _sum_totals(rows)

    def _connect(self, api_key: str, site_id: str | None = None) -> ayon_api.ServerAPI:
        return ayon_api.ServerAPI(
            *(self._devhost.url, api_key),
            site_id=site_id,
            client_version=self._version,
            create_session=False,  # which somebody would have to close
        )

    def _settings(self, connection: ayon_api.ServerAPI, query: str) -> dict[str, Any]:
        response = connection.raw_get(f"{self._endpoint}/settings{query}")
        settings: dict[str, Any] = _expect(response)
        return settings

    def _save_settings(
        self, connection: ayon_api.ServerAPI, query: str, settings: dict[str, Any]
    ) -> None:
        endpoint = f"{self._endpoint}/settings{query}"
        _expect(connection.raw_post(endpoint, json=settings))


def _sites_of(published: Published) -> dict[str, int]:
    """The rows of a fresh publish: there, and wanted everywhere else."""
    here, there = (
        (ARTIST_SITE, STUDIO) if published.at_artist else (STUDIO, ARTIST_SITE)
    )
    return {here: SYNCED, there: QUEUED, NEARLINE: QUEUED}


def _root_everywhere(path: Path) -> dict[str, str]:
    text = path.as_posix()
    return {"name": "work", "windows": text, "linux": text, "darwin": text}


def _expect(response: Any) -> Any:
    """The data of a good answer; a DemoError with the server's words otherwise."""
    if response.status_code >= 400:  # noqa: PLR2004 - HTTP's boundary
        raise DemoError(f"the server said {response.status_code}: {response.text}")
    return response.data


def _sum_totals(sites: list[dict[str, Any]]) -> Totals:
    cells = [(status, cell) for site in sites for status, cell in site.items()]
    return Totals(
        files=sum(cell["files"] for _, cell in cells),
        files_synced=sum(cell["filesSynced"] for _, cell in cells),
        files_verified=sum(cell["filesVerified"] for _, cell in cells),
        files_failed=sum(cell["filesFailed"] for _, cell in cells),
        bytes_total=sum(cell["bytes"] for _, cell in cells),
        bytes_done=sum(cell["bytesDone"] for _, cell in cells),
    )


@contextmanager
def _progress_display(console: Console) -> Iterator[Callable[[Totals], None]]:
    """A bar on a terminal, a plain line a second elsewhere."""
    if not console.is_terminal:
        yield _print_line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("syncing", total=None)

        def update(totals: Totals) -> None:
            text = f"{totals.files_synced}/{totals.files} files"
            progress.update(
                bar,
                total=totals.bytes_total,
                completed=totals.bytes_done,
                description=text,
            )

        yield update


def _print_line(totals: Totals) -> None:
    percent = 100 * totals.bytes_done / max(totals.bytes_total, 1)
    print(
        f"{percent:5.1f} %  {totals.files_synced} of {totals.files} files  "
        f"{totals.bytes_done / 1e6:,.0f} of {totals.bytes_total / 1e6:,.0f} MB",
        file=sys.stdout,
        flush=True,
    )
