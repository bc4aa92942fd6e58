import { createColumnHelper, type RowData } from "@tanstack/react-table";
import type { ReactNode } from "react";

import type { RepresentationRow, Site } from "../../api/types";
import { formatBytes, formatCount, formatVersion, splitPath } from "../../lib/format";
import { SiteCell } from "./site-cell";
import { SiteHeader } from "./site-header";
import { describeSiteState } from "./site-state";

/* The library's own names: merged, so interfaces; its parameters, used or not. */
/* eslint-disable @typescript-eslint/consistent-type-definitions, @typescript-eslint/no-unused-vars */
declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Share of the width that is left over. */
    grow: number;
    align?: "end";
    /** Shown in full when the cell cuts it. */
    getTitle?: (row: TData, now: number) => string;
  }
  interface TableMeta<TData extends RowData> {
    /** Epoch seconds, for ages. */
    now: number;
  }
}
/* eslint-enable @typescript-eslint/consistent-type-definitions, @typescript-eslint/no-unused-vars */

const column = createColumnHelper<RepresentationRow>();

function showPath(path: string): ReactNode {
  const [parent, name] = splitPath(path);
  return (
    <span className="path">
      <span className="path-parent">{parent}</span>
      <span className="path-name">{name}</span>
    </span>
  );
}

function showText(text: string): ReactNode {
  return <span className="cut">{text}</span>;
}

const ENTITY_COLUMNS = [
  column.accessor("folderPath", {
    header: "Folder",
    size: 184,
    meta: { grow: 3, getTitle: (row) => row.folderPath },
    cell: (info) => showPath(info.getValue()),
  }),
  column.accessor("product", {
    header: "Product",
    size: 130,
    meta: {
      grow: 2,
      getTitle: (row) => `${row.product} · ${row.productType}`,
    },
    cell: (info) => showText(info.getValue()),
  }),
  column.accessor("version", {
    header: "Ver.",
    size: 60,
    meta: { grow: 0, align: "end" },
    cell: (info) => formatVersion(info.getValue()),
  }),
  column.accessor("representation", {
    header: "Repr.",
    size: 78,
    meta: { grow: 0, getTitle: (row) => row.representation },
    cell: (info) => showText(info.getValue()),
  }),
];

const SIZE_COLUMNS = [
  column.accessor("fileCount", {
    header: "Files",
    size: 62,
    meta: { grow: 0, align: "end" },
    cell: (info) => formatCount(info.getValue()),
  }),
  column.accessor("size", {
    header: "Size",
    size: 78,
    meta: { grow: 0, align: "end" },
    cell: (info) => formatBytes(info.getValue()),
  }),
];

/** These stay at the left while the sites scroll. */
export const PINNED_COLUMN_IDS = ["folderPath", "product", "version", "representation"];

/** What the representation is, then a column per site. */
export function makeColumns(sites: readonly Site[]) {
  return [
    ...ENTITY_COLUMNS,
    ...SIZE_COLUMNS,
    ...sites.map((site) =>
      column.display({
        // No other column can have this id, whatever the site is called.
        id: `site:${site.siteName}`,
        size: 152,
        meta: {
          grow: 1,
          getTitle: (row, now) =>
            `${site.siteName}: ${describeSiteState(row.sites[site.siteName], site.kind, now).sentence}`,
        },
        header: () => <SiteHeader site={site} />,
        cell: ({ row, table }) => (
          <SiteCell
            view={describeSiteState(
              row.original.sites[site.siteName],
              site.kind,
              table.options.meta?.now ?? 0,
            )}
          />
        ),
      }),
    ),
  ];
}
