import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { useApi } from "./api/api-context";
import { getMeQueryOptions } from "./api/get-me";
import { getSitesQueryOptions } from "./api/get-sites";
import { LiveProvider, useLive } from "./api/live-context";
import type { Site } from "./api/types";
import { useLiveQueries } from "./api/use-live-queries";
import { LoadFailure } from "./components/load-state";
import { ToastProvider } from "./components/toasts";
import { orderSites, useChosenSites } from "./features/filters/choose-sites";
import { PauseButton } from "./features/pauses/pause-button";
import { ComingTable } from "./features/representations/table-row";
import { SummaryLine } from "./features/summary/summary-line";
import { VerbDialog } from "./features/verbs/verb-dialog";
import type { VerbRequest } from "./features/verbs/verb-request";
import { formatHash, type HashState, type View, VIEWS } from "./lib/hash-state";
import { useHashState } from "./lib/use-hash-state";
import { PanelViews } from "./panel-views";

export type PanelProps = {
  projectName: string;
  /** Selected in the host's hierarchy; empty means all. */
  folderIds: readonly string[];
  isFramed: boolean;
};

/** One project. */
export function Panel(props: PanelProps) {
  return (
    <LiveProvider projectName={props.projectName}>
      <ToastProvider>
        <LivePanel {...props} />
      </ToastProvider>
    </LiveProvider>
  );
}

const WORDS: Record<View, string> = {
  overview: "Overview",
  representations: "Representations",
  transfers: "Transfers",
  sites: "Sites and agents",
};

/** Totals are sums over the project: read less often than rows. */
const SITES_EVERY_MS = 1000;

const NO_SITES: readonly Site[] = [];

function LivePanel({ projectName, folderIds, isFramed }: PanelProps) {
  const api = useApi();
  const { connection } = useLive();
  const [hash, changeHash] = useHashState();
  const query = useQuery(getSitesQueryOptions(api, projectName));
  const { data } = query;
  useLiveQueries([["sites", projectName]], SITES_EVERY_MS);
  const me = useQuery(getMeQueryOptions(api));
  const userName = me.data?.name ?? null;
  const sites = useMemo(() => orderSites(data ?? [], userName), [data, userName]);
  // Who looks decides the order of sites: asked beside them, so that it is set once.
  const isKnown = data !== undefined && !me.isPending;
  const siteNames = useStableList(
    useChosenSites(isKnown ? sites : NO_SITES, hash.siteNames),
  );
  const folders = useStableList(folderIds);
  const [request, setRequest] = useState<VerbRequest | null>(null);
  useEffect(() => {
    document.title = `${projectName} · Site Sync`;
  }, [projectName]);

  return (
    <div className="panel">
      <header className="top">
        {!isFramed && (
          <a className="project" href="#project=" title="All projects">
            {projectName}
          </a>
        )}
        <Tabs hash={hash} projectName={projectName} />
        <SummaryLine
          connection={connection}
          sites={sites}
        />
        <PauseButton projectName={projectName} />
      </header>
      {isKnown && (
        <PanelViews
          projectName={projectName}
          userName={userName}
          folderIds={folders}
          sites={sites}
          readAt={query.dataUpdatedAt / 1000}
          siteNames={siteNames}
          hash={hash}
          onHash={changeHash}
          onAsk={setRequest}
        />
      )}
      {!isKnown && query.error === null && <ComingTable />}
      {data === undefined && query.error !== null && (
        <LoadFailure what="sites" query={query} />
      )}
      {request !== null && (
        <VerbDialog
          key={JSON.stringify([request.verb, request.what])}
          projectName={projectName}
          request={request}
          sites={sites}
          onClose={() => {
            setRequest(null);
          }}
        />
      )}
    </div>
  );
}

/** The views as links: each can be opened in a tab of its own. */
function Tabs({ hash, projectName }: { hash: HashState; projectName: string }) {
  return (
    <nav className="tabs" aria-label="Views">
      {VIEWS.map((view) => (
        <a
          key={view}
          href={formatHash({ ...hash, projectName, view, openId: null, openSite: null })}
          aria-current={hash.view === view ? "page" : undefined}
        >
          {WORDS[view]}
        </a>
      ))}
    </nav>
  );
}

/** The same array for as long as it says the same, so that nothing is asked twice. */
function useStableList(items: readonly string[]): readonly string[] {
  const key = JSON.stringify(items);
  return useMemo(() => JSON.parse(key) as string[], [key]);
}

