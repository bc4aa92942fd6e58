import { queryOptions } from "@tanstack/react-query";

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
