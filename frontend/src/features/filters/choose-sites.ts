import { useState } from "react";

import type { Site } from "../../api/types";
import { isOwnMachine } from "../../domain/own-site";

/** More columns than that are chosen by the user, not by the panel. */
const MOST_CHOSEN = 12;

const KIND_ORDER: Record<Site["kind"], number> = { studio: 0, configured: 1, machine: 2 };

function rank(site: Site, userName: string | null): number {
  if (isOwnMachine(site, userName)) return 0;
  if (site.kind === "studio") return 1;
  if (site.isActive || site.isRemote) return 2;
  return 3 + KIND_ORDER[site.kind];
}

/** The user's own machine first, then the studio and his other site, then the rest. */
export function orderSites(
  sites: readonly Site[],
  userName: string | null,
): readonly Site[] {
  return [...sites].sort(
    (a, b) =>
      rank(a, userName) - rank(b, userName) || a.siteName.localeCompare(b.siteName),
  );
}

function isOfInterest(site: Site): boolean {
  return (
    site.kind !== "machine" ||
    site.isActive ||
    site.isRemote ||
    site.agents.some((agent) => agent.isLive)
  );
}

/**
 * Names of the sites to show as columns. `named` are those of the address:
 * unknown ones are left out, and when none is known the panel chooses. A studio
 * may have hundreds of machines: then only those that are at work are chosen.
 */
export function chooseSites(
  ordered: readonly Site[],
  named: readonly string[] | null,
): readonly string[] {
  const wanted = ordered.filter((site) => named?.includes(site.siteName) === true);
  if (wanted.length > 0) return wanted.map((site) => site.siteName);
  const chosen =
    ordered.length <= MOST_CHOSEN ? ordered : ordered.filter(isOfInterest);
  return chosen.slice(0, MOST_CHOSEN).map((site) => site.siteName);
}

/**
 * The panel's own choice, made once: a machine that goes idle or comes back moves no
 * columns under somebody's hands. Where all sites are shown, new ones come too.
 */
export function keepChosen(
  ordered: readonly Site[],
  named: readonly string[] | null,
  kept: readonly string[],
): readonly string[] {
  const chosen = chooseSites(ordered, named);
  if (named !== null || ordered.length <= MOST_CHOSEN) return chosen;
  const still = ordered.filter((site) => kept.includes(site.siteName));
  return still.length > 0 ? still.map((site) => site.siteName) : chosen;
}

/** Sites to show as columns; `ordered` is empty until they are known. */
export function useChosenSites(
  ordered: readonly Site[],
  named: readonly string[] | null,
): readonly string[] {
  const [kept, setKept] = useState<readonly string[]>([]);
  const chosen = keepChosen(ordered, named, kept);
  // What the address names is no choice of the panel: "Usual choice" makes it anew.
  const next = named === null ? chosen : [];
  if (JSON.stringify(next) !== JSON.stringify(kept)) setKept(next);
  return chosen;
}
