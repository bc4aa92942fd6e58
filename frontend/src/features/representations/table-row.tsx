import { type CSSProperties, memo } from "react";

import type { RepresentationRow } from "../../api/types";
import type { Column } from "./columns";

export function widthOf({ size, grow }: Pick<Column, "size" | "grow">): CSSProperties {
  return { flex: `${grow} 0 ${size}px`, minWidth: size };
}

type RowProps = {
  id: string;
  row: RepresentationRow;
  columns: readonly Column[];
  pinnedCount: number;
  pinnedStyle: CSSProperties;
  index: number;
  top: number;
  now: number;
  isSelected: boolean;
  isActive: boolean;
};

/** Drawn again only when something of its own changes: scrolling is cheap. */
export const TableRow = memo(function TableRow(props: RowProps) {
  const { id, row, columns, pinnedCount, pinnedStyle, index, top, now } = props;
  const cell = (column: Column, at: number) => (
    <div
      key={column.id}
      role="gridcell"
      className="cell"
      aria-colindex={at + 1}
      data-align={column.align}
      data-site={column.siteName}
      title={column.getTitle?.(row, now)}
      style={widthOf(column)}
    >
      {column.render(row, now)}
    </div>
  );
  return (
    <div
      id={id}
      data-index={index}
      className="row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.isSelected}
      data-active={props.isActive}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div className="pinned" role="presentation" style={pinnedStyle}>
        {columns.slice(0, pinnedCount).map(cell)}
      </div>
      {columns.slice(pinnedCount).map((column, at) => cell(column, pinnedCount + at))}
    </div>
  );
});

/** Stands where a row will be. */
export function ComingRow({ top }: { top?: number }) {
  return (
    <div
      className="row row-coming"
      role="presentation"
      style={top === undefined ? undefined : { transform: `translateY(${top}px)` }}
    >
      <span className="shimmer" />
    </div>
  );
}

const COMING_ROWS = 20;

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
