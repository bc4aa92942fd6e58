import { queryOptions } from "@tanstack/react-query";

import { type ApiClient, ConnectionError } from "./client";
import type { SitesAnswer } from "./types";

/** While the server cannot be reached and there is nothing to show. */
const RETRY_EVERY_MS = 5000;

/** GET /{project}/sites */
export function getSitesQueryOptions(api: ApiClient, projectName: string) {
  return queryOptions({
    queryKey: ["sites", projectName],
    queryFn: async ({ signal }) => {
      const path = `/${encodeURIComponent(projectName)}/sites`;
      return (await api.getAddon<SitesAnswer>(path, { signal })).sites;
    },
    refetchInterval: ({ state }) =>
      state.data === undefined && state.error instanceof ConnectionError
        ? RETRY_EVERY_MS
        : false,
  });
}

/** POST /{project}/scan: the site's own agent compares its disk with what is known. */
export function postScan(
  api: ApiClient,
  projectName: string,
  siteName: string,
): Promise<unknown> {
  return api.postAddon(`/${encodeURIComponent(projectName)}/scan`, { siteName });
}
