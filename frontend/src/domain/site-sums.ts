/** A sum over sites. */
export function addUp<T>(sites: readonly T[], measure: (site: T) => number): number {
  return sites.reduce((total, site) => total + measure(site), 0);
}
