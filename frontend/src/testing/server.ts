import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";

import type {
  RepresentationRow,
  RepresentationsPage,
  RepresentationsQuery,
  Site,
} from "../api/types";

const ADDON_API = "/api/addons/sitesync/2.0.0";
export const TOKEN = "token-of-the-artist";

export type Query = Partial<RepresentationsQuery>;

/** A project on the server. Tests change it and see what the panel asks. */
export type FakeProject = {
  rows: RepresentationRow[];
  sites: Site[];
  queries: Query[];
};

/** Answers as the server does; a cursor is the index of a row among all. */
export function answerQuery(rows: readonly RepresentationRow[], query: Query): RepresentationsPage {
  const search = query.search?.toLowerCase() ?? "";
  const matching = rows
    .map((row, index) => ({ row, index }))
    .filter(({ row }) => `${row.folderPath} ${row.product}`.toLowerCase().includes(search))
    .filter(({ row }) => query.representationIds?.includes(row.representationId) ?? true);
  const between = matching
    .filter(({ index }) => query.after == null || index > Number(query.after))
    .filter(({ index }) => query.before == null || index <= Number(query.before));
  const page =
    query.last == null ? between.slice(0, query.first ?? 50) : between.slice(-query.last);
  const names = query.siteNames ?? [];
  return {
    representations: page.map(({ row }) => ({
      ...row,
      sites: Object.fromEntries(
        Object.entries(row.sites).filter(([name]) => names.includes(name)),
      ),
    })),
    pageInfo: {
      startCursor: page[0]?.index.toString() ?? null,
      endCursor: page.at(-1)?.index.toString() ?? null,
      hasNextPage: page.length < between.length,
      hasPreviousPage: false,
    },
    total: query.withTotal === true ? matching.length : null,
  };
}

export const server = setupServer();

/** Serves a project; who comes without the token is refused. */
export function serveProject(name: string, project: Partial<FakeProject> = {}): FakeProject {
  const served: FakeProject = { rows: [], sites: [], queries: [], ...project };
  const base = `${ADDON_API}/${encodeURIComponent(name)}`;
  server.use(
    http.all("/api/*", ({ request }) =>
      request.headers.get("Authorization") === `Bearer ${TOKEN}`
        ? undefined
        : HttpResponse.json({ code: 401, detail: "Not logged in" }, { status: 401 }),
    ),
    http.get(`${base}/sites`, () => HttpResponse.json({ sites: served.sites })),
    http.post<never, Query>(`${base}/representations/query`, async ({ request }) => {
      const query = await request.json();
      served.queries.push(query);
      return HttpResponse.json(answerQuery(served.rows, query));
    }),
  );
  return served;
}

export function serveProjects(names: readonly string[]): void {
  server.use(
    http.get("/api/projects", () =>
      HttpResponse.json({ projects: names.map((name) => ({ name, active: true })) }),
    ),
  );
}
