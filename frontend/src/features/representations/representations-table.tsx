import {
  type Cell,
  flexRender,
  getCoreRowModel,
  type Header,
  useReactTable,
} from "@tanstack/react-table";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties,
  type MouseEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
} from "react";

import type { RepresentationRow, Site } from "../../api/types";
import { useNow } from "../../lib/use-now";
import { makeColumns, PINNED_COLUMN_IDS } from "./columns";
import { useRowFocus } from "./use-row-focus";

const ROW_HEIGHT = 28;
const HEADER_HEIGHT = 32;
const OVERSCAN = 8;
/** Rows that shimmer below the loaded ones while there are more. */
const COMING_ROWS = 20;
/** The next page is asked for this many rows before the end comes into sight. */
const LOAD_AHEAD = 40;

type TableProps = {
  rows: readonly RepresentationRow[];
  sites: readonly Site[];
  /** Of the whole list, loaded or not; null while it is not known. */
  total: number | null;
  hasMore: boolean;
  isBusy: boolean;
  onVisibleChange: (ids: readonly string[]) => void;
  onNearEnd: () => void;
};

function widthOf(size: number, grow: number): CSSProperties {
  return { flex: `${grow} 0 ${size}px`, minWidth: size };
}

function HeaderCell({ header, index }: { header: Header<RepresentationRow, unknown>; index: number }) {
  const { columnDef } = header.column;
  return (
    <div
      role="columnheader"
      className="cell"
      aria-colindex={index}
      data-align={columnDef.meta?.align}
      style={widthOf(header.getSize(), columnDef.meta?.grow ?? 0)}
    >
      {flexRender(columnDef.header, header.getContext())}
    </div>
  );
}

function BodyCell({ cell, index, now }: { cell: Cell<RepresentationRow, unknown>; index: number; now: number }) {
  const { columnDef } = cell.column;
  return (
    <div
      role="gridcell"
      className="cell"
      aria-colindex={index}
      data-align={columnDef.meta?.align}
      title={columnDef.meta?.getTitle?.(cell.row.original, now)}
      style={widthOf(cell.column.getSize(), columnDef.meta?.grow ?? 0)}
    >
      {flexRender(columnDef.cell, cell.getContext())}
    </div>
  );
}

export function RepresentationsTable(props: TableProps) {
  const { rows, sites, total, hasMore, isBusy, onVisibleChange, onNearEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  const columns = useMemo(() => makeColumns(sites), [sites]);
  const table = useReactTable({
    data: rows as RepresentationRow[],
    columns,
    state: { columnPinning: { left: PINNED_COLUMN_IDS } },
    getRowId: (row) => row.representationId,
    getCoreRowModel: getCoreRowModel(),
    meta: { now },
  });
  const tableRows = table.getRowModel().rows;
  const pinned = table.getLeftVisibleLeafColumns();
  const pinnedSize = pinned.reduce((sum, column) => sum + column.getSize(), 0);
  const pinnedGrow = pinned.reduce(
    (sum, column) => sum + (column.columnDef.meta?.grow ?? 0),
    0,
  );

  const focus = useRowFocus(rows);
  const { activeIndex } = focus;
  const rangeExtractor = useCallback(
    (range: Range) => {
      const indexes = defaultRangeExtractor(range);
      // The active row is named by its id, so it has to be in the page.
      if (activeIndex >= 0 && !indexes.includes(activeIndex)) indexes.push(activeIndex);
      return indexes.sort((a, b) => a - b);
    },
    [activeIndex],
  );
  const virtualizer = useVirtualizer({
    count: rows.length + (hasMore ? COMING_ROWS : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    useFlushSync: false,
    scrollMargin: HEADER_HEIGHT,
    scrollPaddingStart: HEADER_HEIGHT,
    rangeExtractor,
  });

  const start = virtualizer.range?.startIndex ?? 0;
  const end = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    onVisibleChange(rows.slice(start, end + 1).map((row) => row.representationId));
  }, [rows, start, end, onVisibleChange]);
  useEffect(() => {
    if (hasMore && end >= rows.length - LOAD_AHEAD) onNearEnd();
  }, [hasMore, end, rows.length, onNearEnd]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const pageRows = Math.max(1, end - start - 1);
    const target = focus.moveByKey(event, pageRows);
    if (target === null) return;
    event.preventDefault();
    virtualizer.scrollToIndex(target, { align: "auto" });
  };
  const onClick = (event: MouseEvent) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-row-id]");
    if (row?.dataset["rowId"] !== undefined) focus.setActiveId(row.dataset["rowId"]);
  };

  const [headerRow] = table.getLeftHeaderGroups();
  const [otherHeaderRow] = table.getCenterHeaderGroups();
  return (
    <div
      ref={scroller}
      className="table"
      role="grid"
      tabIndex={0}
      aria-label="Representations and their sites"
      aria-rowcount={total === null ? -1 : total + 1}
      aria-colcount={columns.length}
      aria-busy={isBusy}
      aria-activedescendant={focus.activeRowId}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div className="table-head" role="rowgroup" style={{ minWidth: table.getTotalSize() }}>
        <div className="row" role="row" aria-rowindex={1}>
          <div className="pinned" role="presentation" style={widthOf(pinnedSize, pinnedGrow)}>
            {headerRow?.headers.map((header, at) => (
              <HeaderCell key={header.id} header={header} index={at + 1} />
            ))}
          </div>
          {otherHeaderRow?.headers.map((header, at) => (
            <HeaderCell key={header.id} header={header} index={pinned.length + at + 1} />
          ))}
        </div>
      </div>
      <div
        className="table-body"
        role="rowgroup"
        style={{ height: virtualizer.getTotalSize(), minWidth: table.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map((item) => {
          const row = tableRows[item.index];
          const style = { transform: `translateY(${item.start - HEADER_HEIGHT}px)` };
          if (row === undefined) {
            return <ComingRow key={item.key} style={style} />;
          }
          return (
            <div
              key={row.id}
              id={focus.toElementId(row.id)}
              data-row-id={row.id}
              className="row"
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={item.index === activeIndex}
              style={style}
            >
              <div className="pinned" role="presentation" style={widthOf(pinnedSize, pinnedGrow)}>
                {row.getLeftVisibleCells().map((cell, at) => (
                  <BodyCell key={cell.id} cell={cell} index={at + 1} now={now} />
                ))}
              </div>
              {row.getCenterVisibleCells().map((cell, at) => (
                <BodyCell key={cell.id} cell={cell} index={pinned.length + at + 1} now={now} />
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Stands where a row will be. */
function ComingRow({ style }: { style?: CSSProperties }) {
  return (
    <div className="row row-coming" role="presentation" style={style}>
      <span className="shimmer" />
    </div>
  );
}

/** The table before its first answer. */
export function ComingTable() {
  return (
    <div className="table" role="status" aria-label="Loading representations">
      <div className="table-head" />
      {Array.from({ length: COMING_ROWS }, (_, index) => (
        <ComingRow key={index} />
      ))}
    </div>
  );
}
