import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { useApi } from "../../api/api-context";
import type { PauseRequest } from "../../api/contract";
import { postPause } from "../../api/get-activity";
import { useToasts } from "../../components/toasts";

/** Pauses or lets go on, and says so of `name`; a pause can be taken back at once. */
export function usePause(): (request: PauseRequest, name: string) => Promise<void> {
  const api = useApi();
  const queryClient = useQueryClient();
  const showToast = useToasts();
  return useCallback(
    async (request, name) => {
      const post = async (body: PauseRequest) => {
        try {
          await postPause(api, body);
          const onAct = () => void post({ ...body, paused: false });
          showToast({
            tone: "good",
            text: `${name} ${body.paused ? "is paused" : "goes on"}.`,
            ...(body.paused ? { action: { label: "Resume", onAct } } : {}),
          });
        } catch (error) {
          showToast({ tone: "error", text: (error as Error).message });
        }
        await Promise.all([
          queryClient.refetchQueries({ queryKey: ["pauses"] }),
          queryClient.refetchQueries({ queryKey: ["overview"] }),
        ]);
      };
      await post(request);
    },
    [api, queryClient, showToast],
  );
}
