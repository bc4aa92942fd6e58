import { describe, expect, it } from "vitest";

import { makeHostMessage } from "../testing/fake-page";
import { parseHostMessage } from "./host-message";

describe("a message of the host", () => {
  it("tells who looks at what", () => {
    const message = makeHostMessage({
      context: { focused: { folders: ["f1", "f2"] } },
    });
    expect(parseHostMessage(message)).toEqual({
      token: "token-of-the-artist",
      projectName: "demo",
      folderIds: ["f1", "f2"],
      addonName: "sitesync",
      addonVersion: "2.0.0",
    });
  });

  it("has no project in the settings", () => {
    const context = { projectName: "opened-before", focused: { folders: [] } };
    const message = makeHostMessage({ scope: "settings", projectName: undefined, context });
    expect(parseHostMessage(message)?.projectName).toBeNull();
  });

  it.each([
    null,
    "text",
    {},
    { type: "webpackOk" },
    { scope: "project" },
    { scope: 1, accessToken: "x" },
    { scope: "project", accessToken: "" },
  ])("is not %j", (data) => {
    expect(parseHostMessage(data)).toBeNull();
  });

  it("may say folders in a way we do not know", () => {
    const message = makeHostMessage({ context: { focused: { folders: "f1" } } });
    expect(parseHostMessage(message)?.folderIds).toEqual([]);
  });
});
