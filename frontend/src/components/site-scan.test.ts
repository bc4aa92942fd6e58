import { describe, expect, it } from "vitest";

import { tellScan } from "./site-scan";

const NOW = 10_000;
const ASKED = {
  requestedAt: NOW - 120,
  startedAt: null,
  finishedAt: null,
  found: null,
  missing: null,
  different: null,
  message: null,
};

describe("a scan", () => {
  it("waits, goes on and tells what it found", () => {
    expect(tellScan(ASKED, NOW)).toBe("scan asked for 2 min ago, waits for its agent");
    const started = { ...ASKED, startedAt: NOW - 60 };
    expect(tellScan(started, NOW)).toBe("scanning, started 1 min ago");
    const done = { ...started, finishedAt: NOW - 5, found: 1200, missing: 0, different: 0 };
    expect(tellScan(done, NOW)).toBe("scanned just now: 1,200 found");
    expect(tellScan({ ...done, missing: 3, different: 1 }, NOW)).toBe(
      "scanned just now: 1,200 found, 3 missing, 1 different",
    );
    expect(tellScan({ ...done, message: "Its root is not mounted" }, NOW)).toBe(
      "could not be scanned just now: Its root is not mounted",
    );
  });
});
