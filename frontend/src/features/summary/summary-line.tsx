import { useState } from "react";

import type { Site } from "../../api/types";
import {
  type Connection,
  ConnectionIndicator,
} from "../../components/connection-indicator";
import { formatCount, formatDuration, formatNumberOf, formatRate } from "../../lib/format";
import { addSample, type ByteSample, measureRate, summarise } from "./summary";

/** One sample for each answer of the server; `readAt` in milliseconds tells them apart. */
function useRate(readAt: number, bytesDone: number): number | null {
  const [samples, setSamples] = useState<readonly ByteSample[]>([]);
  const atSeconds = readAt / 1000;
  if (readAt > 0 && samples.at(-1)?.atSeconds !== atSeconds) {
    setSamples(addSample(samples, { atSeconds, bytesDone }));
  }
  return measureRate(samples);
}

/** How it goes, in a few words: live, speed, what is left. */
export function SummaryLine({
  connection,
  sites,
  readAt,
}: {
  connection: Connection;
  sites: readonly Site[];
  readAt: number;
}) {
  const summary = summarise(sites);
  const rate = useRate(readAt, summary.bytesDone);
  const filesLeft = summary.filesTotal - summary.filesSynced;
  return (
    <div className="summary">
      <ConnectionIndicator connection={connection} />
      {summary.isMoving && rate !== null && <span>{formatRate(rate)}</span>}
      {summary.filesTotal > 0 && (
        <span>
          {filesLeft === 0 ? "all synced" : `${formatNumberOf(filesLeft, "file")} left`}
        </span>
      )}
      {summary.filesFailed > 0 && (
        <span data-tone="error">{formatCount(summary.filesFailed)} failed</span>
      )}
      {summary.isMoving && rate !== null && summary.bytesLeft > 0 && (
        <span>about {formatDuration(summary.bytesLeft / rate)}</span>
      )}
    </div>
  );
}
