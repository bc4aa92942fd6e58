import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { makeRow, makeSite } from "../../testing/factories";
import { renderPanel } from "../../testing/render";
import {
  answerQuery,
  type FakeProject,
  type Query,
  server,
  serveProject,
} from "../../testing/server";

const LIST = "#project=demo&view=representations";
const ROWS = Array.from({ length: 300 }, (_, index) =>
  makeRow(index, index < 150 ? { productType: "plate" } : {}),
);

function open(hash: string, part: Partial<FakeProject> = {}) {
  const project = serveProject("demo", { sites: [makeSite("studio")], rows: ROWS, ...part });
  return { project, ...renderPanel({ hash }) };
}

/** Holds back the count of a list; call what it gives to let it go. */
function holdCount(): () => void {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  server.use(
    http.post<never, Query>("*/demo/representations/query", async ({ request }) => {
      const query = await request.clone().json();
      if (query.withTotal === true) await held;
      // No answer of its own: the project's follows.
      return undefined;
    }),
  );
  return letGo;
}

describe("the total of the list", () => {
  it("comes after the first rows, which do not wait for it", async () => {
    serveProject("demo", { sites: [makeSite("studio")], rows: ROWS });
    const letGo = holdCount();
    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    const grid = screen.getByRole("grid");
    expect(grid.getAttribute("aria-rowcount")).toBe("-1");
    expect(grid.getAttribute("aria-busy")).toBe("true");
    expect(screen.queryByText(/representations/)).toBeNull();

    letGo();
    await screen.findByText("300 representations · 3,000 files · 300 kB");
    expect(grid.getAttribute("aria-rowcount")).toBe("301");
    expect(screen.getByRole("row", { name: /sh0000/ })).toBeTruthy();
  });

  it("of a filtered list is told beside the whole, files and bytes of what is listed", async () => {
    const { project } = open(`${LIST}&type=plate`);
    await screen.findByText("150 of 300 representations · 1,500 files · 150 kB");
    expect(project.counts.map((query) => query.productTypes ?? null)).toEqual(
      expect.arrayContaining([["plate"], null]),
    );
  });

  it("asks about the whole only beside a filter", async () => {
    const { project, user } = open(LIST);
    await screen.findByText(/^300 representations/);
    expect(project.counts).toHaveLength(1);
    await user.type(screen.getByRole("searchbox"), "sh0007");
    await screen.findByText("1 of 300 representations · 10 files · 1.0 kB");
    await waitFor(() => {
      expect(project.counts).toHaveLength(2);
    });
    await user.clear(screen.getByRole("searchbox"));
    await screen.findByText(/^300 representations/);
  });

  it("that is short needs no count, and says one as people do", async () => {
    const rows = [makeRow(0, { fileCount: 1, size: 0 })];
    const { project } = open(LIST, { rows });
    await screen.findByText("1 representation · 1 file");
    expect(project.counts).toEqual([]);
  });

  it("never says more of a list than there are in all", async () => {
    // What is published between the two answers is in one of them only.
    open(`${LIST}&type=plate`);
    const grown = [...ROWS, makeRow(300)].map((row) => ({ ...row, productType: "plate" }));
    server.use(
      http.post<never, Query>("*/demo/representations/query", async ({ request }) => {
        const query = await request.clone().json();
        if (query.withTotal !== true) return undefined;
        const rows = query.productTypes === undefined ? ROWS : grown;
        return HttpResponse.json(answerQuery(rows, query));
      }),
    );
    await screen.findByText("301 representations · 3,010 files · 301 kB");
  });
});
