import { useState } from "react";

import type { Site } from "../../api/types";
import {
  type Connection,
  ConnectionIndicator,
} from "../../components/connection-indicator";
import { formatCount, formatRate } from "../../lib/format";
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
  return (
    <div className="summary">
      <ConnectionIndicator connection={connection} />
      {summary.filesTotal > 0 && (
        <span>
          {formatCount(summary.filesSynced)} of {formatCount(summary.filesTotal)} files
          synced
        </span>
      )}
      {summary.filesFailed > 0 && (
        <span data-tone="error">{formatCount(summary.filesFailed)} failed</span>
      )}
      {summary.isMoving && rate !== null && <span>{formatRate(rate)}</span>}
    </div>
  );
}
