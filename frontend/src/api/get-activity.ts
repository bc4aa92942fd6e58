import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { ApiClient } from "./client";
import type {
  Agent,
  Pause,
  PauseRequest,
  ThroughputMinute,
  Transfers,
} from "./contract";

function inProject(projectName: string, path: string): string {
  return `/${encodeURIComponent(projectName)}/${path}`;
}

/** The server gives no more of what moves, and of what waits, at a time. */
export const MOST_TRANSFERS = 1000;

/** GET /{project}/transfers: the first that move, and the first of the queue behind. */
export function getTransfersQueryOptions(
  api: ApiClient,
  projectName: string,
  first: number,
) {
  return queryOptions({
    queryKey: ["transfers", projectName, first],
    queryFn: ({ signal }) => {
      const path = inProject(projectName, `transfers?first=${first}`);
      return api.getAddon<Transfers>(path, { signal });
    },
    placeholderData: keepPreviousData,
  });
}

export const CHART_MINUTES = 120;

/**
 * GET /{project}/throughput: bytes that arrived in each minute. The one that is not
 * over yet is among them: one more than are drawn.
 */
export function getThroughputQueryOptions(api: ApiClient, projectName: string) {
  return queryOptions({
    queryKey: ["throughput", projectName],
    queryFn: async ({ signal }) => {
      const path = inProject(projectName, `throughput?minutes=${CHART_MINUTES + 1}`);
      const answer = await api.getAddon<{ minutes: ThroughputMinute[] }>(path, {
        signal,
      });
      return answer.minutes;
    },
  });
}

/** GET /-/agents */
export function getAgentsQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["agents"],
    queryFn: async ({ signal }) =>
      (await api.getAddon<{ agents: Agent[] }>("/-/agents", { signal })).agents,
  });
}

/** GET /-/pauses */
export function getPausesQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["pauses"],
    queryFn: async ({ signal }) =>
      (await api.getAddon<{ pauses: Pause[] }>("/-/pauses", { signal })).pauses,
  });
}

/** POST /-/pauses */
export function postPause(api: ApiClient, request: PauseRequest): Promise<unknown> {
  return api.postAddon("/-/pauses", request);
}
