import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Coalescer } from "./coalesce";

describe("a coalescer", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function make(gapMs = 0) {
    const finish: (() => void)[] = [];
    const work = vi.fn(() => new Promise<void>((resolve) => finish.push(resolve)));
    const coalescer = new Coalescer(work, 100, gapMs);
    coalescer.start();
    return { coalescer, work, finish };
  }

  it("works once for many calls", async () => {
    const { coalescer, work } = make();
    for (let call = 0; call < 5; call += 1) coalescer.request();
    expect(work).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("never works twice at a time, and once more for calls that came meanwhile", async () => {
    const { coalescer, work, finish } = make();
    coalescer.request();
    await vi.advanceTimersByTimeAsync(100);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    finish[0]?.();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(2);
    finish[1]?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("leaves a gap after the last run", async () => {
    const { coalescer, work, finish } = make(5000);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(100);
    finish[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(4900);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("rests longer after work that took long", async () => {
    const { coalescer, work, finish } = make(1000);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(100 + 2000);
    finish[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(17_900);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("does nothing once stopped", async () => {
    const { coalescer, work } = make();
    coalescer.request();
    coalescer.stop();
    coalescer.request();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).not.toHaveBeenCalled();
  });
});
