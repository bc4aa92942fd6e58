import type { components } from "./generated";

/** Shapes of the wire, generated from the server; named here once. */
type Schemas = components["schemas"];

/**
 * The server's OpenAPI has no word for "or null": it calls such fields optional.
 * Answers hold every field, so in them optional means "may be null".
 */
export type Answer<T> = T extends readonly (infer Item)[]
  ? Answer<Item>[]
  : T extends object
    ? string extends keyof T
      ? Record<string, Answer<T[keyof T]>>
      : {
          [Key in keyof T]-?: T extends Record<Key, T[Key]>
            ? Answer<T[Key]>
            : Answer<Exclude<T[Key], undefined>> | null;
        }
    : T;

/** In requests the same fields may be left out or null. */
type Request<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> | null };

export type RepresentationsQuery = Request<Schemas["QueryModel"]>;
/** Without files: the list does not ask for them. */
export type RepresentationRow = Omit<Answer<Schemas["RowModel"]>, "files">;
/** With its files, as the details ask. */
export type RepresentationFile = Answer<Schemas["RowFileModel"]>;
export type RepresentationDetail = RepresentationRow & {
  files: readonly RepresentationFile[];
};
export type RepresentationsPage = Omit<
  Answer<Schemas["QueryAnswerModel"]>,
  "representations"
> & { representations: RepresentationRow[] };
/** `isRemoving`: its files are to be deleted by an agent and count as gone. */
export type SiteState = Answer<Schemas["RowSiteModel"]>;
/** The last time that a site was asked to look what is on its disk. */
export type SiteScan = Answer<Schemas["ScanModel"]>;
export type Site = Answer<Schemas["SiteModel"]>;
export type SiteTotals = Answer<Schemas["TotalsModel"]>;
export type SitesAnswer = Answer<Schemas["SitesModel"]>;
