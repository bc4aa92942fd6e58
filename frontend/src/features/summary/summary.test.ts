import { describe, expect, it } from "vitest";

import type { SiteTotals } from "../../api/types";
import { makeSite } from "../../testing/factories";
import { summarise } from "./summary";

function makeTotals(part: Partial<SiteTotals>): SiteTotals {
  return {
    representations: 1,
    files: 0,
    filesSynced: 0,
    filesVerified: 0,
    filesFailed: 0,
    bytes: 0,
    bytesDone: 0,
    ...part,
  };
}

describe("the summary", () => {
  it("adds up what sites have and want, without what is not wanted", () => {
    const studio = makeSite("studio", {
      totals: {
        "4": makeTotals({ files: 10, filesSynced: 10, bytesDone: 100 }),
        "-1": makeTotals({ files: 500 }),
      },
    });
    const fox = makeSite("brisk-amber-fox", {
      totals: {
        "0": makeTotals({ files: 5, filesSynced: 2, bytes: 50, bytesDone: 30 }),
        "2": makeTotals({ files: 3, filesFailed: 1 }),
      },
    });
    expect(summarise([studio, fox])).toEqual({
      filesSynced: 12,
      filesTotal: 18,
      filesFailed: 1,
      bytesLeft: 20,
    });
  });
});
