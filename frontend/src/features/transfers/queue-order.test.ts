import { describe, expect, it } from "vitest";

import type { QueuedTransfer } from "../../api/contract";
import { planMove } from "./queue-order";

function makeQueue(
  priorities: readonly number[],
  part: Partial<QueuedTransfer> = {},
): QueuedTransfer[] {
  return priorities.map((priority, index) => ({
    representationId: String(index),
    siteName: "nas",
    folderPath: "/shots",
    product: `part${index}`,
    version: 1,
    representation: "exr",
    filesTotal: 1,
    filesDone: 0,
    bytesTotal: 1,
    bytesDone: 0,
    position: index + 1,
    priority,
    dueAt: 1000,
    lastError: null,
    ...part,
  }));
}

/** Orders as the server does and tells the products in their new order. */
function move(queue: readonly QueuedTransfer[], from: number, to: number): string[] | null {
  const changes = planMove(queue, from, to, true);
  if (changes === null) return null;
  const changed = queue.map((one) => {
    const change = changes.find(
      ({ siteName, representationIds }) =>
        siteName === one.siteName && representationIds.includes(one.representationId),
    );
    return { ...one, priority: change?.priority ?? one.priority };
  });
  changed.sort(
    (a, b) =>
      b.priority - a.priority ||
      a.dueAt - b.dueAt ||
      a.representationId.localeCompare(b.representationId),
  );
  return changed.map((one) => one.representationId);
}

describe("a transfer that is dragged", () => {
  const equal = makeQueue([50, 50, 50, 50, 50]);

  it.each([
    [4, 0, "40123"],
    [4, 2, "01423"],
    [3, 1, "03124"],
    [0, 4, "12340"],
    [0, 2, "12034"],
    [1, 3, "02314"],
    [1, 2, "02134"],
  ])("among equals from %i goes to %i and nowhere else", (from, to, order) => {
    expect(move(equal, from, to)?.join("")).toBe(order);
  });

  it("comes where it is put among those that were raised before", () => {
    const queue = makeQueue([51, 50, 50, 50, 51]).sort((a, b) => b.priority - a.priority);
    expect(queue.map((one) => one.representationId).join("")).toBe("04123");
    expect(move(queue, 0, 3)?.join("")).toBe("41203");
  });

  it("takes the priority of its new neighbours where that is enough", () => {
    const queue = makeQueue([90, 50, 10]);
    expect(planMove(queue, 2, 1, true)).toEqual([
      { siteName: "nas", representationIds: ["2"], priority: 51 },
    ]);
  });

  it("that stays where it is changes nothing", () => {
    expect(planMove(equal, 2, 2, true)).toBeNull();
  });

  it("is not put before the highest priority or behind what is not shown", () => {
    expect(planMove(makeQueue([1000, 50]), 1, 0, true)).toBeNull();
    expect(planMove(equal, 0, 4, false)).toBeNull();
  });

  it("changes each site apart", () => {
    const cloud = makeQueue([50], { siteName: "cloud" });
    const queue = [...cloud, ...makeQueue([50, 50, 50]).slice(1)];
    expect(planMove(queue, 2, 1, true)).toEqual([
      { siteName: "nas", representationIds: ["2"], priority: 51 },
      { siteName: "cloud", representationIds: ["0"], priority: 51 },
    ]);
  });
});
