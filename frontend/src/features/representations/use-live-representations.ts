import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { toSocketUrl } from "../../api/addon-location";
import { useApi } from "../../api/api-context";
import { type ConnectionStatus, EventSocket } from "../../api/events";
import { getSitesQueryOptions } from "../../api/get-sites";
import { Coalescer } from "../../lib/coalesce";
import {
  getRepresentationsQueryOptions,
  type ListFilter,
  queryRepresentations,
} from "./get-representations";
import { LiveRows } from "./live-rows";
import { listRows, type RepresentationPages, replaceRows } from "./pages";

const GATHER_MS = 250;
/** Totals are sums over the project: read less often than rows. */
const SITES_EVERY_MS = 1000;
/** Without a live connection the screen is read this often. */
const POLL_EVERY_MS = 15_000;

export type LiveRepresentations = {
  connection: ConnectionStatus;
  onVisibleChange: (ids: readonly string[]) => void;
};

/** Keeps the list with this filter and the sites' totals as the server has them. */
export function useLiveRepresentations(
  filter: ListFilter,
  isFetching: boolean,
): LiveRepresentations {
  const { projectName } = filter;
  const api = useApi();
  const queryClient = useQueryClient();
  const [connection, setConnection] = useState<ConnectionStatus>("connecting");

  const rows = useMemo(() => {
    const { queryKey } = getRepresentationsQueryOptions(api, filter);
    const getPages = () => queryClient.getQueryData(queryKey);
    return new LiveRows({
      getLoadedIds: () => listRows(getPages()).map((row) => row.representationId),
      isWatched: () => !document.hidden,
      isLoading: () => queryClient.isFetching({ queryKey }) > 0,
      fetchRows: async (ids) => {
        const part = { representationIds: [...ids], first: ids.length };
        return (await queryRepresentations(api, filter, part)).representations;
      },
      hasNewRows: async (ids) => {
        const last = getPages()?.pages.at(-1)?.pageInfo;
        const before = last?.hasNextPage === true ? last.endCursor : null;
        const part = { representationIds: [...ids], last: 1, before };
        const page = await queryRepresentations(api, filter, part);
        return page.representations.length > 0;
      },
      putRows: (changed) => {
        queryClient.setQueryData<RepresentationPages>(queryKey, (pages) =>
          pages === undefined ? pages : replaceRows(pages, changed),
        );
      },
      reload: () => queryClient.refetchQueries({ queryKey, exact: true }),
    });
  }, [api, filter, queryClient]);

  // The socket outlives a change of the filter and talks to the present rows.
  const currentRows = useRef(rows);
  useEffect(() => {
    currentRows.current = rows;
    rows.start();
    return () => {
      rows.stop();
    };
  }, [rows]);

  useEffect(() => {
    if (!isFetching) rows.onPagesLoaded();
  }, [rows, isFetching]);

  useEffect(() => {
    const { queryKey } = getSitesQueryOptions(api, projectName);
    const readSites = async () => {
      if (!document.hidden) await queryClient.refetchQueries({ queryKey });
    };
    const sites = new Coalescer(readSites, GATHER_MS, SITES_EVERY_MS);
    const resync = () => {
      currentRows.current.onResync();
      sites.request();
    };
    const socket = new EventSocket({
      url: toSocketUrl(new URL(window.location.href), api.location.serverBase),
      projectName,
      getToken: () => api.getToken(),
      onStatus: setConnection,
      onResync: resync,
      handlers: {
        "sitesync.state": (change) => {
          currentRows.current.onStateChange(change);
          sites.request();
        },
        "sitesync.agents": () => {
          sites.request();
        },
      },
    });
    const onVisibilityChange = () => {
      currentRows.current.catchUp();
      sites.request();
    };
    sites.start();
    socket.start();
    document.addEventListener("visibilitychange", onVisibilityChange);
    return () => {
      socket.stop();
      sites.stop();
      document.removeEventListener("visibilitychange", onVisibilityChange);
    };
  }, [api, projectName, queryClient]);

  useEffect(() => {
    if (connection === "live") return;
    const timer = setInterval(() => {
      rows.onResync();
    }, POLL_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [rows, connection]);

  const onVisibleChange = useCallback(
    (ids: readonly string[]) => {
      rows.onVisibleChange(ids);
    },
    [rows],
  );
  return { connection, onVisibleChange };
}
