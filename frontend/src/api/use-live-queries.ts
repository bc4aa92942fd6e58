import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { Coalescer } from "../lib/coalesce";
import { type LiveListener, useLive } from "./live-context";

const GATHER_MS = 250;
/** Without a live connection what is seen is read this often. */
const POLL_EVERY_MS = 15_000;

/**
 * Reads these queries again when events hint that they changed: at most once in
 * `gapMs`, only while somebody looks, and by time while the connection is lost.
 * Once nobody listens they count as old: the next to show them reads them anew.
 */
export function useLiveQueries(keys: readonly QueryKey[], gapMs: number): void {
  const queryClient = useQueryClient();
  const { connection, subscribe } = useLive();
  const key = JSON.stringify(keys);
  const requested = useRef<(() => void) | null>(null);

  useEffect(() => {
    const queryKeys = JSON.parse(key) as QueryKey[];
    const work = async () => {
      if (document.hidden) return;
      await Promise.all(
        queryKeys.map((queryKey) => queryClient.refetchQueries({ queryKey })),
      );
    };
    const reading = new Coalescer(work, GATHER_MS, gapMs);
    const request = () => {
      reading.request();
    };
    const listener: LiveListener = {
      onStateChange: request,
      onAgentsChange: request,
      onPausesChange: request,
      onResync: request,
    };
    reading.start();
    const unsubscribe = subscribe(listener);
    document.addEventListener("visibilitychange", request);
    requested.current = request;
    return () => {
      reading.stop();
      unsubscribe();
      document.removeEventListener("visibilitychange", request);
      for (const queryKey of queryKeys) {
        void queryClient.invalidateQueries({ queryKey, refetchType: "none" });
      }
    };
  }, [key, gapMs, queryClient, subscribe]);

  // Apart from the reading: what came as the connection did must still be read.
  useEffect(() => {
    if (connection === "live") return;
    const timer = setInterval(() => requested.current?.(), POLL_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [connection]);
}
