import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakePage, makeHostMessage } from "../testing/fake-page";
import { SessionStore } from "./session";

describe("alone", () => {
  it("uses the login that the browser has", () => {
    window.localStorage.setItem("accessToken", "t1");
    expect(new SessionStore(window).getSnapshot()).toEqual({
      state: "ready",
      token: "t1",
      host: null,
    });
  });

  it("is logged out without one, and in when another tab logs in", () => {
    const sessions = new SessionStore(window);
    const stop = sessions.start();
    const seen = vi.fn();
    sessions.subscribe(seen);
    expect(sessions.getSnapshot().state).toBe("loggedOut");
    window.localStorage.setItem("accessToken", "t2");
    window.dispatchEvent(new StorageEvent("storage", { key: "accessToken" }));
    expect(sessions.getToken()).toBe("t2");
    expect(seen).toHaveBeenCalledOnce();
    stop();
  });

  it("does not use a token again that the server refused", () => {
    window.localStorage.setItem("accessToken", "old");
    const sessions = new SessionStore(window);
    const stop = sessions.start();
    sessions.refuse("old");
    window.dispatchEvent(new StorageEvent("storage", { key: null }));
    expect(sessions.getSnapshot().state).toBe("loggedOut");
    stop();
  });
});

describe("framed", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function open() {
    const page = new FakePage();
    const sessions = new SessionStore(page.asWindow);
    const stop = sessions.start();
    return { page, sessions, stop };
  }

  it("asks until the page around it answers", () => {
    const { page, sessions, stop } = open();
    vi.advanceTimersByTime(1100);
    expect(page.asked).toEqual(Array(3).fill({ action: "request_context" }));
    expect(sessions.getSnapshot().state).toBe("waiting");
    page.say(makeHostMessage());
    vi.advanceTimersByTime(10_000);
    expect(page.asked).toHaveLength(3);
    expect(sessions.getSnapshot()).toMatchObject({
      state: "ready",
      token: "token-of-the-artist",
      host: { projectName: "demo" },
    });
    stop();
  });

  it("follows the folders that are selected there", () => {
    const { page, sessions, stop } = open();
    page.say(makeHostMessage());
    page.say(makeHostMessage({ context: { focused: { folders: ["f9"] } } }));
    expect(sessions.getSnapshot()).toMatchObject({ host: { folderIds: ["f9"] } });
    stop();
  });

  it.each([
    ["another origin", { origin: "https://evil.test" }],
    ["another window", { source: window }],
  ])("does not listen to %s", (_, from) => {
    const { page, sessions, stop } = open();
    page.say(makeHostMessage({ accessToken: "stolen" }), from);
    expect(sessions.getSnapshot().state).toBe("waiting");
    stop();
  });

  it("goes alone in a page that is not AYON", () => {
    window.localStorage.setItem("accessToken", "t3");
    const { sessions, stop } = open();
    vi.advanceTimersByTime(3000);
    expect(sessions.getSnapshot()).toEqual({ state: "ready", token: "t3", host: null });
    stop();
  });

  it("asks for a new token when the server refuses this one", () => {
    const { page, sessions, stop } = open();
    page.say(makeHostMessage());
    const asked = page.asked.length;
    sessions.refuse("token-of-the-artist");
    expect(sessions.getSnapshot().state).toBe("loggedOut");
    expect(page.asked).toHaveLength(asked + 1);
    page.say(makeHostMessage());
    expect(sessions.getSnapshot().state).toBe("loggedOut");
    page.say(makeHostMessage({ accessToken: "fresh" }));
    expect(sessions.getToken()).toBe("fresh");
    stop();
  });

  it("ignores a late refusal of a token that was replaced", () => {
    const { page, sessions, stop } = open();
    page.say(makeHostMessage({ accessToken: "fresh" }));
    sessions.refuse("old");
    expect(sessions.getToken()).toBe("fresh");
    stop();
  });
});
