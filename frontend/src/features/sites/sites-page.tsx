import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useApi } from "../../api/api-context";
import type { Pause, Problem } from "../../api/contract";
import { getAgentsQueryOptions, getPausesQueryOptions } from "../../api/get-activity";
import { useViewer } from "../../api/get-me";
import { getProblemsQueryOptions } from "../../api/get-problems";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { Icon, type IconName } from "../../components/icon";
import { AgentsTable } from "../../components/agents-table";
import { LoadState } from "../../components/load-state";
import { getSiteIcon } from "../../components/site-icon";
import { tellScan } from "../../components/site-scan";
import {
  PauseSiteButton,
  type SiteLine,
  SitesTable,
} from "../../components/sites-table";
import { isOwnMachine } from "../../domain/own-site";
import { pausesOf } from "../../domain/pauses";
import { type Health, judgeHealth } from "../../components/site-health";
import { STATUS } from "../../domain/status";
import { useNow } from "../../lib/use-now";

const READ_EVERY_MS = 2000;

const HEALTH_ICONS: Record<Health["tone"], IconName> = {
  good: "verified",
  error: "failed",
  paused: "paused",
  none: "none",
};

/** Where files can be, and who moves them there. */
export function SitesPage({
  projectName,
  userName,
  sites,
  onPause,
  renderActions,
}: {
  projectName: string;
  /** Who looks; null while that is not known. */
  userName: string | null;
  sites: readonly Site[];
  onPause: (siteName: string, paused: boolean) => void;
  /** What can be done for all of a site. */
  renderActions: (site: Site) => ReactNode;
}) {
  const api = useApi();
  const now = useNow();
  const agents = useQuery(getAgentsQueryOptions(api));
  const pauses = useQuery(getPausesQueryOptions(api));
  const { isManager } = useViewer();
  const problems = useQuery(getProblemsQueryOptions(api, projectName));
  useLiveQueries([["agents"], ["pauses"], ["problems", projectName]], READ_EVERY_MS);
  const noPauses: readonly Pause[] = [];
  const noProblems: readonly Problem[] = [];
  return (
    <div className="page">
      <h2>Sites</h2>
      <SitesTable
        lines={sites.map((site) => {
          const { siteName } = site;
          const known = pausesOf(pauses.data ?? noPauses, projectName, siteName);
          return {
            ...describeSite(site),
            remarks: <ScanNote site={site} now={now} />,
            health: (
              <HealthWord
                health={judgeHealth(site, problems.data ?? noProblems, known, now)}
                isPaused={known.length > 0}
              />
            ),
            actions: (
              <>
                {(isManager || isOwnMachine(site, userName)) && (
                  <PauseSiteButton
                    siteName={siteName}
                    isPaused={known.some((pause) => pause.scope === "site")}
                    onPause={(paused) => {
                      onPause(siteName, paused);
                    }}
                  />
                )}
                {renderActions(site)}
              </>
            ),
          };
        })}
      />
      <h2>Agents</h2>
      <LoadState what="agents" query={agents} />
      {agents.data !== undefined && <AgentsTable agents={agents.data} now={now} />}
    </div>
  );
}

function describeSite(site: Site): Omit<SiteLine, "actions"> {
  const files = (status: number) => site.totals[String(status)]?.files ?? 0;
  const role = site.isActive ? "your active site" : site.isRemote ? "your remote site" : "";
  const what = site.kind === "configured" ? site.provider : site.kind;
  return {
    siteName: site.siteName,
    icon: getSiteIcon(site),
    note: [what, role].filter(Boolean).join(" · "),
    filesSynced: files(STATUS.synced),
    bytesSynced: site.totals[String(STATUS.synced)]?.bytes ?? 0,
    moving: files(STATUS.inProgress),
    queued: files(STATUS.queued),
    failed: files(STATUS.failed),
    bytesPerSecond: site.bytesPerSecond,
  };
}

function HealthWord({ health, isPaused }: { health: Health; isPaused: boolean }) {
  const { word, reason, tone } = health;
  return (
    <span data-tone={tone} title={reason}>
      <Icon name={HEALTH_ICONS[tone]} /> {word}
      {isPaused && word !== "paused" && " · paused"}
    </span>
  );
}

function ScanNote({ site, now }: { site: Site; now: number }) {
  if (site.scan === null) return null;
  return (
    <small className="row-note" title={tellScan(site.scan, now)}>
      {tellScan(site.scan, now)}
    </small>
  );
}
