import type { InfiniteData } from "@tanstack/react-query";

import type { RepresentationRow, RepresentationsPage } from "../../api/types";

/** A page, with the sites it was asked for: its rows know nothing of others. */
export type ListPage = RepresentationsPage & { siteNames: readonly string[] };

export type RepresentationPages = InfiniteData<ListPage>;

export function listRows(
  pages: RepresentationPages | undefined,
): readonly RepresentationRow[] {
  return pages?.pages.flatMap((page) => page.representations) ?? [];
}

/** New states of rows that are listed. Pages without a changed row stay as they are. */
export function replaceRows(
  pages: RepresentationPages,
  rows: readonly RepresentationRow[],
): RepresentationPages {
  const byId = new Map(rows.map((row) => [row.representationId, row]));
  return {
    ...pages,
    pages: pages.pages.map((page) =>
      page.representations.some((row) => byId.has(row.representationId))
        ? {
            ...page,
            representations: page.representations.map(
              (row) => byId.get(row.representationId) ?? row,
            ),
          }
        : page,
    ),
  };
}
