import type { SiteScan } from "../api/types";
import { formatAgo, formatCount } from "../lib/format";

/** How far a scan is, or what it found; `now` in epoch seconds. */
export function tellScan(scan: SiteScan, now: number): string {
  if (scan.finishedAt === null) {
    return scan.startedAt === null
      ? `scan asked for ${formatAgo(now - scan.requestedAt)}, waits for its agent`
      : `scanning, started ${formatAgo(now - scan.startedAt)}`;
  }
  if (scan.message !== null && scan.message !== "") {
    return `could not be scanned ${formatAgo(now - scan.finishedAt)}: ${scan.message}`;
  }
  const told = [`${formatCount(scan.found ?? 0)} found`];
  if (scan.missing !== null && scan.missing > 0) {
    told.push(`${formatCount(scan.missing)} missing`);
  }
  if (scan.different !== null && scan.different > 0) {
    told.push(`${formatCount(scan.different)} different`);
  }
  return `scanned ${formatAgo(now - scan.finishedAt)}: ${told.join(", ")}`;
}
