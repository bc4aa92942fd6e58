import { act, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { makeAgent, makeProjectOverview, makeRow, makeSite, makeState } from "./testing/factories";
import { FakePage, makeHostMessage } from "./testing/fake-page";
import { FakeSocket } from "./testing/fake-socket";
import { renderPanel } from "./testing/render";
import { server, serveProject, serveStudio } from "./testing/server";

const SITES = [
  makeSite("studio"),
  makeSite("brisk-amber-fox", { agents: [makeAgent()] }),
  makeSite("gdrive", { kind: "configured", provider: "gdrive" }),
];

const LIST = "#project=demo&view=representations";

function makeRows(count: number) {
  return Array.from({ length: count }, (_, index) => makeRow(index));
}

/** The row's cells in words, as a screen reader tells them. */
async function readRow(name: RegExp): Promise<string[]> {
  const row = await screen.findByRole("row", { name });
  return within(row)
    .getAllByRole("gridcell")
    .map((cell) => cell.title || cell.textContent);
}

function connect(): void {
  act(() => {
    FakeSocket.last.open();
    FakeSocket.last.receive("heartbeat");
  });
}

describe("the list", () => {
  it("has a row for each representation and a column for each site", async () => {
    const moving = makeState({ status: 0, bytesDone: 590, filesSynced: 5 });
    serveProject("demo", {
      sites: SITES,
      rows: [makeRow(1, { sites: { studio: makeState(), "brisk-amber-fox": moving } })],
    });
    renderPanel({ hash: LIST });
    expect(await readRow(/sh0001/)).toEqual([
      "/shots/sh0001",
      "compMain · render",
      "v003",
      "exr",
      "10",
      "1.0 kB",
      "brisk-amber-fox: moving, 59 % (590 B of 1.0 kB), 5 of 10 files there",
      expect.stringMatching(/^studio: synced .*, verified$/),
      "gdrive: not there",
    ]);
    const grid = screen.getByRole("grid");
    expect(grid.getAttribute("aria-rowcount")).toBe("2");
    expect(grid.getAttribute("aria-colcount")).toBe("9");
    expect(screen.getByText("1 representation · 10 files · 1.0 kB")).toBeTruthy();
  });

  it("asks for pages as they are needed and draws only what is seen", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(1000) });
    const { user } = renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    expect(project.queries).toEqual([
      expect.objectContaining({ first: 100, after: null }),
    ]);
    expect(project.counts).toHaveLength(1);
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
    await screen.findByText("1,000 representations · 10,000 files · 1.0 MB");
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("1001");

    screen.getByRole("grid").focus();
    await user.keyboard("{PageDown}{PageDown}{PageDown}{PageDown}{PageDown}");
    await screen.findByRole("row", { name: /sh0100/ });
    // Only what is missing of the first two hundred.
    expect(project.queries).toContainEqual(
      expect.objectContaining({ first: 100, after: "99" }),
    );
    expect(project.anchorQueries).toEqual([]);

    await user.keyboard("{End}");
    await screen.findByRole("row", { name: /sh0999/ });
    expect(project.anchorQueries).toEqual([
      expect.objectContaining({ every: 200, most: 1000 }),
    ]);
    expect(project.queries).toContainEqual(expect.objectContaining({ after: "799" }));
    expect(screen.queryByRole("row", { name: /sh0000/ })).toBeNull();
  });

  it("is walked by keyboard", async () => {
    serveProject("demo", { sites: SITES, rows: makeRows(30) });
    const { user } = renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    const grid = screen.getByRole("grid");
    grid.focus();
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}{ArrowUp}");
    const active = screen.getByRole("row", { selected: true });
    expect(active.textContent).toContain("sh0001");
    expect(active.getAttribute("aria-rowindex")).toBe("3");
    expect(grid.getAttribute("aria-activedescendant")).toBe(active.id);
  });

  it("says why there is nothing", async () => {
    serveProject("demo", { sites: SITES });
    renderPanel({ hash: LIST });
    expect(await screen.findByText("Nothing is published here yet")).toBeTruthy();
  });

  it("tells the server's reason and tries again", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(1) });
    server.use(
      http.post(
        "*/representations/query",
        () => HttpResponse.json({ detail: "You may not read demo" }, { status: 403 }),
        { once: true },
      ),
    );
    const { user } = renderPanel({ hash: LIST });
    expect(await screen.findByText("You may not read demo")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("row", { name: /sh0000/ });
    expect(project.queries).toHaveLength(1);
  });
});

describe("live", () => {
  it("shows a change without a reload, reading only what changed", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(3) });
    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0001/ });
    connect();
    await waitFor(() => {
      expect(project.queries.length).toBeGreaterThan(1);
    });
    const changed = makeRow(1, { sites: { gdrive: makeState({ status: 1, bytesDone: 0 }) } });
    project.rows[1] = changed;
    project.queries.length = 0;
    act(() => {
      FakeSocket.last.receive("sitesync.state", {
        representationIds: [changed.representationId],
        siteNames: ["gdrive"],
        overflow: false,
      });
    });
    await waitFor(async () => {
      expect(await readRow(/sh0001/)).toContain("gdrive: queued, 10 of 10 files there");
    });
    expect(project.queries).toContainEqual(
      expect.objectContaining({ representationIds: [changed.representationId] }),
    );
  });

  it("shows a representation that was just published", async () => {
    const project = serveProject("demo", { sites: SITES });
    renderPanel({ hash: LIST });
    await screen.findByText("Nothing is published here yet");
    connect();
    project.rows.push(makeRow(7));
    act(() => {
      FakeSocket.last.receive("sitesync.state", {
        representationIds: [makeRow(7).representationId],
        siteNames: ["studio"],
        overflow: false,
      });
    });
    await screen.findByRole("row", { name: /sh0007/ }, { timeout: 4000 });
  });

  it("says how it is connected", async () => {
    serveProject("demo", { sites: SITES, rows: makeRows(1) });
    renderPanel({ hash: LIST });
    expect(await screen.findByText("connecting")).toBeTruthy();
    connect();
    expect(await screen.findByText("live")).toBeTruthy();
    act(() => {
      FakeSocket.last.drop();
    });
    expect(await screen.findByText("reconnecting")).toBeTruthy();
  });
});

describe("filters", () => {
  it("search on the server and stay in the address", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(30) });
    const { user } = renderPanel({ hash: LIST });
    await user.type(await screen.findByRole("searchbox"), "sh0021");
    await screen.findByText(/^1 representation/);
    expect(window.location.hash).toBe("#project=demo&view=representations&q=sh0021");
    expect(project.queries.at(-1)).toMatchObject({ search: "sh0021" });
  });

  it("offer to clear a search that finds nothing", async () => {
    serveProject("demo", { sites: SITES, rows: makeRows(2) });
    const { user } = renderPanel({ hash: "#project=demo&view=representations&q=100%25" });
    expect(await screen.findByText("Nothing matches “100%”")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Clear search and filters" }));
    await screen.findByText(/^2 representations/);
    expect(window.location.hash).toBe(LIST);
  });

  it("choose the columns, one at least", async () => {
    serveProject("demo", { sites: SITES, rows: makeRows(2) });
    const { user } = renderPanel({ hash: "#project=demo&view=representations&sites=studio,gdrive" });
    await screen.findByRole("row", { name: /sh0000/ });
    await user.click(screen.getByRole("button", { name: "Sites: 2 of 3" }));
    await user.click(screen.getByRole("checkbox", { name: /gdrive/ }));
    await waitFor(() => {
      expect(screen.queryByRole("columnheader", { name: /gdrive/ })).toBeNull();
    });
    expect(window.location.hash).toBe("#project=demo&view=representations&sites=studio");
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /studio/ }).disabled).toBe(true);

    await user.click(screen.getByRole("button", { name: "Usual choice" }));
    await screen.findByRole("columnheader", { name: /brisk-amber-fox/ });
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("checkbox")).toBeNull();
  });
});

describe("opening alone", () => {
  it("without a login says where to log in", async () => {
    renderPanel({ hash: LIST, token: null });
    expect(await screen.findByText("You are not logged in")).toBeTruthy();
    const link = screen.getByRole("link", { name: "Log in to AYON" });
    expect(link.getAttribute("href")).toBe("/");
  });

  it("with a login that has ended says so too", async () => {
    serveProject("demo");
    renderPanel({ hash: LIST, token: "old" });
    expect(await screen.findByText("You are not logged in")).toBeTruthy();
  });

  it("without a project lists all, each with a way to it", async () => {
    serveProject("demo");
    serveStudio({
      projects: [makeProjectOverview("demo"), makeProjectOverview("日本語")],
    });
    renderPanel();
    const table = within(await screen.findByRole("region", { name: "Projects" }));
    const links = table.getAllByRole("link");
    expect(links.map((link) => link.textContent)).toEqual(["demo", "日本語"]);
    expect(links[1]?.getAttribute("href")).toBe(`#project=${encodeURIComponent("日本語")}`);
  });

  it("opens the only project by itself", async () => {
    serveProject("demo", { sites: SITES, rows: makeRows(1) });
    serveStudio({ projects: [makeProjectOverview("demo")] });
    renderPanel();
    await screen.findByRole("heading", { name: "Needs attention" });
    await waitFor(() => {
      expect(window.location.hash).toBe("#project=demo");
    });
  });
});

describe("another login", () => {
  it("shows nothing that was read for the one before", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(2) });
    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    server.use(
      http.all("/api/*", ({ request }) =>
        request.headers.get("Authorization") === "Bearer of-another"
          ? HttpResponse.json({ detail: "You have no access to demo" }, { status: 403 })
          : undefined,
      ),
    );
    const asked = project.queries.length;
    window.localStorage.setItem("accessToken", "of-another");
    act(() => {
      window.dispatchEvent(new StorageEvent("storage", { key: "accessToken" }));
    });
    expect(await screen.findByText("You have no access to demo")).toBeTruthy();
    expect(screen.queryByRole("row")).toBeNull();
    expect(project.queries).toHaveLength(asked);
  });
});

describe("framed", () => {
  it("shows the host's project and follows its folders", async () => {
    const project = serveProject("demo", { sites: SITES, rows: makeRows(2) });
    const page = new FakePage();
    const { user } = renderPanel({ token: null, page: page.asWindow });
    expect(screen.getByRole("status").textContent).toBe("Waiting for AYON");
    act(() => {
      page.say(makeHostMessage());
    });
    await user.click(await screen.findByRole("link", { name: "Representations" }));
    await screen.findByRole("row", { name: /sh0000/ });
    expect(project.queries.at(-1)?.folderIds).toBeUndefined();

    act(() => {
      page.say(makeHostMessage({ context: { focused: { folders: ["f1"] } } }));
    });
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({ folderIds: ["f1"] });
    });
    const link = screen.getByRole("link", { name: "Copy link" });
    expect(link.getAttribute("href")).toMatch(
      /\/frontend\/#project=demo&view=representations&folders=f1$/,
    );
  });
});
