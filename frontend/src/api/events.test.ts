import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeSocket } from "../testing/fake-socket";
import { type ConnectionStatus, EventSocket } from "./events";

describe("the event socket", () => {
  const statuses: ConnectionStatus[] = [];
  const onResync = vi.fn();
  const onState = vi.fn();
  const probe = vi.fn<() => Promise<unknown>>();
  let socket: EventSocket;
  let token = "t1";

  beforeEach(() => {
    vi.useFakeTimers();
    statuses.length = 0;
    onResync.mockClear();
    onState.mockClear();
    probe.mockReset().mockResolvedValue(null);
    token = "t1";
    socket = new EventSocket({
      url: "wss://ayon.test/ws",
      projectName: "demo",
      getToken: () => token,
      handlers: {
        "sitesync.state": onState,
        "sitesync.agents": vi.fn(),
        "sitesync.pauses": vi.fn(),
      },
      onStatus: (status) => statuses.push(status),
      onResync,
      probe,
    });
    socket.start();
  });

  afterEach(() => {
    socket.stop();
    vi.useRealTimers();
  });

  /** More than the longest wait before another attempt. */
  const LONG = 15_000;

  function connect(): void {
    FakeSocket.last.open();
    FakeSocket.last.receive("heartbeat");
  }

  it("logs in and subscribes to all of our topics", () => {
    FakeSocket.last.open();
    expect(FakeSocket.last.url).toBe("wss://ayon.test/ws");
    expect(FakeSocket.last.sent).toEqual([
      { topic: "auth", token: "t1", subscribe: ["sitesync."], project: "demo" },
    ]);
  });

  it("hands events on and lives through what it cannot read", () => {
    connect();
    FakeSocket.last.onmessage?.({ data: "no JSON" });
    FakeSocket.last.onmessage?.({ data: "[1]" });
    const change = { representationIds: ["r1"], siteNames: [], overflow: false };
    FakeSocket.last.receive("sitesync.state", change);
    expect(onState).toHaveBeenCalledExactlyOnceWith(change);
    expect(statuses.at(-1)).toBe("live");
  });

  it("reads the state again once the first connection is known to work", () => {
    FakeSocket.last.open();
    expect(onResync).not.toHaveBeenCalled();
    FakeSocket.last.receive("heartbeat");
    FakeSocket.last.receive("heartbeat");
    expect(onResync).toHaveBeenCalledTimes(1);
  });

  it("connects again after a loss, with the present token, and reads the state again", () => {
    connect();
    onResync.mockClear();
    token = "t2";
    FakeSocket.last.drop();
    expect(statuses.at(-1)).toBe("reconnecting");
    vi.advanceTimersByTime(LONG);
    expect(FakeSocket.opened).toHaveLength(2);
    FakeSocket.last.open();
    expect(FakeSocket.last.sent[0]).toMatchObject({ token: "t2" });
    expect(statuses.at(-1)).toBe("live");
    expect(onResync).toHaveBeenCalledTimes(1);
  });

  it("asks after 15 s of silence and stays when the server answers", async () => {
    connect();
    const first = FakeSocket.last;
    await vi.advanceTimersByTimeAsync(14_000);
    first.receive("heartbeat");
    await vi.advanceTimersByTimeAsync(14_000);
    expect(probe).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(probe).toHaveBeenCalledTimes(5);
    expect(first.sent).toHaveLength(6);
    expect(first.sent.at(-1)).toEqual(first.sent[0]);
    expect(first.isClosed).toBe(false);
    expect(statuses.at(-1)).toBe("live");
  });

  it.each([
    ["refuses", () => Promise.reject(new Error("gone"))],
    ["hangs", () => new Promise(() => undefined)],
  ])("takes silence for a loss when the server %s", async (_, answer) => {
    connect();
    probe.mockImplementation(answer);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSocket.opened[0]?.isClosed).toBe(true);
    expect(statuses).toContain("reconnecting");
  });

  it("replaces a connection that has been silent for minutes", async () => {
    connect();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(FakeSocket.opened[0]?.isClosed).toBe(true);
    expect(FakeSocket.opened.length).toBeGreaterThan(1);
  });

  it("does not say live again while the server ends each connection unheard", () => {
    FakeSocket.last.open();
    FakeSocket.last.drop();
    vi.advanceTimersByTime(LONG);
    FakeSocket.last.open();
    expect(statuses.at(-1)).toBe("reconnecting");
    FakeSocket.last.receive("heartbeat");
    expect(statuses.at(-1)).toBe("live");
  });

  it("waits longer with each failure and says offline", () => {
    connect();
    vi.spyOn(Math, "random").mockReturnValue(1);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const count = FakeSocket.opened.length;
      FakeSocket.last.drop();
      let waited = 0;
      while (FakeSocket.opened.length === count) {
        vi.advanceTimersByTime(500);
        waited += 500;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(statuses.at(-1)).toBe("offline");
    connect();
    expect(statuses.at(-1)).toBe("live");
  });

  it("tries at once when the browser is online again", () => {
    connect();
    FakeSocket.last.drop();
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.opened).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it("stays closed once stopped", () => {
    connect();
    const first = FakeSocket.last;
    socket.stop();
    vi.advanceTimersByTime(60_000);
    window.dispatchEvent(new Event("online"));
    expect(first.isClosed).toBe(true);
    expect(FakeSocket.opened).toHaveLength(1);
  });
});
