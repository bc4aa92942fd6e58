import type { ListFilter, Sort } from "../domain/list-filter";
import type { ApiClient } from "./client";
import type { RepresentationsPage, RepresentationsQuery } from "./types";
import { toWireFilter } from "./wire-filter";

/** What the list shows; all parts of the list ask the same. */
export type ListQuestion = {
  projectName: string;
  siteNames: readonly string[];
  filter: ListFilter;
  sort: Sort;
};

function toBody({ siteNames, filter, sort }: ListQuestion) {
  return {
    ...toWireFilter(filter, Date.now() / 1000),
    siteNames: [...siteNames],
    sortBy: sort.by,
    sortDesc: sort.isDescending,
    ...(sort.site === null ? {} : { sortSite: sort.site }),
  };
}

/** POST /{project}/representations/query */
export function queryRepresentations(
  api: ApiClient,
  question: ListQuestion,
  part: Partial<RepresentationsQuery>,
  signal?: AbortSignal,
): Promise<RepresentationsPage> {
  return api.postAddon<RepresentationsPage>(
    `/${encodeURIComponent(question.projectName)}/representations/query`,
    { ...toBody(question), ...part },
    { signal },
  );
}

export type Anchors = { anchors: readonly string[]; total: number };

/** POST /{project}/representations/anchors: the cursor after each `every` rows. */
export function queryAnchors(
  api: ApiClient,
  question: ListQuestion,
  every: number,
  most: number,
  signal?: AbortSignal,
): Promise<Anchors> {
  return api.postAddon<Anchors>(
    `/${encodeURIComponent(question.projectName)}/representations/anchors`,
    { ...toBody(question), every, most },
    { signal },
  );
}
