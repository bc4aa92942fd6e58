import "./header-row.css";

import { type PointerEvent, useState } from "react";

import { Icon } from "../../components/icon";
import type { Sort } from "../../domain/list-filter";
import {
  type ColumnLayout,
  LEAST_WIDTH,
  MOST_WIDTH,
  moveColumn,
  resizeColumn,
  WIDTH_STEP,
} from "./column-layout";
import { type Column } from "./columns";
import { widthOf } from "./table-row";

type HeaderProps = {
  columns: readonly Column[];
  /** Ids of all columns, also of hidden ones, in their order. */
  allIds: readonly string[];
  pinnedCount: number;
  sort: Sort;
  layout: ColumnLayout;
  onSort: (sort: Sort) => void;
  onLayout: (layout: ColumnLayout) => void;
};

function isSortedBy(column: Column, sort: Sort): boolean {
  return column.sort?.by === sort.by && column.sort.site === sort.site;
}

export function HeaderRow(props: HeaderProps) {
  const { columns, pinnedCount } = props;
  const pinned = columns.slice(0, pinnedCount);
  const cell = (column: Column, index: number) => (
    <HeaderCell key={column.id} column={column} index={index + 1} {...props} />
  );
  return (
    <div className="row" role="row" aria-rowindex={1}>
      <div className="pinned" role="presentation" style={widthOfAll(pinned)}>
        {pinned.map(cell)}
      </div>
      {columns.slice(pinnedCount).map((column, at) => cell(column, pinnedCount + at))}
    </div>
  );
}

export function widthOfAll(columns: readonly Column[]) {
  const size = columns.reduce((sum, column) => sum + column.size, 0);
  const grow = columns.reduce((sum, column) => sum + column.grow, 0);
  return widthOf({ size, grow });
}

const DRAGGED = "application/x-sitesync-column";

function HeaderCell({
  column,
  index,
  allIds,
  sort,
  layout,
  onSort,
  onLayout,
}: HeaderProps & { column: Column; index: number }) {
  const [isTarget, setIsTarget] = useState(false);
  const isSorted = isSortedBy(column, sort);
  const direction = sort.isDescending ? "descending" : "ascending";
  const content = <span className="header-text">{column.header}</span>;
  return (
    <div
      role="columnheader"
      tabIndex={-1}
      className="cell header-cell"
      aria-colindex={index}
      aria-sort={isSorted ? direction : undefined}
      data-align={column.align}
      data-target={isTarget}
      style={widthOf(column)}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, column.id);
        event.dataTransfer.effectAllowed = "move";
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setIsTarget(true);
      }}
      onDragLeave={() => {
        setIsTarget(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setIsTarget(false);
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (dragged !== "" && dragged !== column.id) {
          onLayout(moveColumn(layout, allIds, dragged, column.id));
        }
      }}
    >
      {column.sort === undefined ? (
        content
      ) : (
        <button
          type="button"
          className="header-button"
          onClick={() => {
            if (column.sort !== undefined) onSort(nextSort(column.sort, sort, isSorted));
          }}
        >
          {content}
          {isSorted && <Icon name={sort.isDescending ? "sortDown" : "sortUp"} size={12} />}
        </button>
      )}
      <ResizeHandle
        column={column}
        onResize={(width) => {
          onLayout(resizeColumn(layout, column.id, width));
        }}
      />
    </div>
  );
}

/** Ascending, then descending, then ascending again. */
function nextSort(by: Pick<Sort, "by" | "site">, sort: Sort, isSorted: boolean): Sort {
  return { ...by, isDescending: isSorted && !sort.isDescending };
}

function ResizeHandle({
  column,
  onResize,
}: {
  column: Column;
  onResize: (width: number) => void;
}) {
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    const handle = event.currentTarget;
    const startX = event.clientX;
    const startWidth = handle.parentElement?.offsetWidth ?? column.size;
    handle.setPointerCapture(event.pointerId);
    const onMove = (move: globalThis.PointerEvent) => {
      onResize(startWidth + move.clientX - startX);
    };
    handle.addEventListener("pointermove", onMove);
    handle.addEventListener(
      "lostpointercapture",
      () => {
        handle.removeEventListener("pointermove", onMove);
      },
      { once: true },
    );
  };
  return (
    <input
      type="range"
      className="resize-handle"
      aria-label={`Width of ${column.label}`}
      title="Drag to resize"
      min={LEAST_WIDTH}
      max={MOST_WIDTH}
      step={WIDTH_STEP}
      value={column.size}
      // The table itself is one stop of the Tab key; widths are also in "Columns".
      tabIndex={-1}
      onMouseDown={(event) => {
        // Else the column would be dragged away.
        event.preventDefault();
      }}
      onPointerDown={onPointerDown}
      onChange={(event) => {
        onResize(Number(event.target.value));
      }}
    />
  );
}
