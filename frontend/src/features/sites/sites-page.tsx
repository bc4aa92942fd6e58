import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useApi } from "../../api/api-context";
import type { Pause } from "../../api/contract";
import { getAgentsQueryOptions, getPausesQueryOptions } from "../../api/get-activity";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { Icon } from "../../components/icon";
import { AgentsTable } from "../../components/agents-table";
import { LoadState } from "../../components/load-state";
import { getSiteIcon } from "../../components/site-icon";
import { tellScan } from "../../components/site-scan";
import { pausesOf } from "../../domain/pauses";
import { STATUS } from "../../domain/status";
import { formatBytes, formatCount } from "../../lib/format";
import { useNow } from "../../lib/use-now";

const READ_EVERY_MS = 2000;

/** Where files can be, and who moves them there. */
export function SitesPage({
  projectName,
  sites,
  onPause,
  renderActions,
}: {
  projectName: string;
  sites: readonly Site[];
  onPause: (siteName: string, paused: boolean) => void;
  /** What can be done for all of a site. */
  renderActions: (site: Site) => ReactNode;
}) {
  const api = useApi();
  const now = useNow();
  const agents = useQuery(getAgentsQueryOptions(api));
  const pauses = useQuery(getPausesQueryOptions(api));
  useLiveQueries([["agents"], ["pauses"]], READ_EVERY_MS);
  const noPauses: readonly Pause[] = [];
  return (
    <div className="page">
      <h2>Sites</h2>
      <div className="list with-menus" role="region" aria-label="Sites">
        <table>
          <colgroup>
            <col />
            <col className="col-due" />
            <col className="col-number" />
            <col className="col-number" />
            <col className="col-number" />
            <col className="col-actions" />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Site</th>
              <th scope="col">Synced</th>
              <th scope="col" data-align="end">
                Moving
              </th>
              <th scope="col" data-align="end">
                Queued
              </th>
              <th scope="col" data-align="end">
                Failed
              </th>
              <th scope="col">
                <span className="for-readers">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sites.map((site) => (
              <SiteRow
                key={site.siteName}
                site={site}
                pauses={pausesOf(pauses.data ?? noPauses, projectName, site.siteName)}
                onPause={(paused) => {
                  onPause(site.siteName, paused);
                }}
                now={now}
                actions={renderActions(site)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <h2>Agents</h2>
      <LoadState what="agents" query={agents} />
      {agents.data !== undefined && <AgentsTable agents={agents.data} now={now} />}
    </div>
  );
}

function SiteRow({
  site,
  pauses,
  onPause,
  now,
  actions,
}: {
  site: Site;
  pauses: readonly Pause[];
  now: number;
  onPause: (paused: boolean) => void;
  actions: ReactNode;
}) {
  const isPaused = pauses.some((pause) => pause.scope === "site");
  const files = (status: number) => site.totals[String(status)]?.files ?? 0;
  const synced = site.totals[String(STATUS.synced)];
  const failed = files(STATUS.failed);
  const role = site.isActive ? "your active site" : site.isRemote ? "your remote site" : "";
  return (
    <tr>
      <td title={site.siteName}>
        <Icon name={getSiteIcon(site)} /> {site.siteName}
        <small className="quiet-text">
          {" "}
          {[site.kind === "configured" ? site.provider : site.kind, role]
            .filter(Boolean)
            .join(" · ")}
        </small>
        {pauses.length > 0 && (
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
      </td>
      <td>
        {formatCount(synced?.files ?? 0)} files · {formatBytes(synced?.bytes ?? 0)}
      </td>
      <td data-align="end">{formatCount(files(STATUS.inProgress))}</td>
      <td data-align="end">{formatCount(files(STATUS.queued))}</td>
      <td data-align="end" data-tone={failed > 0 ? "error" : undefined}>
        {failed > 0 && <Icon name="failed" size={12} />} {formatCount(failed)}
      </td>
      <td className="actions">
        <button
          type="button"
          className="button quiet"
          aria-label={`${isPaused ? "Resume" : "Pause"} ${site.siteName}`}
          onClick={() => {
            onPause(!isPaused);
          }}
        >
          <Icon name={isPaused ? "play" : "paused"} />
          {isPaused ? "Resume" : "Pause"}
        </button>
        {actions}
      </td>
    </tr>
  );
}
