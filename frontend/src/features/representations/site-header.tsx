import type { Site } from "../../api/types";
import { Icon } from "../../components/icon";
import { getSiteIcon } from "../../components/site-icon";

/** Which part the site plays for who looks, and whether somebody works for it. */
function describeSite(site: Site): string {
  const told = [site.siteName];
  if (site.isActive) told.push("your active site");
  if (site.isRemote) told.push("your remote site");
  const live = site.agents.filter((agent) => agent.isLive);
  if (live.length === 0) told.push("no agent is running");
  for (const agent of live) told.push(`agent of ${agent.userName} on ${agent.hostname}`);
  return told.join(" · ");
}

export function SiteHeader({ site }: { site: Site }) {
  const isLive = site.agents.some((agent) => agent.isLive);
  return (
    <span className="site-header" title={describeSite(site)}>
      <Icon name={getSiteIcon(site)} />
      <span className="site-header-name">{site.siteName}</span>
      {isLive && (
        <span className="agent-dot">
          <span className="for-readers">, an agent is running</span>
        </span>
      )}
    </span>
  );
}
