import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Agent, OverviewSite } from "./api/contract";
import { makeProblem, makeProjectOverview } from "./testing/factories";
import { FakePage, makeHostMessage } from "./testing/fake-page";
import { FakeSocket } from "./testing/fake-socket";
import { renderPanel } from "./testing/render";
import { type FakeStudio, server, serveProject, serveStudio, serveUser } from "./testing/server";

function makeOverviewSite(siteName: string, files: number): OverviewSite {
  const counted = { representations: 1, filesSynced: 0, filesVerified: 0, filesFailed: 0 };
  const totals = { ...counted, files, bytes: files * 1000, bytesDone: 0 };
  return {
    siteName,
    kind: siteName === "studio" ? "studio" : "configured",
    provider: siteName === "studio" ? "local_drive" : "sftp",
    isPaused: false,
    totals: { "4": totals, "2": { ...totals, files: 3 } },
    bytesPerSecond: 2_000_000,
  };
}

const AGENT: Agent = {
  agentId: "b".repeat(32),
  siteName: "studio",
  hostname: "transfer02",
  userName: "service",
  version: "2.0.0",
  startedAt: null,
  seenAt: 1_795_240_000,
  isLive: true,
  state: "idle",
  bytesPerSecond: 0,
  problems: [],
  held: 0,
};

const PROJECTS = [
  makeProjectOverview("calm", { sites: [makeOverviewSite("studio", 10)] }),
  makeProjectOverview("old", { isEnabled: false }),
  makeProjectOverview("feature", {
    sites: [makeOverviewSite("studio", 5), makeOverviewSite("prague", 7)],
    problems: [makeProblem()],
    queuedTotal: 12,
    moving: 3,
  }),
];

/** The panel in AYON's settings. */
function openSettings(isManager = true): FakeStudio & { user: ReturnType<typeof renderPanel>["user"] } {
  serveProject("feature");
  const studio = serveStudio({ projects: PROJECTS, agents: [AGENT] });
  server.use(serveUser({ name: "boss", data: { isManager } }));
  const page = new FakePage();
  const { user } = renderPanel({ token: null, page: page.asWindow });
  act(() => {
    page.say(makeHostMessage({ scope: "settings", projectName: undefined }));
  });
  return Object.assign(studio, { user });
}

function readTable(name: string): Promise<string[][]> {
  return screen.findByRole("region", { name }).then((region) =>
    within(region)
      .getAllByRole("row")
      .slice(1)
      .map((row) => within(row).getAllByRole("cell").map((cell) => cell.textContent.trim())),
  );
}

describe("the settings page", () => {
  it("lists all projects, those with problems first", async () => {
    openSettings();
    expect(await readTable("Projects")).toEqual([
      ["feature", "1 error", "2", "0", "0", "6", "4.0 MB/s"],
      ["calm", "healthy", "1", "0", "0", "3", "2.0 MB/s"],
      ["old", "not enabled", "0", "0", "0", "0", "–"],
    ]);
    const problems = within(screen.getByRole("list", { name: "Problems" }));
    expect(problems.getByRole("listitem").textContent).toMatch(
      /^Error: feature · sftp-prague: 27 files failed/,
    );
    const link = problems.getByRole("link", { name: /^Open project feature/ });
    expect(link.getAttribute("href")).toBe("#project=feature");
    expect((await readTable("Agents"))[0]?.slice(0, 2)).toEqual(["studio", "transfer02"]);
  });

  it("adds a site up over the projects that have it", async () => {
    openSettings();
    const rows = await readTable("Sites");
    expect(rows.map((row) => row.slice(0, 6))).toEqual([
      ["studio studio · 2 projects", "15 files · 15 kB", "0", "0", "6", "4.0 MB/s"],
      ["prague sftp · 1 project", "7 files · 7.0 kB", "0", "0", "3", "2.0 MB/s"],
    ]);
  });

  it("lets a manager pause everything, and a pause be ended where it is listed", async () => {
    const studio = openSettings();
    const { user } = studio;
    await user.click(await screen.findByRole("button", { name: "Pause everything" }));
    await screen.findByText("Everything is paused.");
    expect(studio.pauses).toMatchObject([{ scope: "all" }]);
    await user.click(await screen.findByRole("button", { name: "Resume: Everything" }));
    await screen.findByText("Everything goes on.");
    expect(studio.pauses).toEqual([]);

    await user.click(
      await screen.findByRole("button", { name: "Pause prague in all projects" }),
    );
    await screen.findByRole("button", { name: "Resume: Site prague" });
    expect(studio.pauses).toMatchObject([{ scope: "site", siteName: "prague" }]);
  });

  it("offers nobody else to pause what is everybody's", async () => {
    openSettings(false);
    await readTable("Projects");
    expect(screen.queryByRole("button", { name: /^Pause/ })).toBeNull();
  });

  it("hears of all projects and reads again", async () => {
    const studio = openSettings();
    await readTable("Projects");
    act(() => {
      FakeSocket.last.open();
    });
    expect(FakeSocket.last.sent).toMatchObject([{ topic: "auth", project: null }]);
    studio.overview = { ...studio.overview, projects: [makeProjectOverview("new")] };
    act(() => {
      FakeSocket.last.receive("sitesync.agents", { siteNames: ["studio"] });
    });
    await waitFor(async () => {
      expect((await readTable("Projects")).map(([name]) => name)).toEqual(["new"]);
    });
  });

  it("says so when there is no project", async () => {
    const studio = openSettings();
    studio.overview = { projects: [], agents: [] };
    await screen.findByText("There is no project for you");
  });
});
