import "./history-list.css";

import type { Attempt } from "../../api/contract";
import type { RepresentationFile } from "../../api/types";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatNumberOf,
} from "../../lib/format";

const REMOVALS: Record<string, string> = {
  removed: "removed",
  removal_failed: "could not be removed",
  removal_cancelled: "wanted again while it was being removed",
};

/** How a run ended, where the numbers of files do not tell it. */
const ENDS: Record<string, string> = {
  partial: "the rest is tried again",
  released: "given back by its agent",
  expired: "its agent fell silent",
  paused: "paused",
  cancelled: "cancelled",
  replaced: "published anew meanwhile",
};

/** What an agent did, in words; a removal names who wanted it. */
function tellAttempt(attempt: Attempt): string {
  const removal = REMOVALS[attempt.outcome ?? ""];
  if (removal === undefined) {
    return `${attempt.sourceSite} → ${attempt.siteName}, ${tellOutcome(attempt)}`;
  }
  const failed =
    attempt.filesFailed > 0 ? `, ${formatNumberOf(attempt.filesFailed, "file")} still there` : "";
  return `${attempt.siteName}: ${removal}${failed}, for ${attempt.userName}`;
}

function tellOutcome(attempt: Attempt): string {
  if (attempt.finishedAt === null) return "under way";
  const seconds = attempt.finishedAt - attempt.startedAt;
  const moved = `${formatBytes(attempt.bytesDone)} in ${formatDuration(seconds)}`;
  const files = `${formatCount(attempt.filesSynced)} of ${formatNumberOf(attempt.filesTotal, "file")}`;
  const failed = attempt.filesFailed > 0 ? `, ${formatCount(attempt.filesFailed)} failed` : "";
  const end = ENDS[attempt.outcome ?? ""];
  return `${files}${failed}, ${moved}${end === undefined ? "" : ` · ${end}`}`;
}

/** A transfer is told with the user that its agent runs as, a removal names him. */
function tellWhere({ outcome, userName, hostname }: Attempt): string {
  const isRemoval = REMOVALS[outcome ?? ""] !== undefined;
  if (hostname === null) return isRemoval ? "" : ` · by ${userName}`;
  return isRemoval ? ` · ${hostname}` : ` · by ${userName} on ${hostname}`;
}

export function HistoryList({
  attempts,
  files,
  now,
}: {
  attempts: readonly Attempt[];
  files: readonly RepresentationFile[];
  now: number;
}) {
  if (attempts.length === 0) {
    return <p className="quiet-text">No agent of ours has transferred it yet.</p>;
  }
  const nameOf = (fileId: string) => {
    const path = files.find((file) => file.id === fileId)?.path ?? fileId;
    return path.slice(path.lastIndexOf("/") + 1);
  };
  return (
    <ul className="history">
      {attempts.map((attempt) => (
        <li key={attempt.attemptId}>
          <span className="history-line">
            <time dateTime={new Date(attempt.startedAt * 1000).toISOString()}>
              {formatMoment(attempt.startedAt, now)}
            </time>
            <span>
              {tellAttempt(attempt)}
              {tellWhere(attempt)}
            </span>
          </span>
          {attempt.errors.slice(0, 5).map((error, index) => (
            <span key={error.fileId ?? index} className="file-error">
              {error.fileId !== null && `${nameOf(error.fileId)}: `}
              {error.message ?? error.errorClass}
            </span>
          ))}
          {attempt.errors.length > 5 && (
            <span className="file-error">
              and {formatNumberOf(attempt.errors.length - 5, "more error")}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
