import { describe, expect, it } from "vitest";

import { formatHash, parseHash } from "./hash-state";

describe("the address", () => {
  it("names project, sites and search", () => {
    expect(parseHash("#project=demo&sites=studio,brisk-amber-fox&q=comp")).toEqual({
      projectName: "demo",
      siteNames: ["studio", "brisk-amber-fox"],
      search: "comp",
    });
  });

  it.each(["", "#", "#project=&sites=&q=", "#nonsense&=x"])("%j says nothing", (hash) => {
    expect(parseHash(hash)).toEqual({ projectName: null, siteNames: null, search: "" });
  });

  it.each([
    { projectName: "demo", siteNames: null, search: "" },
    { projectName: "日本語", siteNames: ["a,b", "c&d=e", "50%"], search: "a+b &#=% 主人公" },
    { projectName: null, siteNames: null, search: "'" },
  ])("gives back what was put in: %j", (state) => {
    expect(parseHash(formatHash(state))).toEqual(state);
  });

  it("takes a percent sign typed by hand as it is", () => {
    expect(parseHash("#q=100%").search).toBe("100%");
  });
});
