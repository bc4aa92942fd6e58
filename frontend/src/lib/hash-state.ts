import { formatFields, type HashFields, parseFields } from "./hash-fields";
import type { ColumnChoice } from "../domain/column-choice";
import {
  type ListFilter,
  NO_FILTER,
  type Sort,
  SORT_KEYS,
  USUAL_SORT,
} from "../domain/list-filter";

export const VIEWS = ["overview", "representations", "transfers", "sites"] as const;
export type View = (typeof VIEWS)[number];

/** What the address after `#` says; a link with it opens the same view. */
export type HashState = {
  projectName: string | null;
  view: View;
  /** null: the sites that the panel chooses itself. */
  siteNames: readonly string[] | null;
  filter: ListFilter;
  sort: Sort;
  /** null: as who looks likes them. */
  columns: ColumnChoice | null;
  /** The representation whose details are open, and the site they ask about. */
  openId: string | null;
  openSite: string | null;
};

export const START: HashState = {
  projectName: null,
  view: "overview",
  siteNames: null,
  filter: NO_FILTER,
  sort: USUAL_SORT,
  columns: null,
  openId: null,
  openSite: null,
};

function readNumbers(values: readonly string[]): readonly number[] {
  return values.filter(Boolean).map(Number).filter(Number.isFinite);
}

/** `studio:4.2,gdrive:1`; a site's name may hold a colon, a status not. */
function readStatuses(values: readonly string[]): Record<string, readonly number[]> {
  const statuses: Record<string, readonly number[]> = {};
  for (const value of values) {
    const cut = value.lastIndexOf(":");
    const wanted = readNumbers(value.slice(cut + 1).split("."));
    if (cut > 0 && wanted.length > 0) statuses[value.slice(0, cut)] = wanted;
  }
  return statuses;
}

function readFilter(fields: HashFields): ListFilter {
  const list = (name: string) => fields.get(name) ?? [];
  const number = (name: string) => readNumbers(list(name))[0] ?? null;
  return {
    search: list("q").join(","),
    folderIds: list("folders"),
    representationIds: list("ids"),
    statuses: readStatuses(list("status")),
    productTypes: list("type"),
    representationNames: list("repr"),
    versions: readNumbers(list("version")),
    minSize: number("min"),
    maxSize: number("max"),
    changedDays: number("days"),
    hasError: list("failed").length > 0,
    errorText: list("error").join(","),
  };
}

function readSort(fields: HashFields): Sort {
  const [word, site] = fields.get("sort") ?? [];
  const by = SORT_KEYS.find((key) => key === word?.replace(/^-/, ""));
  if (by === undefined) return USUAL_SORT;
  return { by, site: site ?? null, isDescending: word?.startsWith("-") ?? false };
}

function readColumns(fields: HashFields): ColumnChoice | null {
  const order = fields.get("columns") ?? [];
  const hidden = fields.get("hidden") ?? [];
  return order.length + hidden.length > 0 ? { order, hidden } : null;
}

/** `#project=demo&view=representations&sites=studio,brisk-amber-fox&q=comp` */
export function parseHash(hash: string): HashState {
  const fields = parseFields(hash);
  const first = (name: string) => fields.get(name)?.[0] ?? null;
  const siteNames = fields.get("sites") ?? [];
  const view = VIEWS.find((known) => known === first("view"));
  return {
    projectName: first("project"),
    view: view ?? START.view,
    siteNames: siteNames.length > 0 ? siteNames : null,
    filter: readFilter(fields),
    sort: readSort(fields),
    columns: readColumns(fields),
    openId: first("open"),
    openSite: fields.get("open")?.[1] ?? null,
  };
}

function toTexts(value: string | number | null): readonly string[] {
  return value === null || value === "" ? [] : [String(value)];
}

export function formatHash(state: Partial<HashState>): string {
  const { projectName, view, siteNames, filter, sort, columns, openId, openSite } = {
    ...START,
    ...state,
  };
  const isUsual = sort.by === USUAL_SORT.by && !sort.isDescending;
  return formatFields([
    ["project", toTexts(projectName)],
    ["view", view === START.view ? [] : [view]],
    ["sites", siteNames ?? []],
    ["q", toTexts(filter.search)],
    ["folders", filter.folderIds],
    ["ids", filter.representationIds],
    [
      "status",
      Object.entries(filter.statuses).map(
        ([site, wanted]) => `${site}:${wanted.join(".")}`,
      ),
    ],
    ["type", filter.productTypes],
    ["repr", filter.representationNames],
    ["version", filter.versions.map(String)],
    ["min", toTexts(filter.minSize)],
    ["max", toTexts(filter.maxSize)],
    ["days", toTexts(filter.changedDays)],
    ["failed", filter.hasError ? ["yes"] : []],
    ["error", toTexts(filter.errorText)],
    [
      "sort",
      isUsual
        ? []
        : [`${sort.isDescending ? "-" : ""}${sort.by}`, ...toTexts(sort.site)],
    ],
    ["columns", columns?.order ?? []],
    ["hidden", columns?.hidden ?? []],
    ["open", [...toTexts(openId), ...(openId === null ? [] : toTexts(openSite))]],
  ]);
}
