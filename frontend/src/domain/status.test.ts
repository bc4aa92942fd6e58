import { describe, expect, it } from "vitest";

import { isVerified, SITE_STATUSES, STATUS_LOOKS, toSiteStatus } from "./status";

describe("site status", () => {
  it("reads the six numbers of the wire", () => {
    expect(SITE_STATUSES.map(toSiteStatus)).toEqual([-1, 0, 1, 2, 3, 4]);
  });

  it.each([5, -2, 1.5, NaN])("takes %s for not there", (value) => {
    expect(toSiteStatus(value)).toBe(-1);
  });

  it("tells each status apart in words, not by colour alone", () => {
    const sentences = SITE_STATUSES.map((status) => STATUS_LOOKS[status].sentence);
    expect(new Set(sentences).size).toBe(SITE_STATUSES.length);
  });
});

describe("verified", () => {
  it("needs a proof of every file", () => {
    expect(isVerified({ status: 4, filesTotal: 3, filesVerified: 3 })).toBe(true);
    expect(isVerified({ status: 4, filesTotal: 3, filesVerified: 2 })).toBe(false);
  });

  it("is nothing that a moving or an empty representation can be", () => {
    expect(isVerified({ status: 0, filesTotal: 3, filesVerified: 3 })).toBe(false);
    expect(isVerified({ status: 4, filesTotal: 0, filesVerified: 0 })).toBe(false);
  });
});
