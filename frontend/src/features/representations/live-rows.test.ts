import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { RepresentationRow } from "../../api/types";
import { makeRow } from "../../testing/factories";
import { LiveRows } from "./live-rows";

const ROWS = Array.from({ length: 10 }, (_, index) => makeRow(index));
const IDS = ROWS.map((row) => row.representationId);
/** Longer than events are gathered, shorter than the gap between reloads. */
const SOON = 300;

describe("live rows", () => {
  let isWatched: boolean;
  let isLoading: boolean;
  const fetchRows = vi.fn<(ids: readonly string[]) => Promise<RepresentationRow[]>>();
  const hasNewRows = vi.fn<(ids: readonly string[]) => Promise<boolean>>();
  const putRows = vi.fn();
  const reload = vi.fn<() => Promise<void>>();
  let live: LiveRows;

  beforeEach(() => {
    vi.useFakeTimers();
    isWatched = true;
    isLoading = false;
    fetchRows.mockReset().mockImplementation((ids) =>
      Promise.resolve(ROWS.filter((row) => ids.includes(row.representationId))),
    );
    hasNewRows.mockReset().mockResolvedValue(false);
    putRows.mockReset();
    reload.mockReset().mockResolvedValue();
    live = new LiveRows({
      getLoadedIds: () => IDS,
      isWatched: () => isWatched,
      isLoading: () => isLoading,
      fetchRows,
      hasNewRows,
      putRows,
      reload,
    });
    live.start();
    live.onVisibleChange(IDS.slice(0, 4));
  });

  afterEach(() => {
    live.stop();
    vi.useRealTimers();
  });

  function change(...representationIds: (string | undefined)[]): void {
    live.onStateChange({
      representationIds: representationIds.filter((id) => id !== undefined),
      siteNames: [],
      overflow: false,
    });
  }

  it("reads only what is on the screen, once for many events", async () => {
    change(IDS[0], IDS[9]);
    change(IDS[0]);
    change(IDS[2]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(fetchRows).toHaveBeenCalledExactlyOnceWith([IDS[0], IDS[2]]);
    expect(putRows).toHaveBeenCalledExactlyOnceWith([ROWS[0], ROWS[2]]);
    expect(reload).not.toHaveBeenCalled();
  });

  it("reads all that is loaded when more is new than can be asked about", async () => {
    change(...Array.from({ length: 60_000 }, (_, index) => `new-${index}`));
    await vi.advanceTimersByTimeAsync(2 * SOON);
    expect(hasNewRows).not.toHaveBeenCalled();
    expect(reload).toHaveBeenCalledOnce();
  });

  it("reads a row that changed out of sight when it comes into sight", async () => {
    change(IDS[9]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(fetchRows).not.toHaveBeenCalled();
    live.onVisibleChange(IDS.slice(6));
    await vi.advanceTimersByTimeAsync(SOON);
    expect(fetchRows).toHaveBeenCalledExactlyOnceWith([IDS[9]]);
  });

  it("reads the screen and then the list when an event could not name all", async () => {
    live.onResync();
    await vi.advanceTimersByTimeAsync(SOON);
    expect(fetchRows).toHaveBeenCalledExactlyOnceWith(IDS.slice(0, 4));
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it("asks once whether an unknown row belongs among the loaded ones", async () => {
    change("elsewhere");
    await vi.advanceTimersByTimeAsync(SOON);
    change("elsewhere");
    await vi.advanceTimersByTimeAsync(SOON);
    expect(hasNewRows).toHaveBeenCalledExactlyOnceWith(["elsewhere"]);
    expect(reload).not.toHaveBeenCalled();
  });

  it("reloads for rows that came, not more often than every 5 s", async () => {
    hasNewRows.mockResolvedValue(true);
    change("new-1");
    await vi.advanceTimersByTimeAsync(2 * SOON);
    expect(reload).toHaveBeenCalledTimes(1);
    change("new-2");
    await vi.advanceTimersByTimeAsync(4000);
    expect(reload).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(reload).toHaveBeenCalledTimes(2);
  });

  it("reloads when a row on the screen is gone", async () => {
    fetchRows.mockResolvedValue([]);
    change(IDS[1]);
    await vi.advanceTimersByTimeAsync(2 * SOON);
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it("tries again, with the next hint, what it failed to read", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    fetchRows.mockRejectedValueOnce(new Error("no connection"));
    change(IDS[1]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(putRows).not.toHaveBeenCalled();
    expect(warned).toHaveBeenCalledOnce();
    change(IDS[2]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(putRows).toHaveBeenCalledExactlyOnceWith([ROWS[1], ROWS[2]]);
  });

  it("asks nothing while nobody looks and all of it afterwards", async () => {
    isWatched = false;
    change(IDS[1]);
    live.onResync();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(fetchRows).not.toHaveBeenCalled();
    expect(reload).not.toHaveBeenCalled();
    isWatched = true;
    live.catchUp();
    await vi.advanceTimersByTimeAsync(6000);
    expect(fetchRows).toHaveBeenCalledExactlyOnceWith(IDS.slice(0, 4));
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it("reads rows again that pages under way may have put back", async () => {
    isLoading = true;
    change(IDS[1]);
    await vi.advanceTimersByTimeAsync(SOON);
    isLoading = false;
    live.onPagesLoaded();
    await vi.advanceTimersByTimeAsync(SOON);
    expect(fetchRows.mock.calls).toEqual([[[IDS[1]]], [[IDS[1]]]]);
  });
});
