import { infiniteQueryOptions } from "@tanstack/react-query";

import type { ApiClient } from "../../api/client";
import type { RepresentationsPage, RepresentationsQuery } from "../../api/types";
import type { ListPage } from "./pages";

/** Rows a page: some screens full, small enough to arrive at once. */
const PAGE_SIZE = 100;

/** What the list shows; all parts of the list ask with the same filter. */
export type ListFilter = {
  projectName: string;
  siteNames: readonly string[];
  search: string;
  /** Empty means all folders. */
  folderIds: readonly string[];
};

/** POST /{project}/representations/query */
export function queryRepresentations(
  api: ApiClient,
  filter: ListFilter,
  part: Partial<RepresentationsQuery>,
  signal?: AbortSignal,
): Promise<RepresentationsPage> {
  const search = filter.search.trim();
  return api.postAddon<RepresentationsPage>(
    `/${encodeURIComponent(filter.projectName)}/representations/query`,
    {
      siteNames: [...filter.siteNames],
      search: search === "" ? null : search,
      folderIds: filter.folderIds.length > 0 ? [...filter.folderIds] : null,
      sortBy: "folder",
      sortDesc: false,
      ...part,
    } satisfies Partial<RepresentationsQuery>,
    { signal },
  );
}

export function getRepresentationsQueryOptions(api: ApiClient, filter: ListFilter) {
  return infiniteQueryOptions({
    queryKey: ["representations", filter] as const,
    queryFn: async ({ pageParam, signal }): Promise<ListPage> => {
      // Counting costs: once is enough.
      const part = { first: PAGE_SIZE, after: pageParam, withTotal: pageParam === null };
      const page = await queryRepresentations(api, filter, part, signal);
      return { ...page, siteNames: filter.siteNames };
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ pageInfo }) =>
      pageInfo.hasNextPage ? pageInfo.endCursor : null,
    // The last answer stays on the screen until the new one is there.
    placeholderData: (pages, query) =>
      query?.queryKey[1].projectName === filter.projectName ? pages : undefined,
  });
}
