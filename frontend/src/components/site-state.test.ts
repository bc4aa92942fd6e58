import { describe, expect, it } from "vitest";

import { SITE_STATUSES } from "../domain/status";
import { makeState } from "../testing/factories";
import { describeSiteState } from "./site-state";

const NOW = 1_795_240_000;

describe("a site's state", () => {
  it("is not there without a row, and with a row that says so", () => {
    const expected = { icon: "none", text: "", sentence: "not there", fraction: 0 };
    expect(describeSiteState(undefined, "studio", NOW)).toMatchObject(expected);
    const row = makeState({ status: -1 });
    expect(describeSiteState(row, "studio", NOW)).toMatchObject(expected);
  });

  it("shows the age of what is verified", () => {
    const state = makeState({ changedAt: NOW - 7300 });
    expect(describeSiteState(state, "studio", NOW)).toMatchObject({
      icon: "verified",
      text: "2 h",
      fraction: 1,
      sentence: "synced 2 h ago, verified",
    });
  });

  it("says when somebody only claims it", () => {
    const state = makeState({ filesVerified: 4, changedAt: NOW - 60 });
    expect(describeSiteState(state, "studio", NOW)).toMatchObject({
      icon: "claimed",
      text: "unverified",
      sentence: "synced 1 min ago, 4 of 10 files verified",
    });
    const nothing = makeState({ filesVerified: 0, changedAt: null });
    expect(describeSiteState(nothing, "studio", NOW).sentence).toBe(
      "synced, not verified yet",
    );
  });

  it("shows how far it is while it moves, and which way", () => {
    const state = makeState({
      status: 0,
      filesSynced: 5,
      bytesDone: 1_700_000_000,
      bytesTotal: 2_900_000_000,
    });
    expect(describeSiteState(state, "studio", NOW)).toMatchObject({
      icon: "up",
      text: "59 %",
      sentence: "moving, 59 % (1.7 GB of 2.9 GB), 5 of 10 files there",
    });
    expect(describeSiteState(state, "machine", NOW).icon).toBe("down");
  });

  it("tells why it failed", () => {
    const state = makeState({
      status: 2,
      filesSynced: 9,
      filesFailed: 1,
      bytesDone: 900,
      message: "checksum mismatch",
    });
    expect(describeSiteState(state, "studio", NOW)).toMatchObject({
      icon: "failed",
      text: "failed",
      sentence: "failed, 90 % (900 B of 1.0 kB), 9 of 10 files there, 1 failed: checksum mismatch",
    });
  });

  it("has another picture and other words for each status", () => {
    const views = SITE_STATUSES.map((status) =>
      describeSiteState(makeState({ status, bytesDone: 300 }), "studio", NOW),
    );
    expect(new Set(views.map(({ icon }) => icon)).size).toBe(SITE_STATUSES.length);
    expect(new Set(views.map(({ text }) => text)).size).toBe(SITE_STATUSES.length);
  });
});
