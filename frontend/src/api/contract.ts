/** Shapes of the endpoints around the list: problems, transfers, agents, verbs. */

export type Verb =
  | "queue"
  | "remove"
  | "retry"
  | "reset"
  | "verify"
  | "pause"
  | "resume"
  | "cancel"
  | "priority";

/** The server's filter object; fields that are left out do not restrict. */
export type WireFilter = {
  search?: string;
  folderIds?: string[];
  representationIds?: string[];
  productTypes?: string[];
  representationNames?: string[];
  versions?: number[];
  statuses?: Record<string, number[]>;
  hasError?: boolean;
  errorText?: string;
  changedSince?: number;
  minSize?: number;
  maxSize?: number;
};

export type WireSelection =
  | { representationIds: readonly string[] }
  | { filter: WireFilter }
  | { all: true };

export type VerbBody = {
  siteNames: readonly string[];
  selection: WireSelection;
  priority?: number;
  force?: boolean;
  dryRun?: boolean;
};

export type VerbProblem = {
  representationId: string;
  siteName: string;
  errorCode: string;
  detail: string;
};

export type VerbAnswer = {
  matched: number;
  changed: number;
  files: number;
  bytes: number;
  problems: readonly VerbProblem[];
  problemsOmitted: number;
  undo: ({ verb: Verb } & VerbBody) | null;
  jobId: string | null;
};

export type Job = {
  jobId: string;
  state: "running" | "finished" | "failed";
  matched: number;
  changed: number;
  detail: string | null;
};

export type Problem = {
  code: string;
  severity: "error" | "warning";
  siteName: string | null;
  text: string;
  detail: string | null;
  files: number;
  representations: number;
  filter: WireFilter | null;
  since: number | null;
};

export type MovingTransfer = {
  representationId: string;
  siteName: string;
  sourceSite: string;
  direction: "upload" | "download";
  hostname: string | null;
  userName: string | null;
  folderPath: string;
  product: string;
  version: number;
  representation: string;
  filesTotal: number;
  filesDone: number;
  bytesTotal: number;
  bytesDone: number;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
  claimedAt: number | null;
};

export type QueuedTransfer = {
  position: number;
  representationId: string;
  siteName: string;
  priority: number;
  folderPath: string;
  product: string;
  version: number;
  representation: string;
  filesTotal: number;
  bytesTotal: number;
  dueAt: number | null;
  lastError: string | null;
};

export type Transfers = {
  moving: readonly MovingTransfer[];
  queued: readonly QueuedTransfer[];
  queuedTotal: number;
};

export type ThroughputMinute = { at: number; sites: Readonly<Record<string, number>> };

export type Agent = {
  agentId: string;
  siteName: string;
  hostname: string;
  userName: string;
  version: string;
  startedAt: number | null;
  seenAt: number;
  isLive: boolean;
  state: string | null;
  /** Only from servers that know what is wrong with an agent. */
  problem?: { code: string; text: string; since: number | null } | null;
  held: number;
};

export type Pause = {
  scope: "all" | "project" | "site";
  projectName: string | null;
  siteName: string | null;
  reason: string | null;
  userName: string | null;
  since: number | null;
};

export type PauseRequest = {
  scope: Pause["scope"];
  projectName?: string;
  siteName?: string;
  paused: boolean;
};

export type Explanation = {
  siteName: string;
  status: number;
  reasons: readonly { code: string; text: string; todo: string | null }[];
};

export type Attempt = {
  attemptId: string;
  siteName: string;
  sourceSite: string | null;
  hostname: string | null;
  userName: string | null;
  startedAt: number;
  finishedAt: number | null;
  outcome: string | null;
  filesTotal: number;
  filesSynced: number;
  filesFailed: number;
  bytesDone: number;
  errors: readonly {
    fileId: string | null;
    errorClass: string | null;
    message: string | null;
  }[];
};

export type StatusTotals = { representations: number; files: number; bytes: number };

export type ProjectOverview = {
  projectName: string;
  enabled: boolean;
  sites: Readonly<Record<string, Readonly<Record<string, StatusTotals>>>>;
  problems: number;
};
