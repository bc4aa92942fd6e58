import { act, render, screen, waitFor } from "@testing-library/react";
import { Profiler } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { SessionStore } from "./api/session";
import { App } from "./app";
import { makeRow, makeSite, makeState } from "./testing/factories";
import { FakeSocket } from "./testing/fake-socket";
import { server, serveProject, TOKEN } from "./testing/server";

const SITES = [makeSite("studio"), makeSite("gdrive", { kind: "configured" })];
const CHANGES = 10_000;

/** Requests of the panel and the times that React drew something. */
const counted = { requests: 0, renders: 0 };

beforeEach(() => {
  counted.requests = 0;
  counted.renders = 0;
  server.events.on("request:start", () => {
    counted.requests += 1;
  });
});

afterEach(() => {
  server.events.removeAllListeners();
});

async function open(hash: string) {
  const rows = Array.from({ length: CHANGES }, (_, index) => makeRow(index));
  const project = serveProject("demo", { sites: SITES, rows });
  window.localStorage.setItem("accessToken", TOKEN);
  window.history.replaceState(null, "", window.location.pathname + hash);
  const onRender = () => {
    counted.renders += 1;
  };
  render(
    <Profiler id="panel" onRender={onRender}>
      <App sessions={new SessionStore(window)} />
    </Profiler>,
  );
  await waitFor(() => {
    expect(FakeSocket.opened.length).toBeGreaterThan(0);
  });
  act(() => {
    FakeSocket.last.open();
    FakeSocket.last.receive("heartbeat");
  });
  return project;
}

/** As many events as there are changes: more than the server would ever send. */
function sendBurst(ids: readonly string[]): void {
  act(() => {
    for (const id of ids) {
      FakeSocket.last.receive("sitesync.state", {
        representationIds: [id],
        siteNames: ["studio"],
        overflow: false,
      });
    }
  });
}

describe("a burst of 10,000 changes", () => {
  it("costs the list a handful of requests and renders, and ends with what is true", async () => {
    const project = await open("#project=demo&view=representations");
    await screen.findByRole("row", { name: /sh0000/ });
    const ids = project.rows.map((row) => row.representationId);
    const before = { ...counted };
    const rounds = 3;
    for (let round = 1; round <= rounds; round += 1) {
      const state = makeState({ status: 0, bytesDone: round * 100, filesSynced: 0 });
      project.rows[0] = makeRow(0, { sites: { studio: state } });
      sendBurst(ids);
      await waitFor(() => {
        const row = screen.getByRole("row", { name: /sh0000/ });
        expect(row.textContent).toContain(`${round * 10} %`);
      });
    }
    // Rows on the screen, rows that may be new, totals: once each in a round.
    expect(counted.requests - before.requests).toBeLessThanOrEqual(rounds * 8);
    expect(counted.renders - before.renders).toBeLessThanOrEqual(rounds * 20);
  });

  it("costs the overview one reading of each part", async () => {
    const project = await open("#project=demo");
    await screen.findByText("Nothing needs attention.");
    await screen.findByText("Nothing moves at the moment.");
    const before = { ...counted };
    const asked = vi.fn();
    server.events.on("request:start", ({ request }) => {
      asked(new URL(request.url).pathname);
    });
    project.transfers = { moving: [], queued: [], queuedTotal: 5 };
    sendBurst(project.rows.map((row) => row.representationId));
    await waitFor(() => {
      expect(asked.mock.calls.flat()).toContain("/api/addons/sitesync/2.0.0/demo/transfers");
    });
    expect(counted.requests - before.requests).toBeLessThanOrEqual(10);
    expect(counted.renders - before.renders).toBeLessThanOrEqual(30);
  });
});
