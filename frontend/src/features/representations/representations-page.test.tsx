import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { makeRow, makeSite, makeState } from "../../testing/factories";
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

  it("by the folders of a link are told and taken away", async () => {
    const project = serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user } = renderPanel({ hash: `${LIST}&folders=f1,f2` });
    const chip = await screen.findByRole("button", { name: /^Folders: 2/ });
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({ folderIds: ["f1", "f2"] });
    });
    await user.click(chip);
    await waitFor(() => {
      expect(project.queries.at(-1)).not.toHaveProperty("folderIds");
    });
    expect(screen.queryByRole("button", { name: /^Folders:/ })).toBeNull();
    expect(window.location.hash).toBe(LIST);
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

  it("are made wider and narrower without a mouse too, and remembered", async () => {
    serveProject("demo", { sites: SITES, rows: [makeRow(0)] });
    const { user, unmount } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("button", { name: "Columns" }));
    const columns = within(screen.getByRole("group", { name: "Columns and their order" }));
    const width = columns.getByRole("slider", { name: "Width of Product" });
    fireEvent.change(width, { target: { value: "204" } });
    const header = () => screen.getByRole("columnheader", { name: /^Product/ });
    expect(header().style.minWidth).toBe("204px");
    unmount();
    renderPanel({ hash: LIST });
    await screen.findByRole("row", { name: /sh0000/ });
    expect(header().style.minWidth).toBe("204px");
  });

  it("tell priority and last change on the site of the order, or on the first", async () => {
    const changed = { changedAt: NOW - 3 * 86_400 - 60 };
    const row = makeRow(0, {
      sites: {
        studio: makeState({ priority: 50, changedAt: NOW }),
        "sftp-prague": makeState({ priority: 80, ...changed }),
      },
    });
    const project = serveProject("demo", { sites: SITES, rows: [row] });
    const shown = "&hidden=%2Bpriority,%2Bchanged";
    const { user } = renderPanel({ hash: `${LIST}${shown}` });
    await screen.findByRole("row", { name: /sh0000/ });
    const readCells = () =>
      screen.getAllByRole("gridcell").map((cell) => cell.textContent).slice(-4, -2);
    expect(readCells()).toEqual(["50", "now"]);
    await user.click(screen.getByRole("button", { name: "Sort: folder" }));
    await user.click(screen.getByRole("radio", { name: /^priority/ }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Site" }), "sftp-prague");
    await waitFor(() => {
      expect(readCells()).toEqual(["80", "3 d"]);
    });
    await user.click(screen.getByRole("button", { name: "Changed" }));
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({
        sortBy: "changed",
        sortSite: "sftp-prague",
      });
    });
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
