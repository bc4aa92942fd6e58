import type { Site } from "../../api/types";
import { type ListFilter, NO_FILTER } from "../../domain/list-filter";
import { STATUS } from "../../domain/status";
import { formatBytes, formatNumberOf } from "../../lib/format";

export type Problem = {
  siteName: string;
  severity: "error" | "warning";
  text: string;
  detail: string;
  /** What it is about. */
  filter: ListFilter;
  representations: number;
};

/** What the totals say that somebody should look at, the worst first. */
export function findProblems(sites: readonly Site[]): readonly Problem[] {
  return sites
    .flatMap((site) => [findFailed(site), findIdle(site)])
    .filter((problem) => problem !== null)
    .sort(
      (a, b) =>
        Number(b.severity === "error") - Number(a.severity === "error") ||
        b.representations - a.representations,
    );
}

function onlyStatus(site: Site, status: number): ListFilter {
  return { ...NO_FILTER, statuses: { [site.siteName]: [status] } };
}

function findFailed(site: Site): Problem | null {
  const total = site.totals[String(STATUS.failed)];
  if (total === undefined || total.representations === 0) return null;
  const failed = Math.max(1, total.filesFailed);
  return {
    siteName: site.siteName,
    severity: "error",
    text: `${site.siteName}: ${formatNumberOf(failed, "file")} failed`,
    detail: "Open one to see why; retry when the cause is gone.",
    filter: onlyStatus(site, STATUS.failed),
    representations: total.representations,
  };
}

/** A machine's work is done by its own agent only; of other sites we cannot tell. */
function findIdle(site: Site): Problem | null {
  const total = site.totals[String(STATUS.queued)];
  const isServed = site.kind !== "machine" || site.agents.some((agent) => agent.isLive);
  if (isServed || total === undefined || total.representations === 0) return null;
  return {
    siteName: site.siteName,
    severity: "warning",
    text: `${site.siteName}: no agent is running there`,
    detail: `${formatBytes(total.bytes - total.bytesDone)} wait for it.`,
    filter: onlyStatus(site, STATUS.queued),
    representations: total.representations,
  };
}
