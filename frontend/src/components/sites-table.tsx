import type { ReactNode } from "react";

import { formatBytes, formatCount, formatNumberOf, formatRate } from "../lib/format";
import { Icon, type IconName } from "./icon";

/** A site in numbers of files, of one project or of all. */
export type SiteLine = {
  siteName: string;
  icon: IconName;
  /** What it is, quietly behind its name. */
  note: string;
  /** What else there is to say of it. */
  remarks?: ReactNode;
  filesSynced: number;
  bytesSynced: number;
  moving: number;
  queued: number;
  failed: number;
  bytesPerSecond: number;
  /** How it is there, in a word; left out where that is told elsewhere. */
  health?: ReactNode;
  actions: ReactNode;
};

/** Sites, what is there, what is wanted there and what went wrong. */
export function SitesTable({ lines }: { lines: readonly SiteLine[] }) {
  const hasHealth = lines.some((line) => line.health !== undefined);
  return (
    <div className="list with-menus" role="region" aria-label="Sites">
      <table>
        <colgroup>
          <col />
          {hasHealth && <col className="col-health" />}
          <col className="col-due" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-speed" />
          <col className={hasHealth ? "col-actions" : "col-pause"} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Site</th>
            {hasHealth && <th scope="col">Health</th>}
            <th scope="col">Synced</th>
            <NumberHeads names={["Moving", "Queued", "Failed", "Speed"]} />
            <th scope="col">
              <span className="for-readers">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.siteName}>
              <td title={line.siteName}>
                <Icon name={line.icon} /> {line.siteName}
                <small className="quiet-text"> {line.note}</small>
                {line.remarks}
              </td>
              {hasHealth && <td>{line.health}</td>}
              <td>
                {formatNumberOf(line.filesSynced, "file")} · {formatBytes(line.bytesSynced)}
              </td>
              <ActivityCells {...line} />
              <RateCell bytesPerSecond={line.bytesPerSecond} />
              <td className="actions">{line.actions}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function NumberHeads({ names }: { names: readonly string[] }) {
  return names.map((name) => (
    <th key={name} scope="col" data-align="end">
      {name}
    </th>
  ));
}

/** What moves, what waits, and what failed: that with a mark. */
export function ActivityCells({
  moving,
  queued,
  failed,
}: Pick<SiteLine, "moving" | "queued" | "failed">) {
  return (
    <>
      <td data-align="end">{formatCount(moving)}</td>
      <td data-align="end">{formatCount(queued)}</td>
      <td data-align="end" data-tone={failed > 0 ? "error" : undefined}>
        {failed > 0 && <Icon name="failed" size={12} />} {formatCount(failed)}
      </td>
    </>
  );
}

export function RateCell({ bytesPerSecond }: { bytesPerSecond: number }) {
  return (
    <td data-align="end">{bytesPerSecond > 0 ? formatRate(bytesPerSecond) : "–"}</td>
  );
}

/** Of a site, for its row. `where` tells apart what else has such a button. */
export function PauseSiteButton({
  siteName,
  where = "",
  isPaused,
  onPause,
}: {
  siteName: string;
  where?: string;
  isPaused: boolean;
  onPause: (paused: boolean) => void;
}) {
  const word = isPaused ? "Resume" : "Pause";
  return (
    <button
      type="button"
      className="button quiet"
      aria-label={`${word} ${siteName}${where}`}
      title={word}
      onClick={() => {
        onPause(!isPaused);
      }}
    >
      <Icon name={isPaused ? "play" : "paused"} />
      <span className="wide-word">{word}</span>
    </button>
  );
}
