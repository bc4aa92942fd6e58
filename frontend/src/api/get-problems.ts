import { queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "./client";
import type { Overview, Problem } from "./contract";

/** GET /{project}/problems: errors first, the newest first. */
export function getProblemsQueryOptions(api: ApiClient, projectName: string) {
  return queryOptions({
    queryKey: ["problems", projectName],
    queryFn: async ({ signal }) => {
      const path = `/${encodeURIComponent(projectName)}/problems`;
      return (await api.getAddon<{ problems: Problem[] }>(path, { signal })).problems;
    },
  });
}

/** GET /-/overview: the projects that the user may read, agents and pauses. */
export function getOverviewQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["overview"],
    queryFn: ({ signal }) => api.getAddon<Overview>("/-/overview", { signal }),
  });
}
