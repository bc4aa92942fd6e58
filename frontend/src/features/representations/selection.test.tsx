import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { makeRow, makeSite } from "../../testing/factories";
import { renderPanel } from "../../testing/render";
import { server, serveProject } from "../../testing/server";
import { MOST_IN_RANGE } from "./selection";

const LIST = "#project=demo&view=representations";
const SITES = [makeSite("studio"), makeSite("gdrive", { kind: "configured" })];

async function open(rowCount: number) {
  const rows = Array.from({ length: rowCount }, (_, index) => makeRow(index));
  const project = serveProject("demo", { sites: SITES, rows });
  const { user } = renderPanel({ hash: LIST });
  await user.click(await screen.findByRole("row", { name: /sh0001/ }));
  await screen.findByText(/^1 selected/);
  const told = new RegExp(`^${rowCount.toLocaleString("en")} representations`);
  await screen.findByText(told);
  return { project, user, rows };
}

describe("a selection", () => {
  it("takes in rows of a range that nobody has looked at", async () => {
    const { project, user, rows } = await open(3000);
    screen.getByRole("grid").focus();
    await user.keyboard("{Shift>}{End}{/Shift}");
    await screen.findByText(/^2,999 selected/);
    await user.click(screen.getByRole("button", { name: "Retry…" }));
    await user.click(await screen.findByRole("checkbox", { name: /gdrive/ }));
    await waitFor(() => {
      expect(project.verbs.at(-1)?.selection).toEqual({
        representationIds: rows.slice(1).map((row) => row.representationId),
      });
    });
  });

  it("is the row that End leads to, although it was not read before", async () => {
    const { project, user, rows } = await open(3000);
    screen.getByRole("grid").focus();
    await user.keyboard("{End}");
    await screen.findByRole("row", { name: /sh2999/, selected: true });
    await user.click(screen.getByRole("button", { name: "Retry…" }));
    await user.click(await screen.findByRole("checkbox", { name: /gdrive/ }));
    await waitFor(() => {
      expect(project.verbs.at(-1)?.selection).toEqual({
        representationIds: [rows.at(-1)?.representationId],
      });
    });
  });

  it("stays as it is, with a word, when a range is too long", async () => {
    const { user } = await open(MOST_IN_RANGE + 2);
    screen.getByRole("grid").focus();
    await user.keyboard("{Shift>}{End}{/Shift}");
    await screen.findByText(/Shift selects at most 10,000 rows/);
    expect(screen.getByText(/^1 selected/)).toBeTruthy();
  });

  it("stays as it is, with a word, when a range cannot be read", async () => {
    const { user } = await open(3000);
    server.use(
      http.post("*/representations/*", () =>
        HttpResponse.json({ detail: "Not now" }, { status: 400 }),
      ),
    );
    screen.getByRole("grid").focus();
    await user.keyboard("{Shift>}{End}{/Shift}");
    await screen.findByText(/^Nothing was selected: /);
    expect(screen.getByText(/^1 selected/)).toBeTruthy();
  });

  it("becomes everything that matches by a button too", async () => {
    const { project, user } = await open(300);
    await user.click(screen.getByRole("button", { name: "Select all 300" }));
    await screen.findByText(/^300 selected/);
    expect(screen.queryByRole("button", { name: "Select all 300" })).toBeNull();
    const verb = screen.getByRole("button", { name: "Sync to…" });
    expect(document.activeElement).toBe(verb);
    await user.click(verb);
    await user.click(await screen.findByRole("checkbox", { name: /gdrive/ }));
    await waitFor(() => {
      expect(project.verbs.at(-1)?.selection).toEqual({ all: true });
    });
  });

  it("outlasts another choice of sites, but not another filter", async () => {
    const { user } = await open(5);
    await user.click(screen.getByRole("button", { name: "Sites: 2 of 2" }));
    await user.click(screen.getByRole("checkbox", { name: /gdrive/ }));
    await screen.findByRole("button", { name: "Sites: 1 of 2" });
    await screen.findByText(/^1 selected/);
    await user.type(screen.getByRole("searchbox"), "comp");
    await waitFor(() => {
      expect(screen.queryByRole("toolbar")).toBeNull();
    });
  });
});
