import { QueryClient } from "@tanstack/react-query";

const MOST_RETRIES = 3;

/**
 * Nothing goes stale by age: events say what changed. `isFinal` tells errors
 * that the same request would meet again.
 */
export function createQueryClient(isFinal: (error: Error) => boolean): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Infinity,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (failures, error) => !isFinal(error) && failures < MOST_RETRIES,
        retryDelay: (failures) => Math.min(8000, 500 * 2 ** failures),
        networkMode: "always",
      },
    },
  });
}
