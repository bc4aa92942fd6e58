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
export type WireFilter = Partial<Schemas["FilterModel"]>;

/** The server takes exactly one of the three. */
export type WireSelection =
  | { representationIds: readonly string[] }
  | { filter: WireFilter }
  | { all: true };

export type VerbBody = Partial<Omit<Schemas["VerbModel"], "selection" | "siteNames">> & {
  siteNames: readonly string[];
  selection: WireSelection;
};

export type VerbProblem = Answer<Schemas["ProblemModel"]>;

/** The schema says of `undo` only that it is an object: it is a verb and its body. */
export type VerbAnswer = Omit<Answer<Schemas["VerbAnswerModel"]>, "undo"> & {
  undo: ({ verb: Verb } & VerbBody) | null;
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

export type Agent = Answer<Schemas["KnownAgentModel"]>;

export type Pause = Answer<Schemas["PausedModel"]>;

export type PauseRequest = Schemas["PauseModel"];

export type Explanation = Answer<Schemas["ExplanationModel"]>;

export type Attempt = Answer<Schemas["AttemptModel"]>;

/** What somebody should look at, in the server's words. */
export type Problem = Answer<Schemas["ProjectProblemModel"]>;

export type OverviewSite = Answer<Schemas["OverviewSiteModel"]>;

export type ProjectOverview = Answer<Schemas["OverviewProjectModel"]>;

/** All projects that the user may read. */
export type Overview = Answer<Schemas["OverviewModel"]>;
