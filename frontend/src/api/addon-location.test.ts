import { describe, expect, it } from "vitest";

import { parseAddonLocation, toAddonApiBase, toSocketUrl } from "./addon-location";

describe("the addon's place", () => {
  it.each([
    ["/addons/sitesync/2.0.0-dev.1/frontend/", "", "2.0.0-dev.1"],
    ["/addons/sitesync/2.0.0/frontend", "", "2.0.0"],
    ["/addons/sitesync/2.0.0/frontend/index.html", "", "2.0.0"],
    ["/studio/ayon/addons/sitesync/2.0.0/frontend/", "/studio/ayon", "2.0.0"],
  ])("is read from %s", (pathname, serverBase, addonVersion) => {
    const location = parseAddonLocation(pathname);
    expect(location).toEqual({ serverBase, addonName: "sitesync", addonVersion });
  });

  it.each(["/", "/addons/sitesync/frontend/", "/addons/sitesync/2.0.0/frontendx/"])(
    "is not in %s",
    (pathname) => {
      expect(parseAddonLocation(pathname)).toBeNull();
    },
  );

  it("tells where its API is", () => {
    const location = { serverBase: "/x", addonName: "sitesync", addonVersion: "2.0.0" };
    expect(toAddonApiBase(location)).toBe("/x/api/addons/sitesync/2.0.0");
  });

  it.each([
    ["https://ayon.test/a", "", "wss://ayon.test/ws"],
    ["http://localhost:5000/a", "/x", "ws://localhost:5000/x/ws"],
  ])("opens the socket of %s", (page, base, url) => {
    expect(toSocketUrl(new URL(page), base)).toBe(url);
  });
});
