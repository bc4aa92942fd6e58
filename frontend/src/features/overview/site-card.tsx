import type { Pause, Problem } from "../../api/contract";
import type { Site } from "../../api/types";
import { Icon, type IconName } from "../../components/icon";
import { tellScan } from "../../components/site-scan";
import { getSiteIcon } from "../../components/site-icon";
import { STATUS } from "../../domain/status";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
} from "../../lib/format";

type Health = { word: string; reason: string; tone: "good" | "error" | "paused" | "none" };

/** The worst that is known about a site, in a word, and the reason in full. */
function judgeHealth(
  site: Site,
  problems: readonly Problem[],
  pauses: readonly Pause[],
): Health {
  const pause = pauses[0];
  const own = problems.filter((problem) => problem.siteName === site.siteName);
  const worst = own.find((problem) => problem.severity === "error") ?? own[0];
  if (worst?.severity === "error") {
    return { word: "needs attention", reason: worst.text, tone: "error" };
  }
  if (pause !== undefined) {
    const reason = pause.reason ?? `Paused by ${pause.userName}`;
    return { word: "paused", reason, tone: "paused" };
  }
  if (worst !== undefined) {
    return { word: "warning", reason: worst.text, tone: "paused" };
  }
  if (site.agents.every((agent) => !agent.isLive) && site.kind === "machine") {
    return { word: "not running", reason: "No agent is running there", tone: "none" };
  }
  return { word: "healthy", reason: "Nothing is wrong", tone: "good" };
}

const LINES = [
  { word: "synced", icon: "verified", tone: "good", statuses: [STATUS.synced] },
  { word: "moving", icon: "up", tone: "moving", statuses: [STATUS.inProgress] },
  { word: "queued", icon: "queued", tone: "waiting", statuses: [STATUS.queued] },
  { word: "paused", icon: "paused", tone: "paused", statuses: [STATUS.paused] },
  { word: "failed", icon: "failed", tone: "error", statuses: [STATUS.failed] },
] as const satisfies readonly { icon: IconName; [key: string]: unknown }[];

function tellAgents(site: Site, now: number): string {
  const live = site.agents.filter((agent) => agent.isLive);
  if (live.length === 1) return `agent on ${live[0]?.hostname ?? "?"} is running`;
  if (live.length > 1) return `${live.length} agents are running`;
  const seenAt = Math.max(0, ...site.agents.map((agent) => agent.seenAt));
  if (seenAt > 0) return `last agent seen ${formatAgo(now - seenAt)}`;
  // Agents of other sites may serve it; that none does is a problem of its own.
  return site.kind === "machine" ? "no agent yet" : "no agent of its own";
}

export function SiteCard({
  site,
  isOwn,
  problems,
  pauses,
  bytesPerSecond,
  now,
  listHref,
}: {
  site: Site;
  /** The machine of who looks. */
  isOwn: boolean;
  problems: readonly Problem[];
  /** Those that hold for this site. */
  pauses: readonly Pause[];
  bytesPerSecond: number;
  now: number;
  listHref: (status: number) => string;
}) {
  const health = judgeHealth(site, problems, pauses);
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
      <p className={isTroubled ? "card-note" : "card-foot"}>{tellAgents(site, now)}</p>
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

