import { describe, expect, it } from "vitest";

import { NO_FILTER } from "../domain/list-filter";
import { formatHash, type HashState, parseHash, START } from "./hash-state";

describe("the address", () => {
  it("names project, view, sites and search", () => {
    const hash = "#project=demo&view=representations&sites=studio,brisk-amber-fox&q=comp";
    expect(parseHash(hash)).toEqual({
      ...START,
      projectName: "demo",
      view: "representations",
      siteNames: ["studio", "brisk-amber-fox"],
      filter: { ...NO_FILTER, search: "comp" },
    });
  });

  it.each(["", "#", "#project=&sites=&q=", "#nonsense&=x", "#view=x&sort=x&status=x:"])(
    "%j says nothing",
    (hash) => {
      expect(parseHash(hash)).toEqual(START);
    },
  );

  const full: HashState = {
    projectName: "日本語",
    view: "transfers",
    siteNames: ["a,b", "c&d=e", "50%"],
    filter: {
      search: "a+b &#=% 主人公, x",
      folderIds: ["f1", "f2"],
      representationIds: ["r1"],
      statuses: { "a:b": [0, 2], "gdrive,x": [-1] },
      productTypes: ["render", "camera rig"],
      representationNames: ["exr"],
      versions: [1, 21],
      minSize: 1000,
      maxSize: 2_000_000,
      changedDays: 7,
      hasError: true,
      errorText: "No space left, again",
    },
    sort: { by: "changed", site: "gdrive", isDescending: true },
    columns: { order: ["product", "site:a,b"], hidden: ["files", "+productType"] },
    openId: "r7",
    openSite: "studio",
  };

  it.each([START, { ...START, projectName: "demo" }, full])(
    "gives back what was put in: %j",
    (state) => {
      expect(parseHash(formatHash(state))).toEqual(state);
    },
  );

  it("takes a percent sign typed by hand as it is", () => {
    expect(parseHash("#q=100%").filter.search).toBe("100%");
  });
});
