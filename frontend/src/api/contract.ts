import type { components } from "./generated";
import type { Answer } from "./types";

/** Shapes of the endpoints around the list: problems, transfers, agents, verbs. */
type Schemas = components["schemas"];

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

export type VerbProblem = Answer<Schemas["ProblemModel"]>;

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

export type Job = Pick<
  Answer<Schemas["JobModel"]>,
  | "jobId"
  | "state"
  | "matched"
  | "changed"
  | "detail"
  | "problems"
  | "problemsOmitted"
>;

export type MovingTransfer = Answer<Schemas["MovingModel"]>;

export type QueuedTransfer = Answer<Schemas["QueuedModel"]>;

export type Transfers = Answer<Schemas["TransfersModel"]>;

export type ThroughputMinute = Answer<Schemas["MinuteModel"]>;

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

export type Pause = Answer<Schemas["PausedModel"]>;

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

export type Attempt = Answer<Schemas["AttemptModel"]>;
