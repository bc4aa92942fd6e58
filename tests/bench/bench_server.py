"""`make bench`: how quick the server half is, and how flat from 1k to 1M.

Seeds three projects into a devhost (once; they are kept for the next run), measures
over HTTP on one kept-alive connection, and prints the table of docs/benchmarks.md.
The median of each case, its ratio to the cheapest authenticated request of the same
run, and the ratio of the largest project to the smallest.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from devhost.process import DevhostProcess
from devhost.seed import SeedError, SeedPlan, run_seed

ROOT = Path(__file__).parents[2]
PROJECTS = {"bench1k": 1_000, "bench100k": 100_000, "bench1m": 1_000_000}
MACHINE = "artist-01"
START, END = "<!-- bench: start -->", "<!-- bench: end -->"
REPEATS = 15
SLOW_REPEATS = 5
WARM_UPS = 2
SLOW_MS = 200
FLOOR_REPEATS = 20
# A report of 1,000 files: 20 sequences of 50.
SEQUENCES = 20


@dataclass
class Table:
    """Medians in milliseconds by case and project, with the limit at 1M."""

    limits: dict[str, str] = field(default_factory=dict)
    medians: dict[str, dict[str, float]] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)

    def add(
        self, case: str, limit: str, project: str, milliseconds: float, floor: float
    ) -> None:
        self.limits[case] = limit
        self.medians.setdefault(case, {})[project] = milliseconds
        self.floors[case] = floor
        print(f"{project:10} {case:48} {milliseconds:10.1f} ms", flush=True)

    def lines(self) -> Iterator[str]:
        names = list(PROJECTS)
        yield f"| what | limit at 1M | {' | '.join(names)} | 1M/1k | x floor |"
        yield "|---|---|" + "---|" * (len(names) + 2)
        for case, found in self.medians.items():
            cells = [f"{found[name]:.1f}" if name in found else "" for name in names]
            first, last = found.get(names[0]), found.get(names[-1])
            growth = f"{last / first:.1f}" if first and last else ""
            share = f"{last / self.floors[case]:.1f}" if last else ""
            limit = self.limits[case]
            yield f"| {case} | {limit} | {' | '.join(cells)} | {growth} | {share} |"


class Bench:
    """Measures one running devhost."""

    def __init__(self, process: DevhostProcess) -> None:
        self.process = process
        self.table = Table()
        self.notes: list[str] = []
        self.client = self._make_client()

    def _make_client(self) -> httpx.Client:
        headers = {
            "X-Api-Key": self.process.admin_key,
            "x-ayon-site-id": MACHINE,
            "Accept-Encoding": "identity",
        }
        return httpx.Client(
            base_url=self.process.addon_url, headers=headers, timeout=120
        )

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def measure(
        self, case: str, limit: str, project: str, run: Callable[[], Any]
    ) -> None:
        for _ in range(WARM_UPS):
            milliseconds, _ = timed(run)
        repeats = SLOW_REPEATS if milliseconds > SLOW_MS else REPEATS
        self.add(case, limit, project, [timed(run)[0] for _ in range(repeats)])

    def add(self, case: str, limit: str, project: str, times: list[float]) -> None:
        """Note a case, with the floor as it is at this moment."""
        median = statistics.median(times)
        self.table.add(case, limit, project, median, self.floor(FLOOR_REPEATS))

    def post_case(
        self, case: str, limit: str, project: str, path: str, body: Any
    ) -> None:
        """Measure a POST; the answer is not parsed."""
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}

        def run() -> None:
            url = f"/{project}/{path}"
            self.client.post(url, content=content, headers=headers).raise_for_status()

        self.measure(case, limit, project, run)

    def enable(self) -> None:
        """Let agents claim: a project is not synced unless its settings say so."""
        settings = self.client.get("/settings").raise_for_status().json()
        settings["enabled"] = True
        self.client.post("/settings", json=settings).raise_for_status()

    def floor(self, repeats: int) -> float:
        """The cheapest request that needs a user."""
        url = f"{self.process.url}/api/users/me"
        times = [
            timed(lambda: self.client.get(url).raise_for_status())[0]
            for _ in range(repeats)
        ]
        return statistics.median(times)

    def pages(self, project: str) -> None:
        """Pages of 50 at the start and deep inside, in every order."""
        limits = {
            "folder": "10",
            "status": "10",
            "priority": "10",
            "changed": "10",
            "product": "100",
            "version": "1500",
            "representation": "1500",
            "size": "",
        }
        sites = ["studio", MACHINE]
        for sort_by, limit in limits.items():
            order = {"sortBy": sort_by, "sortSite": MACHINE, "siteNames": sites}
            every = max(PROJECTS[project] * 3 // 4, 10)
            found = self.post(
                f"/{project}/representations/anchors", {**order, "every": every}
            )
            for depth, cursor in (("first", None), ("at 75 %", found["anchors"][0])):
                body = {**order, "after": cursor}
                case = f"page of 50 by {sort_by}, {depth}"
                self.post_case(case, limit, project, "representations/query", body)
        path = "representations/query"
        body = {"siteNames": sites, "withFiles": True}
        self.post_case("page of 50 with files", "25", project, path, body)
        for kind in ("exact", "estimated"):
            body = {"siteNames": sites, "withTotal": kind}
            self.post_case(f"page with {kind} total", "", project, path, body)

    def loader(self, project: str) -> None:
        """What a loader asks: 500 versions, 1,500 representations."""
        versions: dict[str, None] = {}
        ids: list[str] = []
        cursor = None
        for _ in range(3):
            body = {"first": 1000, "after": cursor, "siteNames": []}
            page = self.post(f"/{project}/representations/query", body)
            for row in page["representations"]:
                versions[row["versionId"]] = None
                ids.append(row["representationId"])
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        sites = ["studio", MACHINE]
        self.post_case(
            "availability of 500 versions",
            "20",
            project,
            "availability",
            {"versionIds": list(versions)[:500], "siteNames": sites},
        )
        self.post_case(
            "states of 1,500 representations by id",
            "25",
            project,
            "availability",
            {"representationIds": ids[:1500], "siteNames": sites},
        )

    def summary(self, project: str) -> None:
        """First when nothing is kept, then as a panel that asks every second."""
        first, _ = timed(lambda: self.post(f"/{project}/summary", {}))
        self.add("summary, first request", "", project, [first])
        self.post_case("summary, unrestricted", "20", project, "summary", {})
        restricted = self.process.users["restricted"]

        def run() -> None:
            self.client.post(
                f"/{project}/summary", json={}, headers={"X-Api-Key": restricted}
            ).raise_for_status()

        self.measure("summary, user of one sequence", "500", project, run)

    def queue(self, project: str) -> None:
        """Claims and reports of one agent, then of eight at once."""
        agent = Agent(self, project, 0)
        agent.claim(100)
        if not agent.release():
            msg = f"{project} has nothing due: remove the data folder to seed it anew"
            raise RuntimeError(msg)
        times = []
        for _ in range(REPEATS):
            times.append(agent.claim(100))
            agent.release()
        case = "claim 100 transfers with their files"
        self.add(case, "25", project, times)
        idle = Agent(self, project, 1, site_name="nobody-00")
        self.measure("claim, nothing due", "3", project, lambda: idle.claim(100))
        times = [agent.report() for _ in range(SLOW_REPEATS)]
        case = "report 1,000 file states"
        self.add(case, "40", project, times)

    def agents(self, project: str, count: int = 8, reports: int = 6) -> None:
        """All report at once; the sum of file states a second."""
        agents = [Agent(self, project, 10 + number) for number in range(count)]
        batches = [[agent.claim_files() for _ in range(reports)] for agent in agents]
        start = threading.Barrier(count + 1)

        def work(agent: Agent, bodies: list[Any]) -> None:
            start.wait()
            for body in bodies:
                agent.post("/-/report", body)

        threads = [
            threading.Thread(target=work, args=pair)
            for pair in zip(agents, batches, strict=True)
        ]
        for thread in threads:
            thread.start()
        start.wait()
        started_at = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started_at
        states = sum(
            len(transfer["files"])
            for bodies in batches
            for body in bodies
            for transfer in body["transfers"]
        )
        self.notes.append(
            f"{count} agents reporting at once ({project}): {states / seconds:,.0f} "
            "file states a second (wanted: 20,000)."
        )

    def queue_everything(self, project: str) -> None:
        """Queue a whole project on a new machine while others ask for pages."""
        site_name = f"new-machine-{int(time.time())}"
        body = {"siteNames": [site_name], "selection": {"all": True}}
        headers = {"x-ayon-site-id": site_name}
        started_at = time.perf_counter()
        answer = self.client.post(f"/{project}/verbs/queue", json=body, headers=headers)
        answer.raise_for_status()
        job = answer.json()
        waits = []
        while job.get("jobId") and job.get("state", "running") == "running":
            milliseconds, _ = timed(
                lambda: self.post(f"/{project}/representations/query", {})
            )
            waits.append(milliseconds)
            job = self.client.get(f"/-/jobs/{job['jobId']}").json()
        seconds = time.perf_counter() - started_at
        others = f"; pages meanwhile: median {statistics.median(waits):.0f} ms, "
        others += f"longest {max(waits):.0f} ms (wanted: 100)"
        self.notes.append(
            f"Queue everything on a new site ({project}): {job['changed']:,} rows, "
            f"{job['changed'] / seconds:,.0f} a second (wanted: 10,000){others}."
        )

    def interference(self, project: str) -> None:
        """How long others wait while the largest answers are made."""
        body = {"first": 1000, "withFiles": True}
        longest = 0.0
        is_done = threading.Event()

        def ask_for_much() -> None:
            with self._make_client() as client:
                for _ in range(3):
                    client.post(f"/{project}/representations/query", json=body)
            is_done.set()

        thread = threading.Thread(target=ask_for_much)
        thread.start()
        while not is_done.is_set():
            url = f"{self.process.url}/api/users/me"
            longest = max(longest, timed(lambda url=url: self.client.get(url))[0])
        thread.join()
        self.notes.append(
            "Longest wait of another request while pages of 1,000 with all files are "
            f"made ({project}): {longest:.0f} ms (wanted: 100)."
        )


class Agent:
    """Claims and reports as an agent does."""

    def __init__(
        self, bench: Bench, project: str, number: int, site_name: str = MACHINE
    ) -> None:
        self._bench = bench
        self._client = bench._make_client()
        self._project = project
        self._agent = {
            "id": f"{number:032x}",
            "siteName": site_name,
            "hostname": "bench",
            "version": "2.0.0",
        }
        self._transfers: list[Any] = []

    def post(self, path: str, body: Any) -> Any:
        answer = self._client.post(
            path, json=body, headers={"x-ayon-site-id": self._agent["siteName"]}
        )
        answer.raise_for_status()
        return answer.json()

    def claim(self, most: int) -> float:
        """Milliseconds of a claim of `most` transfers."""
        body = {
            "agent": self._agent,
            "projects": [self._project],
            "serve": ["studio"],
            "maxTransfers": most,
            "maxFiles": 10_000,
            "maxBytes": 10**15,
        }
        milliseconds, answer = timed(lambda: self.post("/-/claim", body))
        self._transfers += answer["transfers"]
        return milliseconds

    def release(self) -> int:
        """Give all back; answers how many they were."""
        leases = [lease_of(transfer) for transfer in self._transfers]
        self.post("/-/release", {"agentId": self._agent["id"], "leases": leases})
        count, self._transfers = len(leases), []
        return count

    def claim_files(self) -> dict[str, Any]:
        """The report of 1,000 files in place, of sequences of 50."""
        chosen: list[Any] = []
        while len(chosen) < SEQUENCES:
            self._transfers = []
            self.claim(100)
            if not self._transfers:
                break
            chosen += [one for one in self._transfers if len(one["files"]) > 1]
        return {
            "agentId": self._agent["id"],
            "transfers": [
                {
                    **lease_of(transfer),
                    "finished": True,
                    "files": [
                        {
                            "id": file["id"],
                            "status": 4,
                            "bytesDone": file["size"],
                            "checksum": "xxh3:" + "0" * 32,
                            "proof": "content",
                        }
                        for file in transfer["files"]
                    ],
                }
                for transfer in chosen[:SEQUENCES]
            ],
        }

    def report(self) -> float:
        body = self.claim_files()
        return timed(lambda: self.post("/-/report", body))[0]


def lease_of(transfer: Any) -> dict[str, Any]:
    return {
        "projectName": transfer["projectName"],
        "representationId": transfer["representationId"],
        "siteName": transfer["siteName"],
        "leaseToken": transfer["lease"]["token"],
    }


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """(milliseconds, what `run` answers)."""
    started_at = time.perf_counter()
    result = run()
    return (time.perf_counter() - started_at) * 1000, result


def seed(data_dir: Path) -> None:
    for name, count in PROJECTS.items():
        try:
            print(json.dumps(run_seed(data_dir, SeedPlan(name, count))), flush=True)
        except SeedError as error:
            print(f"{name}: {error}; it is used as it is", flush=True)


def run(data_dir: Path) -> str:
    """The table of all cases, in Markdown."""
    seed(data_dir)
    with DevhostProcess(data_dir) as process:
        bench = Bench(process)
        server = psutil.Process(process.pid)
        bench.enable()
        floor = bench.floor(100)
        before = server.memory_info().rss
        for project in PROJECTS:
            for part in (bench.pages, bench.loader, bench.summary, bench.queue):
                part(project)
            bench.interference(project)
        bench.agents("bench1m")
        bench.queue_everything("bench100k")
        grown = (server.memory_info().rss - before) / 1_000_000
        bench.notes.append(
            f"The server's memory grew by {grown:.0f} MB over the run (wanted: < 50)."
        )
        lines = [
            f"Cheapest request with a user (`users/me`): {floor:.1f} ms. "
            "All figures are medians in milliseconds.",
            "",
            *bench.table.lines(),
            "",
            *(f"* {note}" for note in bench.notes),
        ]
    return "\n".join(lines)


def write(page: Path, table: str) -> None:
    """Replace what is between the marks of a page."""
    text = page.read_text()
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{START}\n{table}\n{END}{tail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--write", type=Path, default=ROOT / "docs/benchmarks.md")
    options = parser.parse_args()
    table = run(options.data)
    print(table)
    write(options.write, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
