import type { OverviewSite, Pause, ProjectOverview } from "../../api/contract";
import { STATUS } from "../../domain/status";

/** One site over all projects that have it. */
export type StudioSite = {
  siteName: string;
  kind: OverviewSite["kind"];
  /** Different where projects configure it differently. */
  providers: readonly string[];
  projects: number;
  filesSynced: number;
  bytesSynced: number;
  moving: number;
  queued: number;
  failed: number;
  bytesPerSecond: number;
};

const KIND_ORDER: Record<OverviewSite["kind"], number> = {
  studio: 0,
  configured: 1,
  machine: 2,
};

/** Files that a site has in a status. */
export function countFiles(site: OverviewSite, status: number): number {
  return site.totals[String(status)]?.files ?? 0;
}

function addSite(known: StudioSite | undefined, site: OverviewSite): StudioSite {
  const { siteName, kind, provider } = site;
  return {
    siteName,
    kind,
    providers: [...new Set([...(known?.providers ?? []), provider])],
    projects: (known?.projects ?? 0) + 1,
    filesSynced: (known?.filesSynced ?? 0) + countFiles(site, STATUS.synced),
    bytesSynced:
      (known?.bytesSynced ?? 0) + (site.totals[String(STATUS.synced)]?.bytes ?? 0),
    moving: (known?.moving ?? 0) + countFiles(site, STATUS.inProgress),
    queued: (known?.queued ?? 0) + countFiles(site, STATUS.queued),
    failed: (known?.failed ?? 0) + countFiles(site, STATUS.failed),
    bytesPerSecond: (known?.bytesPerSecond ?? 0) + site.bytesPerSecond,
  };
}

/** The studio first, then configured sites, then machines, by name. */
export function mergeSites(projects: readonly ProjectOverview[]): readonly StudioSite[] {
  const merged = new Map<string, StudioSite>();
  for (const site of projects.flatMap((project) => project.sites)) {
    merged.set(site.siteName, addSite(merged.get(site.siteName), site));
  }
  return [...merged.values()].sort(
    (a, b) =>
      KIND_ORDER[a.kind] - KIND_ORDER[b.kind] || a.siteName.localeCompare(b.siteName),
  );
}

/** What needs somebody first, then what works, then what is switched off. */
export function orderProjects(
  projects: readonly ProjectOverview[],
): readonly ProjectOverview[] {
  const rank = ({ isEnabled, problems }: ProjectOverview) => {
    if (!isEnabled) return 3;
    if (problems.some((problem) => problem.severity === "error")) return 0;
    return problems.length > 0 ? 1 : 2;
  };
  return [...projects].sort(
    (a, b) => rank(a) - rank(b) || a.projectName.localeCompare(b.projectName),
  );
}

/** What a pause holds up, in words. */
export function namePause(pause: Pick<Pause, "scope" | "projectName" | "siteName">): string {
  if (pause.scope === "all") return "Everything";
  if (pause.scope === "project") return `Project ${pause.projectName ?? ""}`;
  const where = pause.projectName === null ? "" : ` in ${pause.projectName}`;
  return `Site ${pause.siteName ?? ""}${where}`;
}
