import type { Pause, PauseRequest } from "../../api/contract";
import { Icon } from "../../components/icon";
import { getSiteIcon } from "../../components/site-icon";
import { formatBytes, formatCount, formatNumberOf, formatRate } from "../../lib/format";
import type { StudioSite } from "./studio-sites";

type TableProps = {
  sites: readonly StudioSite[];
  pauses: readonly Pause[];
  /** Who looks may pause what concerns all. */
  isManager: boolean;
  onPause: (request: PauseRequest, name: string) => void;
};

/** Each site over all projects. */
export function StudioSitesTable(props: TableProps) {
  return (
    <div className="list" role="region" aria-label="Sites">
      <table>
        <colgroup>
          <col />
          <col className="col-due" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-pause" />
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
            <th scope="col" data-align="end">
              Speed
            </th>
            <th scope="col">
              <span className="for-readers">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.sites.map((site) => (
            <SiteRow key={site.siteName} site={site} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SiteRow({
  site,
  pauses,
  isManager,
  onPause,
}: TableProps & { site: StudioSite }) {
  const { siteName, kind, providers, failed, bytesPerSecond } = site;
  const isPaused = pauses.some(
    (pause) => pause.siteName === siteName && pause.projectName === null,
  );
  const what = kind === "configured" ? providers.join(", ") : kind;
  return (
    <tr>
      <td title={siteName}>
        <Icon name={getSiteIcon({ kind, provider: providers[0] ?? "" })} /> {siteName}
        <small className="quiet-text">
          {" "}
          {what} · {formatNumberOf(site.projects, "project")}
        </small>
      </td>
      <td>
        {formatCount(site.filesSynced)} files · {formatBytes(site.bytesSynced)}
      </td>
      <td data-align="end">{formatCount(site.moving)}</td>
      <td data-align="end">{formatCount(site.queued)}</td>
      <td data-align="end" data-tone={failed > 0 ? "error" : undefined}>
        {failed > 0 && <Icon name="failed" size={12} />} {formatCount(failed)}
      </td>
      <td data-align="end">{bytesPerSecond > 0 ? formatRate(bytesPerSecond) : "–"}</td>
      <td className="actions">
        {(isManager || kind === "machine") && (
          <button
            type="button"
            className="button quiet"
            aria-label={`${isPaused ? "Resume" : "Pause"} ${siteName} in all projects`}
            onClick={() => {
              onPause({ scope: "site", siteName, paused: !isPaused }, siteName);
            }}
          >
            <Icon name={isPaused ? "play" : "paused"} />
            {isPaused ? "Resume" : "Pause"}
          </button>
        )}
      </td>
    </tr>
  );
}
