import { useCallback, useMemo, useSyncExternalStore } from "react";

import { formatHash, type HashState, parseHash } from "./hash-state";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("hashchange", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", listener);
  };
}

function getHash(): string {
  return window.location.hash;
}

/** The address is the state: no copy of it is kept anywhere else. */
export function useHashState(): readonly [
  HashState,
  (change: Partial<HashState>) => void,
] {
  const hash = useSyncExternalStore(subscribe, getHash);
  const state = useMemo(() => parseHash(hash), [hash]);
  const change = useCallback((part: Partial<HashState>) => {
    const next = formatHash({ ...parseHash(getHash()), ...part });
    const { pathname, search } = window.location;
    // Replaced, not pushed: typing a search is no history.
    window.history.replaceState(null, "", `${pathname}${search}${next}`);
    for (const listener of listeners) listener();
  }, []);
  return [state, change];
}
