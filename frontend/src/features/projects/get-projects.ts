import { queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "../../api/client";

/** The part of AYON's own answer that is used here. */
export type ProjectList = { projects: readonly { name: string; active: boolean }[] };

/** GET /api/projects: the projects that the user may see. */
export function getProjectsQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["projects"],
    queryFn: async ({ signal }) => {
      const { projects } = await api.getServer<ProjectList>("/projects", { signal });
      return projects.filter((project) => project.active).map(({ name }) => name);
    },
  });
}
