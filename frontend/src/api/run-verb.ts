import type { ApiClient } from "./client";
import type { Job, Verb, VerbAnswer, VerbBody } from "./contract";

/** POST /{project}/verbs/{verb} */
export function postVerb(
  api: ApiClient,
  projectName: string,
  verb: Verb,
  body: VerbBody,
  signal?: AbortSignal,
): Promise<VerbAnswer> {
  const path = `/${encodeURIComponent(projectName)}/verbs/${verb}`;
  return api.postAddon<VerbAnswer>(path, body, { signal });
}

/** GET /-/jobs/{jobId} */
function getJob(api: ApiClient, jobId: string): Promise<Job> {
  return api.getAddon<Job>(`/-/jobs/${encodeURIComponent(jobId)}`);
}

const POLL_EVERY_MS = 1000;

/** What is too much for one request goes on by itself; this waits for its end. */
export async function waitForJob(
  api: ApiClient,
  jobId: string,
  onProgress: (job: Job) => void,
): Promise<Job> {
  for (;;) {
    const job = await getJob(api, jobId);
    onProgress(job);
    if (job.state !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}
