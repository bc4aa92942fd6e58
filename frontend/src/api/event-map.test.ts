import { describe, expect, it, vi } from "vitest";

import { dispatchEvent } from "./event-map";

function makeHandlers() {
  return { "sitesync.state": vi.fn(), "sitesync.agents": vi.fn(), "sitesync.pauses": vi.fn() };
}

describe("an event", () => {
  it("reaches its handler", () => {
    const handlers = makeHandlers();
    const change = { representationIds: ["r1"], siteNames: ["studio"], overflow: false };
    dispatchEvent("sitesync.state", change, handlers);
    dispatchEvent("sitesync.agents", { siteNames: ["studio"] }, handlers);
    dispatchEvent("sitesync.pauses", {}, handlers);
    expect(handlers["sitesync.state"]).toHaveBeenCalledExactlyOnceWith(change);
    expect(handlers["sitesync.agents"]).toHaveBeenCalledExactlyOnceWith({
      siteNames: ["studio"],
    });
    expect(handlers["sitesync.pauses"]).toHaveBeenCalledOnce();
  });

  it.each(["heartbeat", "sitesync.", "sitesync.later", "toString", "entity.folder.created"])(
    "%s is none of ours",
    (topic) => {
      const handlers = makeHandlers();
      dispatchEvent(topic, {}, handlers);
      expect(handlers["sitesync.state"]).not.toHaveBeenCalled();
      expect(handlers["sitesync.agents"]).not.toHaveBeenCalled();
    },
  );

  it.each([undefined, null, "x", {}, { representationIds: [1, 2] }])(
    "that cannot be read (%j) means that anything may have changed",
    (summary) => {
      const handlers = makeHandlers();
      dispatchEvent("sitesync.state", summary, handlers);
      expect(handlers["sitesync.state"]).toHaveBeenCalledWith({
        representationIds: [],
        siteNames: [],
        overflow: true,
      });
    },
  );
});
