import type { Problem } from "../../api/contract";
import { type ListFilter, NO_FILTER } from "../../domain/list-filter";
import { SITE_STATUSES, STATUS } from "../../domain/status";
import type { HashState } from "../../lib/hash-state";

export type ProblemLink = { label: string; change: Partial<HashState> };

/** Problems that concern what a site has in one of these states. */
const STATUSES: Readonly<Record<string, readonly number[]>> = {
  failed_files: [STATUS.failed],
  missing_at_source: [STATUS.queued, STATUS.failed],
  no_agent: [STATUS.queued],
  stuck: [STATUS.inProgress],
  unknown_site: SITE_STATUSES.filter((status) => status !== STATUS.notAvailable),
};

/** Problems whose remedy is with an agent or a site. */
const OF_SITES: readonly string[] = ["no_agent", "site_unusable", "site_id_in_use"];

/** All of what it is about, if the list has a filter that says so. */
function findFilter(problem: Problem): ListFilter | null {
  const { siteName, representationIds, count } = problem;
  const statuses = STATUSES[problem.code];
  // The server names the first twenty only.
  if (representationIds.length > 0 && count <= representationIds.length) {
    return { ...NO_FILTER, representationIds };
  }
  if (siteName !== null && statuses !== undefined) {
    return { ...NO_FILTER, statuses: { [siteName]: statuses } };
  }
  return representationIds.length > 0 ? { ...NO_FILTER, representationIds } : null;
}

/** Where somebody may go from a problem: what it is about, why, and who is to act. */
export function listProblemLinks(problem: Problem): readonly ProblemLink[] {
  const links: ProblemLink[] = [];
  const filter = findFilter(problem);
  if (filter !== null) {
    links.push({ label: "Show", change: { view: "representations", filter } });
  }
  const [openId] = problem.representationIds;
  if (openId !== undefined) {
    links.push({ label: "Why", change: { openId, openSite: problem.siteName } });
  }
  if (OF_SITES.includes(problem.code)) {
    links.push({ label: "Sites and agents", change: { view: "sites" } });
  }
  return links;
}
