import "./representations-table.css";

import {
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useId,
  useMemo,
  useState,
} from "react";

import type { Sort } from "../../domain/list-filter";
import { useNow } from "../../lib/use-now";
import type { ColumnLayout } from "./column-layout";
import type { Column } from "./columns";
import { HeaderRow, widthOfAll } from "./header-row";
import type { BlocksState, RowBlocks } from "./row-blocks";
import { findTargetRow } from "./row-keys";
import { OVERSCAN, ROW_HEIGHT } from "./row-scroll";
import { isSelected, type RowSelection, type SelectMode } from "./selection";
import { ComingRow, TableRow } from "./table-row";
import type { ChooseRow } from "./use-row-choice";
import { useRowWindow } from "./use-row-window";

type TableProps = {
  blocks: RowBlocks;
  state: BlocksState;
  /** As they are shown, from left to right. */
  columns: readonly Column[];
  allIds: readonly string[];
  sort: Sort;
  layout: ColumnLayout;
  selection: RowSelection;
  isBusy: boolean;
  onSort: (sort: Sort) => void;
  onLayout: (layout: ColumnLayout) => void;
  onSelect: ChooseRow;
  onSelectAll: () => void;
  onVisibleChange: (start: number, end: number) => void;
  /** Details are wanted, perhaps of one site; or no longer. */
  onOpen: (representationId: string, siteName: string | null) => void;
  /** The active row moved. */
  onActivate: (representationId: string, siteName: string | null) => void;
  onEscape: () => void;
};

/** These stay at the left while the sites scroll. */
const PINNED = ["folder", "product", "version", "representation"];

function countPinned(columns: readonly Column[]): number {
  const other = columns.findIndex((column) => !PINNED.includes(column.id));
  return other < 0 ? columns.length : other;
}

export function RepresentationsTable(props: TableProps) {
  const { blocks, state, columns, selection, onVisibleChange } = props;
  const count = state.total ?? 0;
  const now = useNow();
  const prefix = useId();
  const { scroller, view, reveal } = useRowWindow(count);
  const { start, end } = view;
  const [active, setActive] = useState(-1);
  const [anchor, setAnchor] = useState(0);

  useEffect(() => {
    onVisibleChange(start, end);
  }, [start, end, state.version, onVisibleChange]);

  const getId = (index: number) => blocks.getRow(index)?.representationId;
  const moveTo = (index: number, mode: SelectMode, siteName: string | null) => {
    const from = mode === "range" ? anchor : index;
    setActive(index);
    setAnchor(from);
    props.onSelect(mode, index, from, (id) => {
      props.onActivate(id, siteName);
    });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.altKey) return;
    const isControl = event.ctrlKey || event.metaKey;
    if (isControl && event.key === "a") props.onSelectAll();
    else if (isControl) return;
    else if (event.key === " ") moveTo(Math.max(0, active), "toggle", null);
    else if (event.key === "Escape") props.onEscape();
    else if (event.key === "Enter") {
      const id = getId(active);
      if (id === undefined) return;
      props.onOpen(id, null);
    } else {
      const pageRows = Math.max(1, end - start - 1);
      const target = findTargetRow(event.key, active, count, pageRows);
      if (target === null) return;
      moveTo(target, event.shiftKey ? "range" : "one", null);
      reveal(target);
    }
    event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    const at = findPlace(event.target);
    if (at === null) return;
    const isControl = event.ctrlKey || event.metaKey;
    const mode = event.shiftKey ? "range" : isControl ? "toggle" : "one";
    if (event.shiftKey) window.getSelection()?.removeAllRanges();
    moveTo(at.index, mode, at.siteName);
  };
  const onDoubleClick = (event: MouseEvent) => {
    const at = findPlace(event.target);
    const id = at === null ? undefined : getId(at.index);
    if (at !== null && id !== undefined) props.onOpen(id, at.siteName);
  };

  const pinnedCount = countPinned(columns);
  const pinnedStyle = useMemo(
    () => widthOfAll(columns.slice(0, pinnedCount)),
    [columns, pinnedCount],
  );
  const minWidth = columns.reduce((sum, column) => sum + column.size, 0);
  const isActiveDrawn = active >= view.from && active <= view.to;
  // As many as are drawn at most, so that a row keeps its slot while it is drawn.
  const slots = end - start + 1 + 2 * OVERSCAN;
  const indexes = Array.from(
    { length: Math.max(0, view.to - view.from + 1) },
    (_, at) => view.from + at,
  );
  return (
    <div
      ref={scroller}
      className="table"
      role="grid"
      tabIndex={0}
      aria-label="Representations and their sites"
      aria-multiselectable
      aria-rowcount={state.totals === null ? -1 : count + 1}
      aria-colcount={columns.length}
      aria-busy={props.isBusy}
      aria-activedescendant={isActiveDrawn ? `${prefix}${active}` : undefined}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onDoubleClick={onDoubleClick}
    >
      <div className="table-head" role="rowgroup" style={{ minWidth }}>
        <HeaderRow {...props} pinnedCount={pinnedCount} />
      </div>
      <div
        className="table-body"
        role="rowgroup"
        style={{ height: view.bodyHeight, minWidth }}
      >
        {indexes.map((index) => {
          const row = blocks.getRow(index);
          const top = index * ROW_HEIGHT + view.shift;
          if (row === undefined) return <ComingRow key={`coming ${index % slots}`} top={top} />;
          return (
            <TableRow
              // A row that leaves at one edge is written anew for the other.
              key={index % slots}
              id={`${prefix}${index}`}
              row={row}
              columns={columns}
              pinnedCount={pinnedCount}
              pinnedStyle={pinnedStyle}
              index={index}
              top={top}
              now={now}
              isSelected={isSelected(selection, row.representationId)}
              isActive={index === active}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The row, and the site if it is a site's cell, of what was clicked. */
function findPlace(
  target: EventTarget,
): { index: number; siteName: string | null } | null {
  if (!(target instanceof Element)) return null;
  const row = target.closest<HTMLElement>("[data-index]");
  if (row === null) return null;
  const cell = target.closest<HTMLElement>("[data-site]");
  return {
    index: Number(row.dataset["index"]),
    siteName: cell?.dataset["site"] ?? null,
  };
}
