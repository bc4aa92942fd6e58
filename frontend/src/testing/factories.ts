import type { Problem, ProjectOverview } from "../api/contract";
import type { RepresentationRow, Site, SiteState } from "../api/types";

export function makeState(part: Partial<SiteState> = {}): SiteState {
  return {
    status: 4,
    filesTotal: 10,
    filesSynced: 10,
    filesFailed: 0,
    filesVerified: 10,
    bytesTotal: 1000,
    bytesDone: 1000,
    changedAt: 1_795_240_000,
    priority: 50,
    message: null,
    isRemoving: false,
    ...part,
  };
}

/** `index` makes the id and the place in the list. */
export function makeRow(
  index: number,
  part: Partial<RepresentationRow> = {},
): RepresentationRow {
  const id = index.toString(16).padStart(32, "0");
  return {
    representationId: id,
    versionId: id,
    folderPath: `/shots/sh${index.toString().padStart(4, "0")}`,
    product: "compMain",
    productType: "render",
    version: 3,
    representation: "exr",
    fileCount: 10,
    size: 1000,
    sites: { studio: makeState() },
    ...part,
  };
}

export function makeSite(siteName: string, part: Partial<Site> = {}): Site {
  return {
    siteName,
    provider: "local_drive",
    kind: siteName === "studio" ? "studio" : "machine",
    isActive: false,
    isRemote: false,
    totals: {},
    agents: [],
    servedBy: [],
    moving: 0,
    bytesPerSecond: 0,
    removing: 0,
    scan: null,
    ...part,
  };
}

export function makeAgent(part: Partial<Site["agents"][number]> = {}): Site["agents"][number] {
  return {
    agentId: "a".repeat(32),
    hostname: "ws042",
    userName: "artist",
    version: "2.0.0",
    seenAt: 1_795_240_000,
    isLive: true,
    ...part,
  };
}

export function makeProblem(part: Partial<Problem> = {}): Problem {
  return {
    code: "failed_files",
    severity: "error",
    siteName: "sftp-prague",
    text: "sftp-prague: 27 files failed: the source is missing",
    todo: "Publish them again, or retry when they are back.",
    count: 27,
    representationIds: [],
    since: null,
    ...part,
  };
}

export function makeProjectOverview(
  projectName: string,
  part: Partial<ProjectOverview> = {},
): ProjectOverview {
  return {
    projectName,
    isEnabled: true,
    sites: [],
    problems: [],
    queuedTotal: 0,
    moving: 0,
    ...part,
  };
}
