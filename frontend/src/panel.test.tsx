import { act, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Agent, MovingTransfer, QueuedTransfer } from "./api/contract";
import { makeAgent, makeProblem, makeRow, makeSite } from "./testing/factories";
import { FakeSocket } from "./testing/fake-socket";
import { renderPanel } from "./testing/render";
import { server, serveProject, serveUser } from "./testing/server";

const NOW = Date.now() / 1000;
const TOTALS = {
  representations: 2,
  filesSynced: 0,
  filesVerified: 0,
  filesFailed: 0,
  bytesDone: 0,
};
const SITES = [
  makeSite("studio", {
    totals: { "4": { ...TOTALS, files: 10, filesSynced: 10, bytes: 1000 } },
    agents: [makeAgent()],
  }),
  makeSite("sftp-prague", {
    kind: "configured",
    provider: "sftp",
    totals: { "1": { ...TOTALS, files: 322, bytes: 5_000_000 } },
  }),
];
const MANAGER = serveUser({ name: "kim", data: { isManager: true } });
const NAMED = {
  representationId: "a".repeat(32),
  siteName: "sftp-prague",
  folderPath: "/shots/sq010/sh0030",
  product: "compMain",
  version: 21,
  representation: "exr",
};
const MOVING: MovingTransfer = {
  ...NAMED,
  sourceSite: "studio",
  direction: "upload",
  agentId: "b".repeat(32),
  hostname: "transfer01",
  userName: "service",
  filesTotal: 10,
  filesDone: 6,
  bytesTotal: 1000,
  bytesDone: 640,
  bytesPerSecond: 118_000_000,
  etaSeconds: 8,
  claimedAt: NOW,
};

function makeQueued(position: number, part: Partial<QueuedTransfer> = {}): QueuedTransfer {
  return {
    ...NAMED,
    representationId: position.toString(16).padStart(32, "0"),
    product: `part${position}`,
    position,
    priority: 50,
    filesTotal: 1,
    filesDone: 0,
    bytesTotal: 10,
    bytesDone: 0,
    dueAt: NOW,
    lastError: null,
    ...part,
  };
}

describe("the overview", () => {
  it("tells problems first in the server's words, with ways to what they are about", async () => {
    const failed = { ...TOTALS, representations: 3, files: 30, filesFailed: 27, bytes: 1 };
    const prague = makeSite("sftp-prague", {
      kind: "configured",
      provider: "sftp",
      totals: { "2": failed, "3": { ...TOTALS, files: 5, bytes: 9 } },
    });
    const id = "c".repeat(32);
    serveProject("demo", {
      sites: [...SITES.slice(0, 1), prague],
      problems: [
        makeProblem({ representationIds: [id], count: 30, since: NOW - 130 }),
        makeProblem({
          code: "no_agent",
          severity: "warning",
          text: "sftp-prague: no agent works for it",
          todo: "Start one.",
        }),
      ],
    });
    renderPanel({ hash: "#project=demo" });
    const list = within(await screen.findByRole("list", { name: "Problems" }));
    expect(list.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
      "Error: sftp-prague: 27 files failed: the source is missing" +
        "Publish them again, or retry when they are back.2 min agoShowWhyRetry…",
      "Warning: sftp-prague: no agent works for itStart one.ShowSites and agents",
    ]);
    const links = list.getAllByRole("link").map((link) => link.getAttribute("href"));
    expect(links).toEqual([
      "#project=demo&view=representations&status=sftp-prague%3A2",
      `#project=demo&open=${id},sftp-prague`,
      "#project=demo&view=representations&status=sftp-prague%3A1",
      "#project=demo&view=sites",
    ]);
    const card = within(screen.getByRole("region", { name: "Site sftp-prague" }));
    expect(card.getByText("needs attention")).toBeTruthy();
    expect(card.getByText("30 · 1 B")).toBeTruthy();
    expect(card.getByText("no agent known")).toBeTruthy();
    const studio = within(screen.getByRole("region", { name: "Site studio" }));
    expect(studio.getByText("healthy")).toBeTruthy();
    expect(studio.getByText(/^agent on ws042, seen /)).toBeTruthy();
  });

  it("tells who serves a site from another one, and when nobody does any more", async () => {
    const service = makeAgent({ hostname: "transfer01", seenAt: NOW });
    const project = serveProject("demo", {
      sites: [
        makeSite("gdrive", {
          kind: "configured",
          servedBy: [service, makeAgent({ ...service, hostname: "transfer02" })],
          moving: 31,
          bytesPerSecond: 165_000_000,
          totals: { "0": { ...TOTALS, files: 900, bytes: 1_650_000_000 } },
        }),
      ],
      transfers: { moving: Array.from({ length: 20 }, (_, index) => ({
        ...MOVING,
        representationId: index.toString(16).padStart(32, "0"),
      })), queued: [], queuedTotal: 0 },
    });
    renderPanel({ hash: "#project=demo" });
    const card = within(await screen.findByRole("region", { name: "Site gdrive" }));
    expect(card.getByText(/^2 agents on transfer01, transfer02, seen /)).toBeTruthy();
    expect(card.getByText("165 MB/s, about 10 s left")).toBeTruthy();
    const more = await screen.findByRole("link", { name: "11 more in Transfers" });
    expect(more.getAttribute("href")).toBe("#project=demo&view=transfers");

    project.sites = project.sites.map((site) => ({
      ...site,
      servedBy: [{ ...service, seenAt: NOW - 70, isLive: false }],
    }));
    act(() => {
      FakeSocket.last.open();
      FakeSocket.last.receive("sitesync.agents", { siteNames: ["studio"] });
    });
    await card.findByText("not running", {}, { timeout: 5000 });
    expect(card.getByText("last agent (transfer01) seen 1 min ago")).toBeTruthy();
  });

  it("leaves room for what works: the first problems, the others when asked for", async () => {
    const problems = Array.from({ length: 8 }, (_, index) =>
      makeProblem({ siteName: `site-${index}`, text: "It is empty", code: "wrong_setting" }),
    );
    serveProject("demo", { sites: SITES, problems });
    const { user } = renderPanel({ hash: "#project=demo" });
    const list = within(await screen.findByRole("list", { name: "Problems" }));
    expect(list.getAllByRole("listitem")).toHaveLength(3);
    expect(list.getByText("site-0: It is empty")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "5 more" }));
    expect(list.getAllByRole("listitem")).toHaveLength(8);
  });

  it("leads who may change a wrong setting to it", async () => {
    const text = "Setting sites.gdrive.root_id: it is empty";
    const problem = makeProblem({ text, siteName: "gdrive", code: "wrong_setting" });
    serveProject("demo", { sites: SITES, problems: [problem] });
    server.use(MANAGER);
    renderPanel({ hash: "#project=demo" });
    const link = await screen.findByRole("link", { name: `Open settings: ${text}` });
    expect(link.getAttribute("href")).toBe(
      "/manageProjects/projectSettings?project=demo&addonName=sitesync",
    );
    // Else AYON's page would open in the panel's frame.
    expect(link.getAttribute("target")).toBe("_top");
  });

  it("does not lead others to settings that they cannot change", async () => {
    serveProject("demo", { sites: SITES, problems: [makeProblem({ code: "wrong_setting" })] });
    renderPanel({ hash: "#project=demo" });
    await screen.findByRole("list", { name: "Problems" });
    expect(screen.queryByRole("link", { name: /^Open settings/ })).toBeNull();
  });

  it("retries what failed on a site from the problem", async () => {
    const project = serveProject("demo", { sites: SITES, problems: [makeProblem()] });
    const { user } = renderPanel({ hash: "#project=demo" });
    await user.click(
      await screen.findByRole("button", { name: "Retry… what failed on sftp-prague" }),
    );
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "Retry" }));
    await waitFor(() => {
      expect(project.verbs.at(-1)).toEqual({
        verb: "retry",
        siteNames: ["sftp-prague"],
        selection: { filter: { statuses: { "sftp-prague": [2] } } },
      });
    });
  });

  it("begins with the user's own machine and says so", async () => {
    const fox = makeSite("brisk-amber-fox", { agents: [makeAgent()] });
    serveProject("demo", { sites: [...SITES, fox] });
    renderPanel({ hash: "#project=demo" });
    await screen.findByText("(you)");
    const [first] = screen.getAllByRole("region", { name: /^Site / });
    expect(first?.getAttribute("aria-label")).toBe("Site brisk-amber-fox");
  });

  it("shows what moves and how fast", async () => {
    const minute = Math.floor(NOW / 60) * 60 - 60;
    serveProject("demo", {
      sites: SITES,
      transfers: { moving: [MOVING], queued: [], queuedTotal: 0 },
      minutes: [{ at: minute, sites: { "sftp-prague": 6_000_000_000 } }],
    });
    renderPanel({ hash: "#project=demo" });
    const table = within(await screen.findByRole("region", { name: "Moving now" }));
    expect(table.getAllByRole("cell").map((cell) => cell.textContent)).toEqual([
      "/shots/sq010/sh0030 compMain v021 exr",
      "studio → sftp-prague",
      "64 %",
      "transfer01",
      "118 MB/s",
      "8 s",
    ]);
    const chart = await screen.findByRole("img", { name: /Throughput/ });
    expect(chart.getAttribute("aria-label")).toContain("100 MB/s at most");
  });

  it("says which part could not be read and reads it again", async () => {
    serveProject("demo", { sites: SITES });
    server.use(
      http.get(
        "*/demo/transfers",
        () => HttpResponse.json({ detail: "No database" }, { status: 400 }),
        { once: true },
      ),
    );
    const { user } = renderPanel({ hash: "#project=demo" });
    await screen.findByText("The transfers could not be read: No database");
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("Nothing moves at the moment.");
  });

  it("pauses the project and lets it go on", async () => {
    const project = serveProject("demo", { sites: SITES });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo" });
    await user.click(await screen.findByRole("button", { name: "Pause project" }));
    await screen.findByText("demo is paused.");
    expect(project.pauses).toMatchObject([{ scope: "project", projectName: "demo" }]);
    await waitFor(() => {
      expect(screen.getAllByText("paused")).toHaveLength(2);
    });
    await user.click(screen.getByRole("button", { name: "Resume project" }));
    await screen.findByText("demo goes on.");
    expect(project.pauses).toEqual([]);
  });

  it("hears in every view that somebody else paused the project", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    renderPanel({ hash: "#project=demo&view=representations" });
    await screen.findByRole("row", { name: /sh0000/ });
    const pause = { projectName: "demo", siteName: null, reason: null, userName: "kim" };
    project.pauses = [{ ...pause, scope: "project", since: NOW }];
    act(() => {
      FakeSocket.last.open();
      FakeSocket.last.receive("sitesync.pauses");
    });
    await screen.findByText("Project is paused");
  });

  it("tells others than managers that the project is paused, and offers no more", async () => {
    const pause = { projectName: "demo", siteName: null, reason: null, userName: "kim" };
    const pauses = [{ ...pause, scope: "project" as const, since: NOW }];
    serveProject("demo", { sites: SITES, pauses });
    renderPanel({ hash: "#project=demo" });
    await screen.findByText("Project is paused");
    expect(screen.queryByRole("button", { name: /project$/ })).toBeNull();
  });

  it("counts a single file as people do", async () => {
    const totals = { "1": { ...TOTALS, files: 1, bytes: 1 } };
    serveProject("demo", { sites: [makeSite("studio", { totals })] });
    renderPanel({ hash: "#project=demo" });
    await screen.findByText("1 file left");
  });

  it("draws each of the last 120 minutes, the first as well", async () => {
    const minute = Math.floor(Date.now() / 60_000) * 60;
    const all = Array.from({ length: 121 }, (_, ago) => minute - ago * 60);
    serveProject("demo", { sites: SITES });
    server.use(
      http.get("*/demo/throughput", ({ request }) => {
        const asked = Number(new URL(request.url).searchParams.get("minutes"));
        const minutes = all.slice(0, asked).map((at) => ({ at, sites: { studio: 6e9 } }));
        return HttpResponse.json({ minutes });
      }),
    );
    renderPanel({ hash: "#project=demo" });
    const chart = await screen.findByRole("img", { name: /Throughput/ });
    const points = chart.querySelector("polyline")?.getAttribute("points") ?? "";
    const heights = points.split(" ").map((point) => point.split(",")[1]);
    expect(heights).toHaveLength(120);
    expect(new Set(heights).size).toBe(1);
  });
});

describe("transfers", () => {
  it("stand in their order; a new priority is set at once", async () => {
    const project = serveProject("demo", {
      sites: SITES,
      transfers: {
        moving: [],
        queued: [
          makeQueued(1, { priority: 90 }),
          makeQueued(2, { lastError: "Timed out", dueAt: NOW + 300 }),
        ],
        queuedTotal: 640,
      },
    });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo&view=transfers" });
    const table = within(await screen.findByRole("region", { name: "Waiting" }));
    expect(screen.getByText("the first 2 of 640")).toBeTruthy();
    expect(table.getByText("in 5 min: Timed out")).toBeTruthy();

    await user.click(table.getByRole("button", { name: "Move part2 to the front" }));
    await screen.findByText("2 representations given the priority: sftp-prague.");
    expect(project.verbs.at(-1)).toEqual({
      verb: "priority",
      siteNames: ["sftp-prague"],
      selection: { representationIds: [makeQueued(2).representationId] },
      priority: 91,
    });
    const field = table.getByRole("spinbutton", { name: /part2/ });
    await user.clear(field);
    await user.type(field, "12{Enter}");
    await waitFor(() => {
      expect(project.verbs.at(-1)).toMatchObject({ priority: 12 });
    });
    await user.clear(field);
    await user.type(field, "5000{Enter}");
    expect(project.verbs).toHaveLength(2);
  });

  it("of sites that all share are only looked at by others than managers", async () => {
    const queued = [makeQueued(1), makeQueued(2, { siteName: "brisk-amber-fox" })];
    serveProject("demo", {
      sites: [...SITES, makeSite("brisk-amber-fox", { agents: [makeAgent()] })],
      transfers: { moving: [], queued, queuedTotal: 2 },
    });
    renderPanel({ hash: "#project=demo&view=transfers" });
    await screen.findByRole("region", { name: "Waiting" });
    const fields = screen.getAllByRole("spinbutton");
    expect(fields.map((field) => field.getAttribute("aria-label"))).toEqual([
      "Priority of part2 on brisk-amber-fox",
    ]);
  });

  it("tell how much moves in all, and show more of it", async () => {
    const moving = Array.from({ length: 200 }, (_, index) => ({
      ...MOVING,
      representationId: index.toString(16).padStart(32, "0"),
    }));
    serveProject("demo", {
      sites: [makeSite("studio", { moving: 340, bytesPerSecond: 165_000_000 })],
      transfers: { moving, queued: [], queuedTotal: 0 },
    });
    const { user } = renderPanel({ hash: "#project=demo&view=transfers" });
    await screen.findByText("the first 200 of 340 · 165 MB/s");
    const asked: string[] = [];
    server.use(
      http.get("*/demo/transfers", ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ moving, queued: [], queuedTotal: 0 });
      }),
    );
    await user.click(screen.getByRole("button", { name: "140 more moving" }));
    await waitFor(() => {
      expect(asked).toContain("?first=600");
    });
  });

  it("show what came while another view was open", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user } = renderPanel({ hash: "#project=demo" });
    await screen.findByText("Nothing moves at the moment.");
    await user.click(screen.getByRole("link", { name: "Representations" }));
    await screen.findByRole("row", { name: /sh0000/ });
    project.transfers = { moving: [], queued: [makeQueued(1)], queuedTotal: 1 };
    await user.click(screen.getByRole("link", { name: "Transfers" }));
    await screen.findByRole("region", { name: "Waiting" });
  });

  it("open details that Escape closes; the focus is back where it was", async () => {
    serveProject("demo", {
      sites: SITES,
      rows: [makeRow(1)],
      transfers: { moving: [], queued: [makeQueued(1)], queuedTotal: 1 },
    });
    const { user } = renderPanel({ hash: "#project=demo&view=transfers" });
    const opener = await screen.findByRole("button", { name: /^\/shots.* part1/ });
    opener.focus();
    await user.keyboard("{Enter}");
    const pane = within(await screen.findByRole("complementary", { name: "Details" }));
    const site = await pane.findByRole("button", { name: /^studio/ });
    site.focus();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
    expect(document.activeElement).toBe(opener);
  });

  it("say that nothing moves and nothing waits", async () => {
    serveProject("demo", { sites: SITES });
    renderPanel({ hash: "#project=demo&view=transfers" });
    await screen.findByText("Nothing moves at the moment.");
    expect(screen.getByText("Nothing waits.")).toBeTruthy();
  });
});

describe("sites and agents", () => {
  const agent: Agent = {
    agentId: "b".repeat(32),
    siteName: "sftp-prague",
    hostname: "transfer02",
    userName: "service",
    version: "2.0.0",
    startedAt: NOW - 7200,
    seenAt: NOW,
    isLive: true,
    state: "working",
    bytesPerSecond: 4_000_000,
    problems: [
      {
        projectName: "demo",
        siteName: "sftp-prague",
        code: "storage_full",
        message: "The disk is full",
        since: NOW,
      },
    ],
    held: 3,
  };

  it("are listed with what is wrong; a site is paused", async () => {
    const project = serveProject("demo", { sites: SITES, agents: [agent] });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo&view=sites" });
    const agents = within(await screen.findByRole("region", { name: "Agents" }));
    expect(agents.getByText("sftp-prague: The disk is full")).toBeTruthy();
    const sites = within(screen.getByRole("region", { name: "Sites" }));
    expect(sites.getByRole("columnheader", { name: "Health" })).toBeTruthy();
    expect(sites.getAllByText("healthy")).toHaveLength(2);
    await user.click(screen.getByRole("button", { name: "Pause sftp-prague" }));
    await screen.findByText("sftp-prague is paused.");
    expect(project.pauses).toMatchObject([{ scope: "site", siteName: "sftp-prague" }]);
    await screen.findByRole("button", { name: "Resume sftp-prague" });
  });

  it("offer an artist to pause his own machine, not what others share", async () => {
    const fox = makeSite("brisk-amber-fox", { agents: [makeAgent()] });
    serveProject("demo", { sites: [...SITES, fox] });
    renderPanel({ hash: "#project=demo&view=sites" });
    await screen.findByRole("button", { name: "Pause brisk-amber-fox" });
    expect(screen.getAllByRole("button", { name: /^Pause/ })).toHaveLength(1);
  });

  it("offer an artist only what he may do there", async () => {
    const fox = makeSite("brisk-amber-fox", { agents: [makeAgent()] });
    const owl = makeSite("calm-grey-owl", { agents: [makeAgent({ userName: "lee" })] });
    serveProject("demo", { sites: [...SITES, fox, owl] });
    const { user } = renderPanel({ hash: "#project=demo&view=sites" });
    await user.click(await screen.findByRole("button", { name: "Actions for studio" }));
    expect(screen.getByRole("button", { name: "Sync everything to it…" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Remove everything…" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Scan its disk" })).toBeNull();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("button", { name: "Actions for calm-grey-owl" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Actions for brisk-amber-fox" }));
    await user.click(screen.getByRole("button", { name: "Clear this project from it…" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getAllByRole<HTMLInputElement>("checkbox")[0]?.checked).toBe(true);
    expect(dialog.queryByRole("checkbox", { name: /studio/ })).toBeNull();
    expect(dialog.queryByRole("checkbox", { name: /last copy/ })).toBeNull();
  });

  it("take older publishes in", async () => {
    const project = serveProject("demo", { sites: SITES });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo&view=sites" });
    await user.click(await screen.findByRole("button", { name: "Actions for studio" }));
    await user.click(screen.getByRole("button", { name: "Take in older publishes…" }));
    const dialog = within(await screen.findByRole("dialog"));
    await dialog.findByText("2 representations without a state there, 2.0 kB.");
    await user.click(dialog.getByRole("button", { name: "Take them in" }));
    await screen.findByText("2 older representations known to be on studio.");
    expect(project.verbs.at(-1)).toEqual({
      verb: "seed",
      siteName: "studio",
      status: 4,
      selection: { all: true },
      dryRun: false,
    });
  });

  it("scan their disk when asked, and tell how far that is", async () => {
    const project = serveProject("demo", { sites: SITES });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo&view=sites" });
    await user.click(await screen.findByRole("button", { name: "Actions for studio" }));
    await user.click(screen.getByRole("button", { name: "Scan its disk" }));
    await screen.findByText("scan asked for just now, waits for its agent");
    expect(project.scans).toEqual(["studio"]);
  });

  it("are cleared of a whole project after a question", async () => {
    const project = serveProject("demo", { sites: SITES });
    server.use(MANAGER);
    const { user } = renderPanel({ hash: "#project=demo&view=sites" });
    await user.click(
      await screen.findByRole("button", { name: "Actions for sftp-prague" }),
    );
    await user.click(screen.getByRole("button", { name: "Remove everything…" }));
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    await screen.findByText(/being removed: sftp-prague/);
    expect(project.verbs.at(-1)).toEqual({
      verb: "remove",
      siteNames: ["sftp-prague"],
      selection: { all: true },
    });
  });
});
