import "./detail-pane.css";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { useApi } from "../../api/api-context";
import { useViewer } from "../../api/get-me";
import type { RepresentationDetail, Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { EmptyState } from "../../components/empty-state";
import { Icon } from "../../components/icon";
import { LoadState } from "../../components/load-state";
import { SiteCell } from "../../components/site-cell";
import { describeSiteState } from "../../components/site-state";
import { mayOrder } from "../../domain/permissions";
import type { VerbName } from "../../domain/verbs";
import { formatBytes, formatNumberOf, formatVersion } from "../../lib/format";
import { useNow } from "../../lib/use-now";
import { FileList } from "./file-list";
import {
  getDetailQueryOptions,
  getExplainQueryOptions,
  getHistoryQueryOptions,
} from "./get-detail";
import { HistoryList } from "./history-list";
import { WhyBox } from "./why-box";

const READ_EVERY_MS = 1000;

type PaneProps = {
  projectName: string;
  representationId: string;
  /** The site that is asked about; null: the first that lacks something. */
  siteName: string | null;
  sites: readonly Site[];
  onSite: (siteName: string) => void;
  onVerb: (verb: VerbName, what: string, siteNames: readonly string[]) => void;
  onClose: () => void;
};

/** Everything about one representation, beside the list. */
export function DetailPane(props: PaneProps) {
  const { projectName, representationId, sites } = props;
  const api = useApi();
  const siteNames = sites.map((site) => site.siteName);
  const detail = useQuery(
    getDetailQueryOptions(api, projectName, representationId, siteNames),
  );
  const row = detail.data;
  const siteName = props.siteName ?? findAskedSite(row, sites);
  useLiveQueries(
    [
      ["detail", projectName, representationId],
      ["explain", projectName, representationId],
      ["history", projectName, representationId],
    ],
    READ_EVERY_MS,
  );
  useClosing(props.onClose);

  return (
    <aside className="detail" aria-label="Details">
      <div className="detail-head">
        <h2 title={row?.folderPath}>{row == null ? "Details" : nameOf(row)}</h2>
        <button
          type="button"
          className="chip-clear"
          aria-label="Close the details"
          title="Close (Escape)"
          onClick={props.onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <LoadState what="representation" query={detail} />
      {row === null && (
        <EmptyState icon="info" title="This representation is not there">
          <p>It was deleted, or you have no access to its folder.</p>
        </EmptyState>
      )}
      {row != null && siteName !== null && (
        <DetailBody {...props} row={row} siteName={siteName} />
      )}
    </aside>
  );
}

/**
 * Escape closes it from wherever the focus is, unless something else takes that key;
 * the focus goes back to where it was opened.
 */
function useClosing(onClose: () => void): void {
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const opener = document.activeElement;
    const onKeyDown = (event: KeyboardEvent) => {
      const { target } = event;
      // A question and a field have an Escape of their own.
      const isTaken = target instanceof Element && target.closest("dialog, input") !== null;
      if (event.key === "Escape" && !event.defaultPrevented && !isTaken) close.current();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      const isLost = document.activeElement === document.body;
      if (isLost && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
}

function nameOf(row: RepresentationDetail): string {
  const version = formatVersion(row.version);
  return `${row.folderPath} · ${row.product} ${version} · ${row.representation}`;
}

/** What somebody who opens the details most likely wants to know about. */
function findAskedSite(
  row: RepresentationDetail | null | undefined,
  sites: readonly Site[],
): string | null {
  const rank = (site: Site) => {
    const status = row?.sites[site.siteName]?.status ?? -1;
    if (status === 2) return 0;
    if (status === 4) return 4;
    return site.isActive ? 1 : status === -1 ? 3 : 2;
  };
  return [...sites].sort((a, b) => rank(a) - rank(b))[0]?.siteName ?? null;
}

function DetailBody({
  projectName,
  representationId,
  sites,
  onSite,
  onVerb,
  row,
  siteName,
}: PaneProps & { row: RepresentationDetail; siteName: string }) {
  const api = useApi();
  const now = useNow();
  const viewer = useViewer();
  const explanation = useQuery(
    getExplainQueryOptions(api, projectName, representationId, siteName),
  );
  const history = useQuery(getHistoryQueryOptions(api, projectName, representationId));
  const what = `${row.product} ${formatVersion(row.version)} ${row.representation}`;
  const state = row.sites[siteName];
  const asked = sites.find((site) => site.siteName === siteName);
  return (
    <div className="detail-body">
      <p className="quiet-text">
        {formatNumberOf(row.fileCount, "file")} · {formatBytes(row.size)} ·{" "}
        {row.productType}
      </p>
      <div className="detail-sites" role="group" aria-label="Sites">
        {sites.map((site) => {
          const view = describeSiteState(row.sites[site.siteName], site.kind, now);
          return (
            <button
              key={site.siteName}
              type="button"
              className="detail-site"
              aria-pressed={site.siteName === siteName}
              title={`${site.siteName}: ${view.sentence}`}
              onClick={() => {
                onSite(site.siteName);
              }}
            >
              <span className="cut">{site.siteName}</span>
              <SiteCell view={view} />
            </button>
          );
        })}
      </div>
      <LoadState what="explanation" query={explanation} />
      {explanation.data !== undefined && (
        <WhyBox
          explanation={explanation.data}
          filesFailed={state?.filesFailed ?? 0}
          isAllowed={(verb) => asked !== undefined && mayOrder(verb, asked, viewer)}
          onVerb={(verb) => {
            onVerb(verb, what, [siteName]);
          }}
        />
      )}
      <h3>
        Files <small>on {siteName}</small>
        {state !== undefined && <small> · priority {state.priority}</small>}
      </h3>
      <FileList files={row.files} siteName={siteName} />
      <h3>History</h3>
      <LoadState what="history" query={history} />
      {history.data !== undefined && (
        <HistoryList attempts={history.data} files={row.files} now={now} />
      )}
    </div>
  );
}
