import type { Pause, PauseRequest } from "../../api/contract";
import { getSiteIcon } from "../../components/site-icon";
import { PauseSiteButton, SitesTable } from "../../components/sites-table";
import { formatNumberOf } from "../../lib/format";
import type { StudioSite } from "./studio-sites";

/** Each site over all projects. */
export function StudioSitesTable({
  sites,
  pauses,
  isManager,
  onPause,
}: {
  sites: readonly StudioSite[];
  pauses: readonly Pause[];
  /** Who looks may pause what concerns all. */
  isManager: boolean;
  onPause: (request: PauseRequest, name: string) => void;
}) {
  return (
    <SitesTable
      lines={sites.map((site) => {
        const { siteName, kind, providers } = site;
        const what = kind === "configured" ? providers.join(", ") : kind;
        return {
          ...site,
          icon: getSiteIcon({ kind, provider: providers[0] ?? "" }),
          note: `${what} · ${formatNumberOf(site.projects, "project")}`,
          actions: (isManager || kind === "machine") && (
            <PauseSiteButton
              siteName={siteName}
              where=" in all projects"
              isPaused={pauses.some(
                (pause) => pause.siteName === siteName && pause.projectName === null,
              )}
              onPause={(paused) => {
                onPause({ scope: "site", siteName, paused }, siteName);
              }}
            />
          ),
        };
      })}
    />
  );
}
