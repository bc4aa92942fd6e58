import { type ReactNode, useMemo, useState } from "react";

import type { ListQuestion } from "../../api/query-representations";
import type { RepresentationRow, Site } from "../../api/types";
import { EmptyState } from "../../components/empty-state";
import { RetryButton } from "../../components/load-state";
import type { ColumnChoice } from "../../domain/column-choice";
import { isFiltered, type Sort } from "../../domain/list-filter";
import { formatVersion } from "../../lib/format";
import { type ColumnLayout, readLayout, writeLayout } from "./column-layout";
import { ColumnPicker } from "./column-picker";
import { layOutColumns, makeColumns } from "./columns";
import { RepresentationsTable } from "./representations-table";
import type { RowBlocks } from "./row-blocks";
import { type RowSelection, useSelection } from "./selection";
import { ComingTable } from "./table-row";
import { Total } from "./list-total";
import { useRepresentations } from "./use-representations";
import { useRowChoice } from "./use-row-choice";

export type Selected = {
  selection: RowSelection;
  /** How many; null while the list is not counted. */
  count: number | null;
  /** Null while that is not known. */
  bytes: number | null;
  /** What people call a row; null when it is not loaded. */
  nameOf: (representationId: string) => string | null;
  /** How many would be selected; null when they are, or while it is not known. */
  total: number | null;
  selectAll: () => void;
  clear: () => void;
};

type PageProps = {
  question: ListQuestion;
  /** All sites of the project. */
  sites: readonly Site[];
  /** Columns that a link asks for; null: as who looks likes them. */
  columns: ColumnChoice | null;
  /** What is above the table; it places the picker of columns. */
  renderBar: (
    columnPicker: ReactNode,
    total: ReactNode,
    columns: ColumnChoice,
  ) => ReactNode;
  /** What can be done with what is selected. */
  renderSelection: (selected: Selected) => ReactNode;
  /** Beside the table. */
  details: ReactNode;
  onSort: (sort: Sort) => void;
  onColumns: (columns: ColumnChoice) => void;
  onOpen: (representationId: string, siteName: string | null) => void;
  onActivate: (representationId: string, siteName: string | null) => void;
  onEscape: () => void;
  onClearFilter: () => void;
};

export function RepresentationsPage(props: PageProps) {
  const { question, sites } = props;
  const list = useRepresentations(question);
  const { blocks, state } = list;
  const { total, error } = state;
  const { selection, setSelection, clear, selectAll } = useSelection(
    JSON.stringify(question.filter),
  );
  const chooseRow = useRowChoice(blocks, selection, setSelection);
  const [liked, setLiked] = useState(() => readLayout(window.localStorage));
  const layout = useMemo(() => ({ ...liked, ...props.columns }), [liked, props.columns]);
  // While another choice of sites is being read, the last one stays on the screen.
  const shownSites = list.question.siteNames;
  const sortedSite = question.sort.site;
  const all = useMemo(
    () =>
      makeColumns(
        shownSites.flatMap(
          (name) => sites.find((site) => site.siteName === name) ?? [],
        ),
        sortedSite,
      ),
    [shownSites, sites, sortedSite],
  );
  const columns = useMemo(() => layOutColumns(all, layout), [all, layout]);
  const onLayout = (next: ColumnLayout) => {
    setLiked(next);
    writeLayout(window.localStorage, next);
    if (props.columns !== null) props.onColumns({ order: next.order, hidden: next.hidden });
  };
  const picker = <ColumnPicker columns={all} layout={layout} onLayout={onLayout} />;

  return (
    <>
      {props.renderBar(
        picker,
        <Total question={list.question} totals={state.totals} />,
        layout,
      )}
      {error !== null && total !== null && (
        <div className="notice" role="alert">
          Could not read more: {error.message}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              void blocks.retry();
            }}
          >
            Try again
          </button>
        </div>
      )}
      <div className="split">
        <div className="list-side">
          {total === null && error === null && <ComingTable />}
          {total === null && error !== null && (
            <EmptyState
              icon="failed"
              tone="error"
              title="The representations could not be read"
            >
              <p>{error.message}</p>
              <RetryButton onRetry={() => blocks.retry()} />
            </EmptyState>
          )}
          {total === 0 && (
            <NothingListed question={question} onClear={props.onClearFilter} />
          )}
          {total !== null && total > 0 && (
            <RepresentationsTable
              // Another question starts at the top again.
              key={JSON.stringify([list.question.filter, list.question.sort])}
              blocks={blocks}
              state={state}
              columns={columns}
              allIds={all.map((column) => column.id)}
              sort={question.sort}
              layout={layout}
              selection={selection}
              isBusy={state.isReading || list.isOld}
              onSort={props.onSort}
              onLayout={onLayout}
              onSelect={chooseRow}
              onSelectAll={selectAll}
              onVisibleChange={list.onVisibleChange}
              onOpen={props.onOpen}
              onActivate={props.onActivate}
              onEscape={() => {
                clear();
                props.onEscape();
              }}
            />
          )}
          {(selection.isAll || selection.ids.size > 0) &&
            props.renderSelection({
              selection,
              count: selection.isAll ? (state.totals?.rows ?? null) : selection.ids.size,
              bytes: selection.isAll
                ? (state.totals?.bytes ?? null)
                : sumBytes(blocks, selection),
              nameOf: (id) => nameRow(blocks.getRow(blocks.findIndex(id))),
              total: selection.isAll ? null : (state.totals?.rows ?? null),
              selectAll,
              clear,
            })}
        </div>
        {props.details}
      </div>
    </>
  );
}

function sumBytes(blocks: RowBlocks, selection: RowSelection): number | null {
  let bytes = 0;
  for (const id of selection.ids) {
    const row = blocks.getRow(blocks.findIndex(id));
    if (row === undefined) return null;
    bytes += row.size;
  }
  return bytes;
}

function nameRow(row: RepresentationRow | undefined): string | null {
  if (row === undefined) return null;
  const version = formatVersion(row.version);
  return `${row.folderPath} ${row.product} ${version} ${row.representation}`;
}

function NothingListed({
  question,
  onClear,
}: {
  question: ListQuestion;
  onClear: () => void;
}) {
  const { filter } = question;
  const search = filter.search.trim();
  if (isFiltered({ ...filter, folderIds: [] })) {
    const title =
      search === "" ? "Nothing matches these filters" : `Nothing matches “${search}”`;
    return (
      <EmptyState icon="search" title={title}>
        <p>The search looks at folders, products and representations.</p>
        <button type="button" className="button" onClick={onClear}>
          Clear search and filters
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
