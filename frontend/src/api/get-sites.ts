import { queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "./client";
import type { SitesAnswer } from "./types";

/** GET /{project}/sites */
export function getSitesQueryOptions(api: ApiClient, projectName: string) {
  return queryOptions({
    queryKey: ["sites", projectName],
    queryFn: async ({ signal }) => {
      const path = `/${encodeURIComponent(projectName)}/sites`;
      return (await api.getAddon<SitesAnswer>(path, { signal })).sites;
    },
  });
}
