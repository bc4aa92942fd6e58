import type { ReactNode } from "react";

import type { RepresentationRow, Site } from "../../api/types";
import { SiteCell } from "../../components/site-cell";
import { describeSiteState } from "../../components/site-state";
import type { Sort } from "../../domain/list-filter";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMoment,
  formatVersion,
  splitPath,
} from "../../lib/format";
import { type ColumnLayout, orderIds } from "./column-layout";
import { SiteHeader } from "./site-header";

export type Column = {
  id: string;
  /** In menus and for screen readers. */
  label: string;
  header: ReactNode;
  /** Pixels, unless somebody resized it. */
  size: number;
  /** Share of the width that is left over. */
  grow: number;
  align?: "end";
  siteName?: string;
  sort?: Pick<Sort, "by" | "site">;
  render: (row: RepresentationRow, now: number) => ReactNode;
  /** Shown in full when the cell cuts it. */
  getTitle?: (row: RepresentationRow, now: number) => string;
};

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

const ENTITY_COLUMNS: readonly Column[] = [
  {
    id: "folder",
    label: "Folder",
    header: "Folder",
    size: 184,
    grow: 3,
    sort: { by: "folder", site: null },
    render: (row) => showPath(row.folderPath),
    getTitle: (row) => row.folderPath,
  },
  {
    id: "product",
    label: "Product",
    header: "Product",
    size: 130,
    grow: 2,
    sort: { by: "product", site: null },
    render: (row) => showText(row.product),
    getTitle: (row) => `${row.product} · ${row.productType}`,
  },
  {
    // It has no order: the server sorts by what it keeps an index of.
    id: "productType",
    label: "Product type",
    header: "Type",
    size: 90,
    grow: 0,
    render: (row) => showText(row.productType),
    getTitle: (row) => row.productType,
  },
  {
    id: "version",
    label: "Version",
    header: "Ver.",
    size: 66,
    grow: 0,
    align: "end",
    sort: { by: "version", site: null },
    render: (row) => formatVersion(row.version),
  },
  {
    id: "representation",
    label: "Representation",
    header: "Repr.",
    size: 78,
    grow: 0,
    sort: { by: "representation", site: null },
    render: (row) => showText(row.representation),
    getTitle: (row) => row.representation,
  },
  {
    id: "files",
    label: "Files",
    header: "Files",
    size: 62,
    grow: 0,
    align: "end",
    render: (row) => formatCount(row.fileCount),
  },
  {
    id: "size",
    label: "Size",
    header: "Size",
    size: 78,
    grow: 0,
    align: "end",
    sort: { by: "size", site: null },
    render: (row) => formatBytes(row.size),
  },
];

/** Not shown unless asked for. */
export const USUALLY_HIDDEN: readonly string[] = ["productType", "priority", "changed"];

/** What one site says of a representation beside its state. */
function makeColumnsOf(siteName: string): readonly Column[] {
  return [
    {
      id: "priority",
      label: `Priority on ${siteName}`,
      header: <span title={`Priority on ${siteName}`}>Priority</span>,
      size: 84,
      grow: 0,
      align: "end",
      sort: { by: "priority", site: siteName },
      render: (row) => row.sites[siteName]?.priority,
    },
    {
      id: "changed",
      label: `Last change on ${siteName}`,
      header: <span title={`Last change on ${siteName}`}>Changed</span>,
      size: 90,
      grow: 0,
      align: "end",
      sort: { by: "changed", site: siteName },
      render: (row, now) => {
        const changedAt = row.sites[siteName]?.changedAt;
        return changedAt == null ? "" : formatAge(now - changedAt);
      },
      getTitle: (row, now) => {
        const changedAt = row.sites[siteName]?.changedAt;
        return changedAt == null ? "" : formatMoment(changedAt, now);
      },
    },
  ];
}

function makeSiteColumn(site: Site): Column {
  const { siteName, kind } = site;
  return {
    // No other column can have this id, whatever the site is called.
    id: `site:${siteName}`,
    label: siteName,
    header: <SiteHeader site={site} />,
    size: 152,
    grow: 1,
    siteName,
    sort: { by: "status", site: siteName },
    render: (row, now) => (
      <SiteCell view={describeSiteState(row.sites[siteName], kind, now)} />
    ),
    getTitle: (row, now) =>
      `${siteName}: ${describeSiteState(row.sites[siteName], kind, now).sentence}`,
  };
}

/**
 * All columns there can be: what the representation is, then one for each site. The
 * priority and the last change are those of the site that the list is sorted by, else
 * of the first.
 */
export function makeColumns(
  sites: readonly Site[],
  sortedSite: string | null,
): readonly Column[] {
  const one = sites.find((site) => site.siteName === sortedSite) ?? sites[0];
  return [
    ...ENTITY_COLUMNS,
    ...(one === undefined ? [] : makeColumnsOf(one.siteName)),
    ...sites.map(makeSiteColumn),
  ];
}

export function isHidden(column: Column, layout: ColumnLayout): boolean {
  // "+id" was asked for although it is usually hidden.
  if (USUALLY_HIDDEN.includes(column.id)) return !layout.hidden.includes(`+${column.id}`);
  return layout.hidden.includes(column.id);
}

/** The columns as they are shown. */
export function layOutColumns(
  columns: readonly Column[],
  layout: ColumnLayout,
): readonly Column[] {
  const byId = new Map(columns.map((column) => [column.id, column]));
  return orderIds([...byId.keys()], layout)
    .flatMap((id) => byId.get(id) ?? [])
    .filter((column) => !isHidden(column, layout))
    .map((column) => {
      const width = layout.widths[column.id];
      // What somebody made as wide as he likes does not grow.
      return width === undefined ? column : { ...column, size: width, grow: 0 };
    });
}
