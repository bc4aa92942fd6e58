import { describe, expect, it } from "vitest";

import {
  moveColumn,
  orderIds,
  readLayout,
  resizeColumn,
  USUAL_LAYOUT,
  writeLayout,
} from "./column-layout";

const IDS = ["folder", "product", "studio", "gdrive"];

describe("columns", () => {
  it("keep their order until somebody moves one", () => {
    expect(orderIds(IDS, USUAL_LAYOUT)).toEqual(IDS);
    const moved = moveColumn(USUAL_LAYOUT, IDS, "gdrive", "product");
    expect(orderIds(IDS, moved)).toEqual(["folder", "gdrive", "product", "studio"]);
    const back = moveColumn(moved, orderIds(IDS, moved), "gdrive", "studio");
    expect(orderIds(IDS, back)).toEqual(IDS);
  });

  it("that are new come beside their neighbour, those that left are forgotten", () => {
    const layout = { ...USUAL_LAYOUT, order: ["gone", "studio", "product", "folder"] };
    expect(orderIds(IDS, layout)).toEqual(["studio", "gdrive", "product", "folder"]);
  });

  it("are neither too narrow nor too wide", () => {
    expect(resizeColumn(USUAL_LAYOUT, "folder", -5).widths).toEqual({ folder: 44 });
    expect(resizeColumn(USUAL_LAYOUT, "folder", 5000).widths).toEqual({ folder: 900 });
  });

  it("are remembered", () => {
    const layout = { order: IDS, widths: { folder: 90 }, hidden: ["product"] };
    writeLayout(localStorage, layout);
    expect(readLayout(localStorage)).toEqual(layout);
  });

  it.each(["", "no JSON", "[1]", '{"order": 1}', "null"])(
    "are the usual ones when %j is what is remembered",
    (text) => {
      localStorage.setItem("sitesync.columns", text);
      expect(readLayout(localStorage)).toEqual(USUAL_LAYOUT);
    },
  );
});
