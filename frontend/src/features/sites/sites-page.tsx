import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useApi } from "../../api/api-context";
import type { Pause } from "../../api/contract";
import { getAgentsQueryOptions, getPausesQueryOptions } from "../../api/get-activity";
import { getMeQueryOptions } from "../../api/get-me";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { Icon } from "../../components/icon";
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
import { STATUS } from "../../domain/status";
import { useNow } from "../../lib/use-now";

const READ_EVERY_MS = 2000;

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
  const isManager = useQuery(getMeQueryOptions(api)).data?.isManager === true;
  useLiveQueries([["agents"], ["pauses"]], READ_EVERY_MS);
  const noPauses: readonly Pause[] = [];
  return (
    <div className="page">
      <h2>Sites</h2>
      <SitesTable
        lines={sites.map((site) => {
          const { siteName } = site;
          const known = pausesOf(pauses.data ?? noPauses, projectName, siteName);
          return {
            ...describeSite(site),
            remarks: <Remarks site={site} isPaused={known.length > 0} now={now} />,
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
  };
}

function Remarks({
  site,
  isPaused,
  now,
}: {
  site: Site;
  isPaused: boolean;
  now: number;
}) {
  return (
    <>
      {isPaused && (
        <small data-tone="paused">
          {" "}
          <Icon name="paused" size={12} /> paused
        </small>
      )}
      {site.scan !== null && (
        <small className="row-note" title={tellScan(site.scan, now)}>
          {tellScan(site.scan, now)}
        </small>
      )}
    </>
  );
}
