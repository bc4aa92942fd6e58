import type { components } from "./generated";

/** Shapes of the wire, generated from the server; named here once. */
type Schemas = components["schemas"];

export type RepresentationsQuery = Schemas["RepresentationsQuery"];
export type RepresentationsPage = Schemas["RepresentationsPage"];
export type RepresentationRow = Schemas["RepresentationRow"];
export type SiteState = Schemas["SiteState"];
export type Site = Schemas["Site"];
export type SiteTotals = Schemas["SiteTotals"];
export type SitesAnswer = Schemas["SitesAnswer"];
