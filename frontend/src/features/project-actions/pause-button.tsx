import { useQuery, useQueryClient } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import { getPausesQueryOptions, postPause } from "../../api/get-activity";
import { Icon } from "../../components/icon";
import { useToasts } from "../../components/toasts";
import { isProjectPaused } from "../../domain/pauses";

/** Stops everything in a project, or lets it go on. */
export function PauseButton({ projectName }: { projectName: string }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const showToast = useToasts();
  const { data } = useQuery(getPausesQueryOptions(api));
  const isPaused = isProjectPaused(data ?? [], projectName);
  const setPaused = async (paused: boolean) => {
    try {
      await postPause(api, { scope: "project", projectName, paused });
      showToast({
        tone: "good",
        text: paused ? `${projectName} is paused.` : `${projectName} goes on.`,
        ...(paused
          ? { action: { label: "Resume", onAct: () => void setPaused(false) } }
          : {}),
      });
    } catch (error) {
      showToast({ tone: "error", text: (error as Error).message });
    }
    await queryClient.refetchQueries({ queryKey: ["pauses"] });
  };
  return (
    <button
      type="button"
      className="button quiet"
      data-tone={isPaused ? "paused" : undefined}
      onClick={() => {
        void setPaused(!isPaused);
      }}
    >
      <Icon name={isPaused ? "play" : "paused"} />
      {isPaused ? "Resume project" : "Pause project"}
    </button>
  );
}
