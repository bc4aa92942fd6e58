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
  /** Left out where nobody asks for it. */
  bytesPerSecond?: number;
  actions: ReactNode;
};

/** Sites, what is there, what is wanted there and what went wrong. */
export function SitesTable({ lines }: { lines: readonly SiteLine[] }) {
  const hasSpeed = lines.some((line) => line.bytesPerSecond !== undefined);
  return (
    <div className="list with-menus" role="region" aria-label="Sites">
      <table>
        <colgroup>
          <col />
          <col className="col-due" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          {hasSpeed && <col className="col-speed" />}
          <col className={hasSpeed ? "col-pause" : "col-actions"} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Synced</th>
            <NumberHeads names={["Moving", "Queued", "Failed"]} />
            {hasSpeed && <NumberHeads names={["Speed"]} />}
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
              <td>
                {formatNumberOf(line.filesSynced, "file")} · {formatBytes(line.bytesSynced)}
              </td>
              <ActivityCells {...line} />
              {hasSpeed && <RateCell bytesPerSecond={line.bytesPerSecond ?? 0} />}
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
      onClick={() => {
        onPause(!isPaused);
      }}
    >
      <Icon name={isPaused ? "play" : "paused"} />
      {word}
    </button>
  );
}
