import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";

import type {
  Agent,
  Attempt,
  Explanation,
  Job,
  Overview,
  Pause,
  PauseRequest,
  Problem,
  ThroughputMinute,
  Transfers,
  VerbAnswer,
  VerbBody,
  WireFilter,
} from "../api/contract";
import type {
  RepresentationFile,
  RepresentationRow,
  RepresentationsPage,
  RepresentationsQuery,
  Site,
} from "../api/types";

const ADDON_API = "/api/addons/sitesync/2.0.0";
export const TOKEN = "token-of-the-artist";

export type Query = Partial<RepresentationsQuery> &
  WireFilter & { sortBy?: string; sortSite?: string; every?: number };

export type AskedVerb = VerbBody & { verb: string };

/** A project on the server. Tests change it and see what the panel asks. */
export type FakeProject = {
  rows: RepresentationRow[];
  files: RepresentationFile[];
  sites: Site[];
  queries: Query[];
  /** Queries for totals. */
  counts: Query[];
  anchorQueries: Query[];
  transfers: Transfers;
  minutes: ThroughputMinute[];
  agents: Agent[];
  pauses: Pause[];
  problems: Problem[];
  /** Sites that were asked to scan their disk. */
  scans: string[];
  attempts: Attempt[];
  explanation: Explanation;
  /** What was asked to be done, and tried before (`dryRun`). */
  verbs: AskedVerb[];
  /** What the next verb answers beside the usual. */
  verbAnswer: Partial<VerbAnswer>;
  job: Job;
};

export function makeVerbAnswer(part: Partial<VerbAnswer> = {}): VerbAnswer {
  return {
    matched: 2,
    changed: 2,
    files: 20,
    bytes: 2000,
    problems: [],
    problemsOmitted: 0,
    undo: null,
    jobId: null,
    ...part,
  };
}

function hasStatus(row: RepresentationRow, statuses: Record<string, number[]>): boolean {
  return Object.entries(statuses).every(([site, wanted]) =>
    wanted.includes(row.sites[site]?.status ?? -1),
  );
}

function listMatching(rows: readonly RepresentationRow[], query: Query) {
  const search = query.search?.toLowerCase() ?? "";
  return rows
    .map((row, index) => ({ row, index }))
    .filter(({ row }) => `${row.folderPath} ${row.product}`.toLowerCase().includes(search))
    .filter(({ row }) => query.representationIds?.includes(row.representationId) ?? true)
    .filter(({ row }) => hasStatus(row, query.statuses ?? {}))
    .filter(({ row }) => query.productTypes?.includes(row.productType) ?? true);
}

function sum(
  found: readonly { row: RepresentationRow }[],
  measure: (row: RepresentationRow) => number,
): number {
  return found.reduce((total, { row }) => total + measure(row), 0);
}

/** Answers as the server does; a cursor is the index of a row among all. */
export function answerQuery(
  rows: readonly RepresentationRow[],
  query: Query,
): RepresentationsPage {
  const matching = listMatching(rows, query);
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
    totalFiles: query.withTotal === true ? sum(matching, (row) => row.fileCount) : null,
    totalBytes: query.withTotal === true ? sum(matching, (row) => row.size) : null,
  };
}

export function answerAnchors(rows: readonly RepresentationRow[], query: Query) {
  const matching = listMatching(rows, query);
  const every = query.every ?? 1000;
  const anchors = matching
    .filter((_, at) => (at + 1) % every === 0)
    .map(({ index }) => index.toString());
  return { anchors, total: matching.length };
}

export const server = setupServer();

/** Serves a project; who comes without the token is refused. */
export function serveProject(
  name: string,
  project: Partial<FakeProject> = {},
): FakeProject {
  const served: FakeProject = {
    rows: [],
    files: [],
    sites: [],
    queries: [],
    counts: [],
    anchorQueries: [],
    transfers: { moving: [], queued: [], queuedTotal: 0 },
    minutes: [],
    agents: [],
    pauses: [],
    problems: [],
    scans: [],
    attempts: [],
    explanation: { siteName: "studio", status: 4, isRemoving: false, reasons: [] },
    verbs: [],
    verbAnswer: {},
    job: {
      jobId: "j1",
      state: "finished",
      matched: 0,
      changed: 0,
      detail: null,
      problems: [],
      problemsOmitted: 0,
    },
    ...project,
  };
  const base = `${ADDON_API}/${encodeURIComponent(name)}`;
  server.use(
    http.all("/api/*", ({ request }) =>
      request.headers.get("Authorization") === `Bearer ${TOKEN}`
        ? undefined
        : HttpResponse.json({ code: 401, detail: "Not logged in" }, { status: 401 }),
    ),
    serveUser({ name: "artist" }),
    ...serveList(base, served),
    ...serveActivity(base, served),
    ...serveVerbs(base, served),
  );
  return served;
}

/** Who is logged in. */
export function serveUser(user: { name: string; data?: { isManager?: boolean } }) {
  return http.get("/api/users/me", () => HttpResponse.json(user));
}

function serveList(base: string, served: FakeProject) {
  return [
    http.get(`${base}/sites`, () => HttpResponse.json({ sites: served.sites })),
    http.get(`${base}/problems`, () => HttpResponse.json({ problems: served.problems })),
    http.post<never, { siteName: string }>(`${base}/scan`, async ({ request }) => {
      const { siteName } = await request.json();
      served.scans.push(siteName);
      const scan = {
        requestedAt: Date.now() / 1000,
        startedAt: null,
        finishedAt: null,
        found: null,
        missing: null,
        different: null,
        message: null,
      };
      served.sites = served.sites.map((site) =>
        site.siteName === siteName ? { ...site, scan } : site,
      );
      return HttpResponse.json(scan);
    }),
    http.post<never, Query>(`${base}/representations/query`, async ({ request }) => {
      const query = await request.json();
      (query.withTotal === true ? served.counts : served.queries).push(query);
      const page = answerQuery(served.rows, query);
      if (query.withFiles !== true) return HttpResponse.json(page);
      const withFiles = page.representations.map((row) => ({
        ...row,
        files: served.files,
      }));
      return HttpResponse.json({ ...page, representations: withFiles });
    }),
    http.post<never, Query>(`${base}/representations/anchors`, async ({ request }) => {
      const query = await request.json();
      served.anchorQueries.push(query);
      return HttpResponse.json(answerAnchors(served.rows, query));
    }),
    http.get(`${base}/representations/:id/explain`, ({ request }) => {
      const siteName = new URL(request.url).searchParams.get("siteName") ?? "";
      return HttpResponse.json({ ...served.explanation, siteName });
    }),
    http.get(`${base}/representations/:id/history`, () =>
      HttpResponse.json({ attempts: served.attempts, pageInfo: {} }),
    ),
  ];
}

function serveActivity(base: string, served: FakeProject) {
  return [
    http.get(`${base}/transfers`, () => HttpResponse.json(served.transfers)),
    http.get(`${base}/throughput`, () => HttpResponse.json({ minutes: served.minutes })),
    http.get(`${ADDON_API}/-/agents`, () => HttpResponse.json({ agents: served.agents })),
    ...servePauses(served),
  ];
}

function servePauses(served: { pauses: Pause[] }) {
  return [
    http.get(`${ADDON_API}/-/pauses`, () => HttpResponse.json({ pauses: served.pauses })),
    http.post<never, PauseRequest>(`${ADDON_API}/-/pauses`, async ({ request }) => {
      const { paused, scope, projectName = null, siteName = null } = await request.json();
      served.pauses = served.pauses.filter((pause) => pause.scope !== scope);
      if (paused) {
        const by = { reason: null, userName: "artist", since: 1 };
        served.pauses.push({ scope, projectName, siteName, ...by });
      }
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}

function serveVerbs(base: string, served: FakeProject) {
  return [
    http.post<{ verb: string }, VerbBody>(
      `${base}/verbs/:verb`,
      async ({ request, params }) => {
        served.verbs.push({ verb: params.verb, ...(await request.json()) });
        return HttpResponse.json(makeVerbAnswer(served.verbAnswer));
      },
    ),
    http.post<never, VerbBody>(`${base}/seed`, async ({ request }) => {
      served.verbs.push({ verb: "seed", ...(await request.json()) });
      return HttpResponse.json(makeVerbAnswer(served.verbAnswer));
    }),
    http.get(`${ADDON_API}/-/jobs/:id`, () => HttpResponse.json(served.job)),
  ];
}

/** What the server says of all projects; tests change it. */
export type FakeStudio = {
  overview: Omit<Overview, "pauses">;
  pauses: Pause[];
};

/** Serves the view over all projects. */
export function serveStudio(overview: Partial<FakeStudio["overview"]>): FakeStudio {
  const served: FakeStudio = {
    overview: { projects: [], agents: [], ...overview },
    pauses: [],
  };
  server.use(
    http.get(`${ADDON_API}/-/overview`, () =>
      HttpResponse.json({ ...served.overview, pauses: served.pauses }),
    ),
    ...servePauses(served),
  );
  return served;
}
