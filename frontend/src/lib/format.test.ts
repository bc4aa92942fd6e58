import { describe, expect, it } from "vitest";

import {
  formatAge,
  formatAgo,
  formatBytes,
  formatPercent,
  formatRate,
  formatVersion,
  splitPath,
  toFraction,
} from "./format";

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [-5, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1500, "1.5 kB"],
    [9_949_000, "9.9 MB"],
    [9_960_000, "10 MB"],
    [999_600, "1.0 MB"],
    [2_900_000_000, "2.9 GB"],
    [412e12, "412 TB"],
    [5e18, "5000 PB"],
  ])("%d are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("tell a rate", () => {
    expect(formatRate(214e6)).toBe("214 MB/s");
  });
});

describe("age", () => {
  const day = 86_400;
  it.each([
    [-30, "now"],
    [59, "now"],
    [60, "1 min"],
    [3599, "59 min"],
    [7200, "2 h"],
    [day, "1 d"],
    [59 * day, "59 d"],
    [60 * day, "2 mo"],
    [800 * day, "2 y"],
  ])("of %d s is %s", (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });

  it("reads in a sentence", () => {
    expect([formatAgo(5), formatAgo(120)]).toEqual(["just now", "2 min ago"]);
  });
});

describe("progress", () => {
  it("says 100 % only when all is there, and more than 0 once it began", () => {
    const percents = [0, 1, 500, 99_999, 100_000].map((done) =>
      formatPercent(toFraction(done, 100_000)),
    );
    expect(percents).toEqual(["0 %", "1 %", "1 %", "99 %", "100 %"]);
  });

  it("of nothing is nothing", () => {
    expect(toFraction(0, 0)).toBe(0);
  });
});

describe("names", () => {
  it("show versions as AYON does", () => {
    expect([formatVersion(21), formatVersion(1000), formatVersion(-3)]).toEqual([
      "v021",
      "v1000",
      "hero",
    ]);
  });

  it("keep the last folder of a path apart", () => {
    expect(splitPath("/assets/主人公/body")).toEqual(["/assets/主人公/", "body"]);
    expect(splitPath("plain")).toEqual(["", "plain"]);
  });
});
