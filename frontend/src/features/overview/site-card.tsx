import "./site-card.css";

import type { Pause, Problem } from "../../api/contract";
import type { Site } from "../../api/types";
import { Icon, type IconName } from "../../components/icon";
import { tellScan } from "../../components/site-scan";
import { getSiteIcon } from "../../components/site-icon";
import { judgeHealth, listAgents, tellAgents } from "../../components/site-health";
import { STATUS } from "../../domain/status";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
} from "../../lib/format";

const LINES = [
  { word: "synced", icon: "verified", tone: "good", statuses: [STATUS.synced] },
  { word: "moving", icon: "up", tone: "moving", statuses: [STATUS.inProgress] },
  { word: "queued", icon: "queued", tone: "waiting", statuses: [STATUS.queued] },
  { word: "paused", icon: "paused", tone: "paused", statuses: [STATUS.paused] },
  { word: "failed", icon: "failed", tone: "error", statuses: [STATUS.failed] },
] as const satisfies readonly { icon: IconName; [key: string]: unknown }[];

/** All of them, for who points at their number. */
function listHosts(site: Site): string {
  const told = listAgents(site).map(
    ({ hostname, userName, isLive }) =>
      `${hostname} (${userName})${isLive ? "" : ", not running"}`,
  );
  return told.join("\n");
}

export function SiteCard({
  site,
  isOwn,
  problems,
  pauses,
  readAt,
  now,
  listHref,
}: {
  site: Site;
  /** The machine of who looks. */
  isOwn: boolean;
  problems: readonly Problem[];
  /** Those that hold for this site. */
  pauses: readonly Pause[];
  /** When the site was read, epoch seconds. */
  readAt: number;
  now: number;
  listHref: (status: number) => string;
}) {
  const health = judgeHealth(site, problems, pauses, now);
  const { bytesPerSecond } = site;
  const totalOf = (status: number) => site.totals[String(status)];
  const all = LINES.reduce<number>((sum, line) => sum + (totalOf(line.statuses[0])?.files ?? 0), 0);
  const left = [STATUS.inProgress, STATUS.queued].reduce<number>((sum, status) => {
    const total = totalOf(status);
    return sum + (total === undefined ? 0 : total.bytes - total.bytesDone);
  }, 0);
  const isTroubled = health.tone === "error" || health.tone === "paused";
  const role = site.isActive ? " (your active site)" : site.isRemote ? " (your remote site)" : "";
  return (
    <section className="card" aria-label={`Site ${site.siteName}`}>
      <h3>
        <Icon name={getSiteIcon(site)} />
        <span className="cut" title={`${site.siteName}${role} · ${site.provider}`}>
          {site.siteName}
          {isOwn && <span className="own"> (you)</span>}
        </span>
        <small data-tone={health.tone} title={health.reason}>
          {health.word}
        </small>
      </h3>
      <span className="stack" aria-hidden="true">
        {LINES.map((line) => {
          const files = totalOf(line.statuses[0])?.files ?? 0;
          return files === 0 ? null : (
            <span
              key={line.word}
              data-tone={line.tone}
              style={{ flex: `${files / all} 0 2px` }}
            />
          );
        })}
      </span>
      <dl className="card-lines">
        {LINES.map((line) => {
          const total = totalOf(line.statuses[0]);
          const files = total?.files ?? 0;
          if (line.word === "paused" && files === 0) return null;
          return (
            <div key={line.word}>
              <dt data-tone={line.tone}>
                <Icon name={line.icon} /> {line.word}
              </dt>
              <dd>
                {files === 0 ? (
                  "0"
                ) : (
                  <a href={listHref(line.statuses[0])} title="Show these representations">
                    {formatCount(files)} · {formatBytes(total?.bytes ?? 0)}
                  </a>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
      {site.removing > 0 && (
        <p className="card-note">
          {formatNumberOf(site.removing, "representation")} being removed
        </p>
      )}
      {site.scan !== null && (
        <p className="card-note">{tellScan(site.scan, now)}</p>
      )}
      {isTroubled && (
        <p className="card-foot" title={health.reason}>
          <bdi>{health.reason}</bdi>
        </p>
      )}
      <p
        className={isTroubled ? "card-note" : "card-foot"}
        title={listHosts(site)}
      >
        {tellAgents(site, readAt, now)}
      </p>
      {left > 0 && (
        <p className="card-note">
          {bytesPerSecond > 0
            ? `${formatRate(bytesPerSecond)}, about ${formatDuration(left / bytesPerSecond)} left`
            : `${formatBytes(left)} to go`}
        </p>
      )}
    </section>
  );
}
