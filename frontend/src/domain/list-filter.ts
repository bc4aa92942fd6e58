/** What narrows the list. Every part that is empty or null does not. */
export type ListFilter = {
  search: string;
  folderIds: readonly string[];
  representationIds: readonly string[];
  /** Statuses wanted on a site, by the site's name. */
  statuses: Readonly<Record<string, readonly number[]>>;
  productTypes: readonly string[];
  representationNames: readonly string[];
  versions: readonly number[];
  /** Bytes. */
  minSize: number | null;
  maxSize: number | null;
  changedDays: number | null;
  hasError: boolean;
  errorText: string;
};

export const NO_FILTER: ListFilter = {
  search: "",
  folderIds: [],
  representationIds: [],
  statuses: {},
  productTypes: [],
  representationNames: [],
  versions: [],
  minSize: null,
  maxSize: null,
  changedDays: null,
  hasError: false,
  errorText: "",
};

/** What the list is sorted by; the last three are those of one site. */
export const SORT_KEYS = [
  "folder",
  "product",
  "version",
  "representation",
  "size",
  "status",
  "priority",
  "changed",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export type Sort = { by: SortKey; site: string | null; isDescending: boolean };

export const USUAL_SORT: Sort = { by: "folder", site: null, isDescending: false };

/** Parts that are set beside the search and the host's folders. */
export function countFilters(filter: ListFilter): number {
  return [
    Object.keys(filter.statuses).length > 0,
    filter.representationIds.length > 0,
    filter.productTypes.length > 0,
    filter.representationNames.length > 0,
    filter.versions.length > 0,
    filter.minSize !== null || filter.maxSize !== null,
    filter.changedDays !== null,
    filter.hasError,
    filter.errorText !== "",
  ].filter(Boolean).length;
}

export function isFiltered(filter: ListFilter): boolean {
  return (
    countFilters(filter) > 0 ||
    filter.search.trim() !== "" ||
    filter.folderIds.length > 0
  );
}
