import "./summary-line.css";

import type { Site } from "../../api/types";
import {
  type Connection,
  ConnectionIndicator,
} from "../../components/connection-indicator";
import { addUp } from "../../domain/site-sums";
import { formatCount, formatDuration, formatNumberOf, formatRate } from "../../lib/format";
import { summarise } from "./summary";

/** How it goes, in a few words: live, speed, what is left. */
export function SummaryLine({
  connection,
  sites,
}: {
  connection: Connection;
  sites: readonly Site[];
}) {
  const summary = summarise(sites);
  const rate = addUp(sites, (site) => site.bytesPerSecond);
  const filesLeft = summary.filesTotal - summary.filesSynced;
  return (
    <div className="summary">
      <ConnectionIndicator connection={connection} />
      {rate > 0 && <span className="summary-rate">{formatRate(rate)}</span>}
      {summary.filesTotal > 0 && (
        <span>
          {filesLeft === 0 ? "all synced" : `${formatNumberOf(filesLeft, "file")} left`}
        </span>
      )}
      {summary.filesFailed > 0 && (
        <span data-tone="error">{formatCount(summary.filesFailed)} failed</span>
      )}
      {rate > 0 && summary.bytesLeft > 0 && (
        <span>about {formatDuration(summary.bytesLeft / rate)}</span>
      )}
    </div>
  );
}
