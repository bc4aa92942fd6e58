import { useCallback, useMemo } from "react";

import type { WireSelection } from "./api/contract";
import { useViewer } from "./api/get-me";
import type { ListQuestion } from "./api/query-representations";
import type { Site } from "./api/types";
import { toWireFilter } from "./api/wire-filter";
import type { ColumnChoice } from "./domain/column-choice";
import { isFiltered, type ListFilter, NO_FILTER, type Sort } from "./domain/list-filter";
import { mayOrder } from "./domain/permissions";
import { STATUS } from "./domain/status";
import { DetailPane } from "./features/detail/detail-pane";
import { CopyLink } from "./features/filters/copy-link";
import { FilterBar } from "./features/filters/filter-bar";
import { OverviewPage } from "./features/overview/overview-page";
import { usePause } from "./features/pauses/use-pause";
import { SiteMenu } from "./features/project-actions/site-menu";
import {
  RepresentationsPage,
  type Selected,
} from "./features/representations/representations-page";
import { SitesPage } from "./features/sites/sites-page";
import { TransfersPage } from "./features/transfers/transfers-page";
import { useRunVerb } from "./features/verbs/use-verbs";
import type { VerbRequest } from "./features/verbs/verb-request";
import { VerbBar } from "./features/verbs/verb-bar";
import { formatNumberOf } from "./lib/format";
import { formatHash, type HashState } from "./lib/hash-state";

type ViewsProps = {
  projectName: string;
  /** Who looks; null while that is not known. */
  userName: string | null;
  /** Selected in the host's hierarchy; empty means all. */
  folderIds: readonly string[];
  sites: readonly Site[];
  /** When they were read, epoch seconds. */
  readAt: number;
  siteNames: readonly string[];
  hash: HashState;
  onHash: (change: Partial<HashState>) => void;
  onAsk: (request: VerbRequest) => void;
};

/** The view that the address names. */
export function PanelViews(props: ViewsProps) {
  const { projectName, sites, hash, onHash, onAsk } = props;
  const { run } = useRunVerb(projectName);
  const setPaused = usePause();
  const linkTo = (change: Partial<HashState>) =>
    formatHash({ ...hash, projectName, openId: null, openSite: null, ...change });
  const onOpen = useCallback(
    (openId: string, openSite: string | null) => {
      onHash({ openId, openSite });
    },
    [onHash],
  );
  const details = hash.openId !== null && (
    <DetailPane
      key={hash.openId}
      projectName={projectName}
      representationId={hash.openId}
      siteName={hash.openSite}
      sites={sites}
      onSite={(openSite) => {
        onHash({ openSite });
      }}
      onVerb={(verb, what, siteNames) => {
        const representationIds = hash.openId === null ? [] : [hash.openId];
        const selection = { representationIds };
        onAsk({ verb, selection, what, siteNames, nameOf: () => what });
      }}
      onClose={() => {
        onHash({ openId: null, openSite: null });
      }}
    />
  );

  switch (hash.view) {
    case "representations":
      return <ListView {...props} details={details} onOpen={onOpen} />;
    case "transfers":
      return (
        <div className="split">
          <TransfersPage
            projectName={projectName}
            sites={sites}
            onOpen={onOpen}
            onPriorities={(changes) => {
              for (const { siteName, representationIds, priority } of changes) {
                const selection = { representationIds };
                void run("priority", { siteNames: [siteName], selection, priority });
              }
            }}
          />
          {details}
        </div>
      );
    case "sites":
      return (
        <SitesPage
          projectName={projectName}
          userName={props.userName}
          sites={sites}
          onPause={(siteName, paused) => {
            void setPaused({ scope: "site", siteName, paused }, siteName);
          }}
          renderActions={(site) => (
            <SiteMenu
              projectName={projectName}
              site={site}
              onVerb={(verb) => {
                onAsk({
                  verb,
                  selection: { all: true },
                  what: "the whole project",
                  siteNames: [site.siteName],
                  nameOf: () => null,
                });
              }}
            />
          )}
        />
      );
    case "overview":
      return (
        <div className="split">
          <OverviewPage
            projectName={projectName}
            userName={props.userName}
            sites={sites}
            readAt={props.readAt}
            linkTo={linkTo}
            statusHref={(siteName, status) =>
              linkTo({
                view: "representations",
                filter: { ...NO_FILTER, statuses: { [siteName]: [status] } },
              })
            }
            onOpen={onOpen}
            onRetry={(siteName) => {
              const filter = { statuses: { [siteName]: [STATUS.failed] } };
              onAsk({
                verb: "retry",
                selection: { filter },
                what: "what failed",
                siteNames: [siteName],
                nameOf: () => null,
              });
            }}
          />
          {details}
        </div>
      );
  }
}

function ListView(
  props: ViewsProps & {
    details: React.ReactNode;
    onOpen: (representationId: string, siteName: string | null) => void;
  },
) {
  const { projectName, folderIds, sites, siteNames, hash, onHash, onAsk } = props;
  const viewer = useViewer();
  const filterText = JSON.stringify(hash.filter);
  const sortText = JSON.stringify(hash.sort);
  const question = useMemo<ListQuestion>(() => {
    const filter = JSON.parse(filterText) as ListFilter;
    // What the host's hierarchy says comes before what a link said.
    const isChosen = folderIds.length > 0;
    return {
      projectName,
      siteNames,
      filter: isChosen ? { ...filter, folderIds } : filter,
      sort: JSON.parse(sortText) as Sort,
    };
  }, [projectName, siteNames, folderIds, filterText, sortText]);
  const onFilter = useCallback(
    (part: Partial<ListFilter>) => {
      onHash({ filter: { ...(JSON.parse(filterText) as ListFilter), ...part } });
    },
    [onHash, filterText],
  );
  const onSearch = useCallback(
    (search: string) => {
      onFilter({ search });
    },
    [onFilter],
  );
  const onSort = (sort: Sort) => {
    onHash({ sort });
  };
  const linkWith = (columns: ColumnChoice) =>
    formatHash({ ...hash, projectName, filter: question.filter, columns });

  return (
    <RepresentationsPage
      question={question}
      sites={sites}
      details={props.details}
      columns={hash.columns}
      onSort={onSort}
      onColumns={(columns) => {
        onHash({ columns });
      }}
      onOpen={props.onOpen}
      onActivate={(openId, siteName) => {
        // Open details follow the row; another column asks about another site.
        if (hash.openId === null) return;
        onHash({ openId, openSite: siteName ?? hash.openSite });
      }}
      onEscape={() => {
        onHash({ openId: null, openSite: null });
      }}
      onClearFilter={() => {
        onHash({ filter: NO_FILTER });
      }}
      renderBar={(columnPicker, total, columns) => (
        <FilterBar
          filter={hash.filter}
          hasHostFolders={folderIds.length > 0}
          sort={hash.sort}
          sites={sites}
          siteNames={siteNames}
          columnPicker={columnPicker}
          copyLink={
            <CopyLink href={`${window.location.pathname}${linkWith(columns)}`} />
          }
          total={total}
          onFilter={onFilter}
          onSort={onSort}
          onSites={(names) => {
            onHash({ siteNames: names });
          }}
          onSearch={onSearch}
        />
      )}
      renderSelection={(selected) => (
        <VerbBar
          count={selected.count}
          bytes={selected.bytes}
          isAllowed={(verb) => sites.some((site) => mayOrder(verb, site, viewer))}
          onVerb={(verb) => {
            onAsk({
              verb,
              selection: toSelection(selected, question),
              what: describe(selected),
              siteNames: [],
              nameOf: selected.nameOf,
            });
          }}
          onDetails={
            selected.selection.ids.size === 1
              ? () => {
                  const [id] = selected.selection.ids;
                  if (id !== undefined) props.onOpen(id, null);
                }
              : null
          }
          total={selected.total}
          onSelectAll={selected.selectAll}
          onClear={selected.clear}
        />
      )}
    />
  );
}

function toSelection({ selection }: Selected, question: ListQuestion): WireSelection {
  if (!selection.isAll) return { representationIds: [...selection.ids] };
  const { filter } = question;
  const now = Date.now() / 1000;
  return isFiltered(filter) ? { filter: toWireFilter(filter, now) } : { all: true };
}

function describe({ count, selection }: Selected): string {
  if (count === null) return "everything";
  const words = formatNumberOf(count, "representation");
  return selection.isAll ? `all ${words}` : words;
}
