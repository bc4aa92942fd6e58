import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import { useApi } from "./api/api-context";
import { getSitesQueryOptions } from "./api/get-sites";
import { EmptyState } from "./components/empty-state";
import { Icon } from "./components/icon";
import { chooseSites, orderSites } from "./features/filters/choose-sites";
import { SearchBox } from "./features/filters/search-box";
import { SitePicker } from "./features/filters/site-picker";
import { RepresentationsPage } from "./features/representations/representations-page";
import { ComingTable } from "./features/representations/representations-table";
import { formatHash } from "./lib/hash-state";
import { useHashState } from "./lib/use-hash-state";

type PanelProps = {
  projectName: string;
  /** Selected in the host's hierarchy; empty means all. */
  folderIds: readonly string[];
  isFramed: boolean;
};

/** One project. */
export function Panel({ projectName, folderIds, isFramed }: PanelProps) {
  const api = useApi();
  const [hash, changeHash] = useHashState();
  const { data, error, dataUpdatedAt, refetch } = useQuery(
    getSitesQueryOptions(api, projectName),
  );
  const sites = useMemo(() => orderSites(data ?? []), [data]);
  const siteNames = useStableList(chooseSites(sites, hash.siteNames));
  const folders = useStableList(folderIds);
  const { search } = hash;
  const filter = useMemo(
    () => ({ projectName, siteNames, search, folderIds: folders }),
    [projectName, siteNames, search, folders],
  );
  useEffect(() => {
    document.title = `${projectName} · Site Sync`;
  }, [projectName]);
  const onSearch = useCallback(
    (text: string) => {
      changeHash({ search: text });
    },
    [changeHash],
  );

  return (
    <div className="panel">
      <header className="toolbar">
        {!isFramed && (
          <a className="project" href="#project=" title="Choose another project">
            {projectName}
          </a>
        )}
        <SearchBox value={search} onChange={onSearch} />
        <SitePicker
          sites={sites}
          chosen={siteNames}
          onChange={(names) => {
            changeHash({ siteNames: names });
          }}
        />
        {isFramed && (
          <a
            className="button"
            target="_blank"
            rel="noreferrer"
            title="Open this view in a tab of its own; the link can be shared"
            href={`${window.location.pathname}${formatHash({ ...hash, projectName })}`}
          >
            <Icon name="open" />
            <span className="for-readers">Open this view in a tab of its own</span>
          </a>
        )}
      </header>
      {data !== undefined && (
        <RepresentationsPage
          filter={filter}
          sites={sites}
          sitesReadAt={dataUpdatedAt}
          onClearSearch={() => {
            onSearch("");
          }}
        />
      )}
      {data === undefined && error === null && <ComingTable />}
      {data === undefined && error !== null && (
        <EmptyState icon="failed" tone="error" title="The sites could not be read">
          <p>{error.message}</p>
          <button
            type="button"
            className="button"
            onClick={() => {
              void refetch();
            }}
          >
            Try again
          </button>
        </EmptyState>
      )}
    </div>
  );
}

/** The same array for as long as it says the same, so that nothing is asked twice. */
function useStableList(items: readonly string[]): readonly string[] {
  const key = JSON.stringify(items);
  return useMemo(() => JSON.parse(key) as string[], [key]);
}
