import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import { useApi } from "../../api/api-context";
import type { Site } from "../../api/types";
import { EmptyState } from "../../components/empty-state";
import { formatCount } from "../../lib/format";
import { getRepresentationsQueryOptions, type ListFilter } from "./get-representations";
import { listRows } from "./pages";
import { ComingTable, RepresentationsTable } from "./representations-table";
import { SummaryLine } from "./summary-line";
import { useLiveRepresentations } from "./use-live-representations";

type PageProps = {
  filter: ListFilter;
  /** All sites of the project. */
  sites: readonly Site[];
  /** When the sites were read, in milliseconds. */
  sitesReadAt: number;
  onClearSearch: () => void;
};

export function RepresentationsPage({
  filter,
  sites,
  sitesReadAt,
  onClearSearch,
}: PageProps) {
  const api = useApi();
  const query = useInfiniteQuery(getRepresentationsQueryOptions(api, filter));
  const { data, error, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } =
    query;
  const live = useLiveRepresentations(filter, isFetching);
  const rows = useMemo(() => listRows(data), [data]);
  const firstPage = data?.pages[0];
  // While another choice of sites is being read, the last one stays on the screen.
  const askedSites = firstPage?.siteNames;
  const columnSites = useMemo(
    () =>
      (askedSites ?? []).flatMap(
        (name) => sites.find((site) => site.siteName === name) ?? [],
      ),
    [askedSites, sites],
  );
  const total = firstPage?.total ?? null;

  const onNearEnd = useCallback(() => {
    if (!isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [isFetching, isFetchNextPageError, fetchNextPage]);

  return (
    <>
      <div className="status-line">
        <span className="count" role="status">
          {total !== null && tellCount(total)}
        </span>
        {error !== null && data !== undefined && (
          <span className="notice" role="alert">
            Could not read more: {error.message}{" "}
            <button
              type="button"
              className="link"
              onClick={() => {
                void (isFetchNextPageError ? fetchNextPage() : query.refetch());
              }}
            >
              Try again
            </button>
          </span>
        )}
        <SummaryLine connection={live.connection} sites={sites} readAt={sitesReadAt} />
      </div>
      {data === undefined && error === null && <ComingTable />}
      {data === undefined && error !== null && (
        <EmptyState
          icon="failed"
          tone="error"
          title="The representations could not be read"
        >
          <p>{error.message}</p>
          <button
            type="button"
            className="button"
            onClick={() => {
              void query.refetch();
            }}
          >
            Try again
          </button>
        </EmptyState>
      )}
      {data !== undefined && rows.length === 0 && (
        <NothingListed filter={filter} onClearSearch={onClearSearch} />
      )}
      {rows.length > 0 && (
        <RepresentationsTable
          // Another question starts at the top again.
          key={`${filter.search}\n${filter.folderIds.join()}`}
          rows={rows}
          sites={columnSites}
          total={total}
          hasMore={hasNextPage}
          isBusy={isFetching}
          onVisibleChange={live.onVisibleChange}
          onNearEnd={onNearEnd}
        />
      )}
    </>
  );
}

function tellCount(total: number): string {
  return `${formatCount(total)} ${total === 1 ? "representation" : "representations"}`;
}

function NothingListed({
  filter,
  onClearSearch,
}: {
  filter: ListFilter;
  onClearSearch: () => void;
}) {
  if (filter.search.trim() !== "") {
    return (
      <EmptyState icon="search" title={`Nothing matches “${filter.search.trim()}”`}>
        <p>The search looks at folders, products and representations.</p>
        <button type="button" className="button" onClick={onClearSearch}>
          Clear the search
        </button>
      </EmptyState>
    );
  }
  if (filter.folderIds.length > 0) {
    return (
      <EmptyState icon="folder" title="Nothing is published in the selected folders">
        <p>Select other folders, or none to see the whole project.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="folder" title="Nothing is published here yet">
      <p>Representations appear by themselves once they are published.</p>
    </EmptyState>
  );
}
