import type { Site } from "../../api/types";
import { STATUS } from "../../domain/status";

export type Summary = {
  filesSynced: number;
  filesTotal: number;
  filesFailed: number;
  /** Over all statuses; grows while something moves. */
  bytesDone: number;
  /** Of what is moving or queued. */
  bytesLeft: number;
  isMoving: boolean;
};

const WAITING: readonly number[] = [STATUS.inProgress, STATUS.queued];

/** Sums over the sites' totals. Rows that say "not there" want nothing. */
export function summarise(sites: readonly Site[]): Summary {
  const summary: Summary = {
    filesSynced: 0,
    filesTotal: 0,
    filesFailed: 0,
    bytesDone: 0,
    bytesLeft: 0,
    isMoving: false,
  };
  for (const { totals } of sites) {
    for (const [status, total] of Object.entries(totals)) {
      if (Number(status) === STATUS.notAvailable) continue;
      summary.filesSynced += total.filesSynced;
      summary.filesTotal += total.files;
      summary.filesFailed += total.filesFailed;
      summary.bytesDone += total.bytesDone;
      if (WAITING.includes(Number(status))) {
        summary.bytesLeft += total.bytes - total.bytesDone;
      }
      if (Number(status) === STATUS.inProgress && total.representations > 0) {
        summary.isMoving = true;
      }
    }
  }
  return summary;
}

export type ByteSample = { atSeconds: number; bytesDone: number };

const WINDOW_SECONDS = 15;

/** Adds a sample; one that is lower than the last starts anew (a reset, a removal). */
export function addSample(
  samples: readonly ByteSample[],
  sample: ByteSample,
): readonly ByteSample[] {
  const last = samples.at(-1);
  if (last !== undefined && sample.bytesDone < last.bytesDone) return [sample];
  const recent = samples.filter(
    ({ atSeconds }) => sample.atSeconds - atSeconds <= WINDOW_SECONDS,
  );
  return [...recent, sample];
}

/** Bytes a second over the window; null while too little was seen to say. */
export function measureRate(samples: readonly ByteSample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return null;
  const seconds = last.atSeconds - first.atSeconds;
  if (seconds < 1 || last.bytesDone === first.bytesDone) return null;
  return (last.bytesDone - first.bytesDone) / seconds;
}
