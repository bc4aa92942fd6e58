import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/api-context";
import type { ApiClient } from "../../api/client";
import type { VerbAnswer } from "../../api/contract";
import { waitForJob } from "../../api/run-verb";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { useToasts } from "../../components/toasts";
import { STATUS } from "../../domain/status";
import { formatBytes, formatNumberOf } from "../../lib/format";

/** POST /{project}/seed: states for what was published before Site Sync was. */
function postSeed(
  api: ApiClient,
  projectName: string,
  siteName: string,
  status: number,
  dryRun: boolean,
): Promise<VerbAnswer> {
  return api.postAddon<VerbAnswer>(`/${encodeURIComponent(projectName)}/seed`, {
    siteName,
    status,
    selection: { all: true },
    dryRun,
  });
}

/** What was published before Site Sync was there has no state: this gives it one. */
export function SeedDialog({
  projectName,
  siteName,
  onClose,
}: {
  projectName: string;
  siteName: string;
  onClose: () => void;
}) {
  const api = useApi();
  const queryClient = useQueryClient();
  const showToast = useToasts();
  const [status, setStatus] = useState<number>(STATUS.synced);
  const [isBusy, setIsBusy] = useState(false);
  const { data, error } = useQuery({
    queryKey: ["seed-preview", projectName, siteName, status],
    queryFn: () => postSeed(api, projectName, siteName, status, true),
    gcTime: 0,
    retry: false,
  });
  const act = async () => {
    setIsBusy(true);
    try {
      const answer = await postSeed(api, projectName, siteName, status, false);
      let { changed } = answer;
      if (answer.jobId !== null) {
        const job = await waitForJob(api, answer.jobId, () => undefined);
        if (job.state === "failed") throw new Error(job.detail ?? "The work failed.");
        changed = job.changed;
      }
      const what = formatNumberOf(changed, "older representation");
      const done = status === STATUS.synced ? "known to be on" : "queued for";
      showToast({ tone: "good", text: `${what} ${done} ${siteName}.` });
      await queryClient.refetchQueries({ queryKey: ["sites", projectName] });
      onClose();
    } catch (failure) {
      showToast({ tone: "error", text: (failure as Error).message });
      setIsBusy(false);
    }
  };
  const choice = (value: number, words: string) => (
    <label className="picker-item">
      <input
        type="radio"
        name="seed-status"
        checked={status === value}
        onChange={() => {
          setStatus(value);
        }}
      />
      <span className="picker-name">{words}</span>
    </label>
  );
  return (
    <Dialog
      title={`Older publishes on ${siteName}`}
      onClose={onClose}
      footer={
        <>
          <button type="button" className="button quiet" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="button filled"
            disabled={isBusy || data?.changed === 0}
            onClick={() => {
              void act();
            }}
          >
            {isBusy ? "Working…" : "Take them in"}
          </button>
        </>
      }
    >
      <p>
        Representations that were published before Site Sync was enabled have no state
        on any site. What is on {siteName} already?
      </p>
      {choice(STATUS.synced, "Their files are there")}
      {choice(STATUS.queued, "They are not there: sync them to it")}
      {error !== null && (
        <p className="warning" role="alert">
          <Icon name="failed" /> {error.message}
        </p>
      )}
      {data !== undefined && (
        <p role="status">
          {formatNumberOf(data.changed, "representation")} without a state there
          {data.bytes > 0 && `, ${formatBytes(data.bytes)}`}.
        </p>
      )}
    </Dialog>
  );
}
