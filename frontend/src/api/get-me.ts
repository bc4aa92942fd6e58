import { queryOptions, useQuery } from "@tanstack/react-query";

import type { Viewer } from "../domain/permissions";
import { useApi } from "./api-context";
import type { ApiClient } from "./client";

export type Me = {
  name: string;
  /** May do what concerns the whole studio: administrators may too. */
  isManager: boolean;
};

/** The part of AYON's own answer that is used here. */
type UserAnswer = { name: string; data?: { isAdmin?: boolean; isManager?: boolean } };

/** GET /api/users/me: the same user for as long as the login is. */
export function getMeQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }): Promise<Me> => {
      const { name, data } = await api.getServer<UserAnswer>("/users/me", { signal });
      return { name, isManager: data?.isAdmin === true || data?.isManager === true };
    },
  });
}

/** Who looks; nobody of note while that is not known. */
export function useViewer(): Viewer {
  const { data } = useQuery(getMeQueryOptions(useApi()));
  return data ?? { name: null, isManager: false };
}
