import { queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "../../api/client";
import type { Attempt, Explanation } from "../../api/contract";
import type { RepresentationDetail, RepresentationsPage } from "../../api/types";

function toPath(projectName: string, representationId: string, rest: string): string {
  return `/${encodeURIComponent(projectName)}/representations/${representationId}/${rest}`;
}

/** One representation with its files and all its sites; null when it is gone. */
export function getDetailQueryOptions(
  api: ApiClient,
  projectName: string,
  representationId: string,
  siteNames: readonly string[],
) {
  return queryOptions({
    queryKey: ["detail", projectName, representationId, siteNames] as const,
    queryFn: async ({ signal }): Promise<RepresentationDetail | null> => {
      const page = await api.postAddon<RepresentationsPage>(
        `/${encodeURIComponent(projectName)}/representations/query`,
        {
          siteNames,
          representationIds: [representationId],
          first: 1,
          withFiles: true,
          includeInactive: true,
        },
        { signal },
      );
      return (page.representations[0] as RepresentationDetail | undefined) ?? null;
    },
  });
}

/** GET /{project}/representations/{id}/explain: why a site has it or not, in words. */
export function getExplainQueryOptions(
  api: ApiClient,
  projectName: string,
  representationId: string,
  siteName: string,
) {
  return queryOptions({
    queryKey: ["explain", projectName, representationId, siteName] as const,
    queryFn: ({ signal }) =>
      api.getAddon<Explanation>(
        toPath(
          projectName,
          representationId,
          `explain?siteName=${encodeURIComponent(siteName)}`,
        ),
        { signal },
      ),
  });
}

/** GET /{project}/representations/{id}/history: the latest attempts first. */
export function getHistoryQueryOptions(
  api: ApiClient,
  projectName: string,
  representationId: string,
) {
  return queryOptions({
    queryKey: ["history", projectName, representationId] as const,
    queryFn: async ({ signal }) => {
      const path = toPath(projectName, representationId, "history?first=50");
      return (await api.getAddon<{ attempts: Attempt[] }>(path, { signal })).attempts;
    },
  });
}
