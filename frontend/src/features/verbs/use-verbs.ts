import { useCallback, useState } from "react";

import type { ApiClient } from "../../api/client";
import { useApi } from "../../api/api-context";
import type { Verb, VerbAnswer, VerbBody } from "../../api/contract";
import { postVerb, waitForJob } from "../../api/run-verb";
import { useToasts } from "../../components/toasts";
import { VERB_LOOKS } from "../../domain/verbs";
import { formatNumberOf } from "../../lib/format";

export type VerbProgress = { changed: number; matched: number };

/** Does it, waits for its end, and tells how many were changed. */
async function perform(
  api: ApiClient,
  projectName: string,
  verb: Verb,
  body: VerbBody,
  onProgress: (progress: VerbProgress) => void,
): Promise<VerbAnswer> {
  const answer = await postVerb(api, projectName, verb, body);
  if (answer.jobId === null) return answer;
  const job = await waitForJob(api, answer.jobId, onProgress);
  if (job.state === "failed") throw new Error(job.detail ?? "The work failed.");
  const { matched, changed, problems, problemsOmitted } = job;
  return { ...answer, matched, changed, problems, problemsOmitted };
}

/** The server counts a representation once for each site. */
export function tellCount(count: number, siteNames: readonly string[]): string {
  if (siteNames.length === 1) return formatNumberOf(count, "representation");
  return `${formatNumberOf(count, "state")} of representations`;
}

function tellDone(verb: Verb, { changed }: VerbAnswer, body: VerbBody): string {
  const where = body.siteNames.join(", ");
  const done = body.keepFiles === true ? "forgotten" : VERB_LOOKS[verb].done;
  return `${tellCount(changed, body.siteNames)} ${done}: ${where}.`;
}

/** Does something to a selection and tells how it went; undo where there is one. */
export function useRunVerb(projectName: string) {
  const api = useApi();
  const showToast = useToasts();
  const [progress, setProgress] = useState<VerbProgress | null>(null);

  const tellError = useCallback(
    (error: unknown) => {
      showToast({ tone: "error", text: (error as Error).message });
    },
    [showToast],
  );
  const undo = useCallback(
    async ({ verb, ...body }: NonNullable<VerbAnswer["undo"]>) => {
      try {
        const answer = await perform(api, projectName, verb, body, () => undefined);
        showToast({ tone: "good", text: `Undone. ${tellDone(verb, answer, body)}` });
      } catch (error) {
        tellError(error);
      }
    },
    [api, projectName, showToast, tellError],
  );
  const run = useCallback(
    async (verb: Verb, body: VerbBody): Promise<VerbAnswer | null> => {
      setProgress({ changed: 0, matched: 0 });
      try {
        const answer = await perform(api, projectName, verb, body, setProgress);
        const back = answer.undo;
        const onAct = () => {
          if (back !== null) void undo(back);
        };
        showToast({
          tone: "good",
          text: tellDone(verb, answer, body),
          ...(back === null ? {} : { action: { label: "Undo", onAct } }),
        });
        return answer;
      } catch (error) {
        tellError(error);
        return null;
      } finally {
        setProgress(null);
      }
    },
    [api, projectName, showToast, tellError, undo],
  );
  return { run, progress };
}
