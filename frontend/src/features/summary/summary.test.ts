import { describe, expect, it } from "vitest";

import type { SiteTotals } from "../../api/types";
import { makeSite } from "../../testing/factories";
import { addSample, type ByteSample, measureRate, summarise } from "./summary";

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
      bytesDone: 130,
      bytesLeft: 20,
      isMoving: true,
    });
    expect(summarise([studio]).isMoving).toBe(false);
  });
});

describe("the rate", () => {
  function sampleAll(...points: [atSeconds: number, bytesDone: number][]) {
    return points.reduce<readonly ByteSample[]>(
      (samples, [atSeconds, bytesDone]) => addSample(samples, { atSeconds, bytesDone }),
      [],
    );
  }

  it("is what was done over the time it took", () => {
    expect(measureRate(sampleAll([0, 0], [3, 30], [6, 120]))).toBe(20);
  });

  it("forgets what was long ago", () => {
    expect(measureRate(sampleAll([0, 0], [100, 1000], [110, 2000]))).toBe(100);
  });

  it("is unknown with too little to go by, and when nothing arrives", () => {
    expect(measureRate([])).toBeNull();
    expect(measureRate(sampleAll([0, 5]))).toBeNull();
    expect(measureRate(sampleAll([0, 5], [0.5, 50]))).toBeNull();
    expect(measureRate(sampleAll([0, 5], [5, 5]))).toBeNull();
  });

  it("starts anew when there is less than before", () => {
    expect(measureRate(sampleAll([0, 1000], [3, 500], [6, 530]))).toBe(10);
  });
});
