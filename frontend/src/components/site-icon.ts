import type { Site } from "../api/types";
import type { IconName } from "./icon";

const DRIVES = new Set(["local_drive", "local"]);

export function getSiteIcon(site: Pick<Site, "kind" | "provider">): IconName {
  if (site.kind === "machine") return "machine";
  if (site.kind === "studio" || DRIVES.has(site.provider)) return "drive";
  return site.provider === "sftp" ? "network" : "cloud";
}
