import type { Site } from "../../api/types";
import { STATUS } from "../../domain/status";

export type Summary = {
  filesSynced: number;
  filesTotal: number;
  filesFailed: number;
  /** Of what is moving or queued. */
  bytesLeft: number;
};

const WAITING: readonly number[] = [STATUS.inProgress, STATUS.queued];

/** Sums over the sites' totals. Rows that say "not there" want nothing. */
export function summarise(sites: readonly Site[]): Summary {
  const summary: Summary = {
    filesSynced: 0,
    filesTotal: 0,
    filesFailed: 0,
    bytesLeft: 0,
  };
  for (const { totals } of sites) {
    for (const [status, total] of Object.entries(totals)) {
      if (Number(status) === STATUS.notAvailable) continue;
      summary.filesSynced += total.filesSynced;
      summary.filesTotal += total.files;
      summary.filesFailed += total.filesFailed;
      if (WAITING.includes(Number(status))) {
        summary.bytesLeft += total.bytes - total.bytesDone;
      }
    }
  }
  return summary;
}
