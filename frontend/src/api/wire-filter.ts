import type { ListFilter } from "../domain/list-filter";
import { toSiteStatus } from "../domain/status";
import type { WireFilter } from "./contract";

const DAY_SECONDS = 86_400;

/** `now` in epoch seconds. Parts that do not narrow are left out. */
export function toWireFilter(filter: ListFilter, now: number): WireFilter {
  const wire: WireFilter = {};
  const search = filter.search.trim();
  if (search !== "") wire.search = search;
  if (filter.folderIds.length > 0) wire.folderIds = [...filter.folderIds];
  if (filter.representationIds.length > 0) {
    wire.representationIds = [...filter.representationIds];
  }
  if (filter.productTypes.length > 0) wire.productTypes = [...filter.productTypes];
  if (filter.representationNames.length > 0) {
    wire.representationNames = [...filter.representationNames];
  }
  if (filter.versions.length > 0) wire.versions = [...filter.versions];
  const statuses = Object.entries(filter.statuses);
  if (statuses.length > 0) {
    wire.statuses = Object.fromEntries(
      statuses.map(([site, wanted]) => [site, wanted.map(toSiteStatus)]),
    );
  }
  if (filter.minSize !== null) wire.minSize = filter.minSize;
  if (filter.maxSize !== null) wire.maxSize = filter.maxSize;
  if (filter.changedDays !== null) {
    wire.changedSince = Math.floor(now - filter.changedDays * DAY_SECONDS);
  }
  if (filter.hasError) wire.hasError = true;
  if (filter.errorText !== "") wire.errorText = filter.errorText;
  return wire;
}
