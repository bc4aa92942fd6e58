import { describe, expect, it } from "vitest";

import { makeAgent, makeSite } from "../../testing/factories";
import { chooseSites, keepChosen, orderSites } from "./choose-sites";

const SITES = orderSites([
  makeSite("zebra"),
  makeSite("gdrive", { kind: "configured" }),
  makeSite("brisk-amber-fox", { isActive: true }),
  makeSite("studio", { isRemote: true }),
], "artist");

describe("sites", () => {
  it("come in the order in which people look for them", () => {
    expect(SITES.map((site) => site.siteName)).toEqual([
      "brisk-amber-fox",
      "studio",
      "gdrive",
      "zebra",
    ]);
  });

  it("begin with the machine on which the user runs an agent", () => {
    const mine = makeSite("zebra", { agents: [makeAgent({ userName: "artist" })] });
    const sites = [makeSite("studio"), makeSite("anaconda"), mine];
    const order = (userName: string) =>
      orderSites(sites, userName).map((site) => site.siteName);
    expect(order("artist")).toEqual(["zebra", "studio", "anaconda"]);
    expect(order("another")).toEqual(["studio", "anaconda", "zebra"]);
  });

  it("are all shown when there are few", () => {
    expect(chooseSites(SITES, null)).toHaveLength(4);
  });

  it("are those that the address names, in the usual order", () => {
    expect(chooseSites(SITES, ["zebra", "studio", "unknown"])).toEqual(["studio", "zebra"]);
  });

  it("are the usual ones when the address names none that is known", () => {
    expect(chooseSites(SITES, ["unknown"])).toHaveLength(4);
  });

  it("leave out idle machines when there are many", () => {
    const machines = Array.from({ length: 40 }, (_, index) =>
      makeSite(`machine-${index.toString().padStart(2, "0")}`, {
        agents: [makeAgent({ isLive: index === 33 })],
      }),
    );
    expect(chooseSites(orderSites([...SITES, ...machines], null), null)).toEqual([
      "brisk-amber-fox",
      "studio",
      "gdrive",
      "machine-33",
    ]);
  });
});

describe("the panel's own choice of sites", () => {
  const makeMachines = (live: readonly number[]) =>
    Array.from({ length: 20 }, (_, index) =>
      makeSite(`machine-${index.toString().padStart(2, "0")}`, {
        agents: [makeAgent({ isLive: live.includes(index) })],
      }),
    );

  it("stays while machines come and go", () => {
    const kept = chooseSites(makeMachines([3, 5]), null);
    expect(keepChosen(makeMachines([5, 7]), null, kept)).toEqual([
      "machine-03",
      "machine-05",
    ]);
  });

  it("is made anew when no site of it is left, and gives way to the address", () => {
    expect(keepChosen(makeMachines([7]), null, ["gone"])).toEqual(["machine-07"]);
    expect(keepChosen(makeMachines([7]), ["machine-01"], ["machine-03"])).toEqual([
      "machine-01",
    ]);
  });

  it("takes in a new site where all are shown", () => {
    expect(keepChosen(SITES, null, ["studio"])).toHaveLength(4);
  });
});
