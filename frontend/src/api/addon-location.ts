export type AddonLocation = {
  /** `""`, or the path under which a proxy publishes the whole server. */
  serverBase: string;
  addonName: string;
  addonVersion: string;
};

const FRONTEND_PATH = /^(.*)\/addons\/([^/]+)\/([^/]+)\/frontend(?:\/|$)/;

/**
 * The page lies under `/addons/<name>/<version>/frontend/` and its API under
 * `/api/addons/<name>/<version>`, so a page never talks to another version.
 */
export function parseAddonLocation(pathname: string): AddonLocation | null {
  const match = FRONTEND_PATH.exec(pathname);
  if (match === null) return null;
  const [, serverBase = "", addonName = "", addonVersion = ""] = match;
  return { serverBase, addonName, addonVersion };
}

export function toAddonApiBase(location: AddonLocation): string {
  return `${location.serverBase}/api/addons/${location.addonName}/${location.addonVersion}`;
}

/** The address of the server's websocket, with the page's own security. */
export function toSocketUrl(page: URL, serverBase: string): string {
  const scheme = page.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${page.host}${serverBase}/ws`;
}
