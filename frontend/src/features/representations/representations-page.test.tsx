import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { makeRow, makeSite } from "../../testing/factories";
import { renderPanel } from "../../testing/render";
import { serveProject } from "../../testing/server";

const NOW = Date.now() / 1000;
const SITES = [
  makeSite("studio"),
  makeSite("sftp-prague", { kind: "configured", provider: "sftp" }),
];

describe("filters and columns", () => {
  const LIST = "#project=demo&view=representations";

  it("narrow by status on a site and can be cleared", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user } = renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    await user.click(screen.getByRole("button", { name: "Status: any" }));
    const studio = within(screen.getByRole("group", { name: "studio" }));
    await user.click(studio.getByRole("checkbox", { name: "failed" }));
    await screen.findByText("Nothing matches these filters");
    expect(project.queries.at(-1)).toMatchObject({ statuses: { studio: [2] } });
    expect(window.location.hash).toBe(`${LIST}&status=studio%3A2`);
    await user.click(screen.getByRole("button", { name: "Clear: Status on each site" }));
    await screen.findByRole("row", { name: /sh0000/ });
  });

  it("narrow by type, size and age", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("button", { name: "More filters" }));
    await user.type(screen.getByLabelText("Product types"), "render, plate{Enter}");
    await user.type(screen.getByLabelText("At least, MB"), "1.5{Enter}");
    await user.click(screen.getByRole("button", { name: "Changed: any time" }));
    await user.click(screen.getByRole("radio", { name: "the last 7 days" }));
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({
        productTypes: ["render", "plate"],
        minSize: 1_500_000,
        changedSince: expect.closeTo(NOW - 7 * 86_400, -3) as number,
      });
    });
  });

  it("sort by a header, there and back", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("button", { name: /^studio/ }));
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({
        sortBy: "status",
        sortSite: "studio",
        sortDesc: false,
      });
    });
    await user.click(await screen.findByRole("button", { name: /^studio/ }));
    await screen.findByRole("columnheader", { name: /studio/, description: "" });
    await waitFor(() => {
      expect(window.location.hash).toBe(`${LIST}&sort=-status,studio`);
    });
  });

  it("hide and move columns, and remember it", async () => {
    serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user, unmount } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("button", { name: "Columns" }));
    await user.click(screen.getByRole("checkbox", { name: "Files" }));
    await user.click(
      screen.getByRole("button", { name: "Move Product to the left" }),
    );
    const readHeaders = () =>
      screen.getAllByRole("columnheader").map((header) => header.textContent);
    expect(readHeaders().slice(0, 3)).toEqual(["Product", "Folder", "Ver."]);
    expect(readHeaders()).not.toContain("Files");
    unmount();
    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    expect(readHeaders().slice(0, 2)).toEqual(["Product", "Folder"]);
  });

  it("are as a link says, before what is remembered, and in the link that is copied", async () => {
    serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const linked = `${LIST}&columns=product,folder,version&hidden=files`;
    const { user, unmount } = renderPanel({ hash: linked });
    await screen.findByRole("row", { name: /sh0000/ });
    const readHeaders = () =>
      screen.getAllByRole("columnheader").map((header) => header.textContent);
    expect(readHeaders().slice(0, 2)).toEqual(["Product", "Folder"]);
    expect(readHeaders()).not.toContain("Files");
    const readLink = () =>
      screen.getByRole<HTMLAnchorElement>("link", { name: "Copy link" }).hash;
    expect(readLink()).toBe(linked);
    await user.click(screen.getByRole("button", { name: "Columns" }));
    await user.click(screen.getByRole("checkbox", { name: "Size" }));
    expect(readHeaders()).not.toContain("Size");
    expect(readLink()).toBe(`${linked},size`);
    unmount();

    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    expect(readLink()).toBe(`${linked},size`);
  });
});
