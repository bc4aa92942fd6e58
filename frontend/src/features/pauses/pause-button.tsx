import "./pause-button.css";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { useApi } from "../../api/api-context";
import type { PauseRequest } from "../../api/contract";
import { getPausesQueryOptions } from "../../api/get-activity";
import { getMeQueryOptions } from "../../api/get-me";
import { useLive } from "../../api/live-context";
import { Icon } from "../../components/icon";
import { usePause } from "./use-pause";

/** Stops a project, or everything, or lets it go on; others than managers see it only. */
export function PauseButton({ projectName }: { projectName: string | null }) {
  const api = useApi();
  const { data } = useQuery(getPausesQueryOptions(api));
  useLivePauses();
  const me = useQuery(getMeQueryOptions(api));
  const setPaused = usePause();
  const request: Omit<PauseRequest, "paused"> =
    projectName === null ? { scope: "all" } : { scope: "project", projectName };
  const isPaused = (data ?? []).some(
    (pause) => pause.scope === request.scope && pause.projectName === projectName,
  );
  const what = projectName === null ? "everything" : "project";
  const word = isPaused ? "Resume" : "Pause";
  if (me.data?.isManager !== true) {
    if (!isPaused) return null;
    return (
      <span className="paused-note" data-tone="paused">
        <Icon name="paused" /> {projectName === null ? "Everything" : "Project"} is paused
      </span>
    );
  }
  return (
    <button
      type="button"
      className="button quiet"
      data-tone={isPaused ? "paused" : undefined}
      aria-label={`${word} ${what}`}
      onClick={() => {
        void setPaused({ ...request, paused: !isPaused }, projectName ?? "Everything");
      }}
    >
      <Icon name={isPaused ? "play" : "paused"} />
      {/* Its space is not seen, and keeps what is read and what is seen the same. */}
      {`${word} `}
      <span className={projectName === null ? "" : "wide-word"}>{what}</span>
    </button>
  );
}

/** Pauses are read when they change, in every view: the button is in all of them. */
function useLivePauses(): void {
  const queryClient = useQueryClient();
  const { subscribe } = useLive();
  useEffect(() => {
    const read = () => void queryClient.invalidateQueries({ queryKey: ["pauses"] });
    return subscribe({ onPausesChange: read, onResync: read });
  }, [queryClient, subscribe]);
}
