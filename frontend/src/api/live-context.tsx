import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";

import { toSocketUrl } from "./addon-location";
import { useApi } from "./api-context";
import type { StateChange } from "./event-map";
import { type ConnectionStatus, EventSocket } from "./events";

export type LiveListener = {
  onStateChange?: (change: StateChange) => void;
  onAgentsChange?: () => void;
  onPausesChange?: () => void;
  /** Events were or may have been missed. */
  onResync?: () => void;
};

type Live = {
  connection: ConnectionStatus;
  subscribe: (listener: LiveListener) => () => void;
};

const LiveContext = createContext<Live | null>(null);

/** One socket for all views of a project, or of all projects. */
export function LiveProvider({
  projectName,
  children,
}: {
  projectName: string | null;
  children: ReactNode;
}) {
  const api = useApi();
  const [connection, setConnection] = useState<ConnectionStatus>("connecting");
  const listeners = useRef(new Set<LiveListener>());

  useEffect(() => {
    const all = listeners.current;
    const socket = new EventSocket({
      url: toSocketUrl(new URL(window.location.href), api.location.serverBase),
      projectName,
      getToken: () => api.getToken(),
      onStatus: setConnection,
      onResync: () => {
        for (const listener of all) listener.onResync?.();
      },
      probe: () => api.getServer("/users/me"),
      handlers: {
        "sitesync.state": (change) => {
          for (const listener of all) listener.onStateChange?.(change);
        },
        "sitesync.agents": () => {
          for (const listener of all) listener.onAgentsChange?.();
        },
        "sitesync.pauses": () => {
          for (const listener of all) listener.onPausesChange?.();
        },
      },
    });
    socket.start();
    return () => {
      socket.stop();
    };
  }, [api, projectName]);

  const subscribe = useCallback((listener: LiveListener) => {
    const all = listeners.current;
    all.add(listener);
    return () => {
      all.delete(listener);
    };
  }, []);
  const live = useMemo(() => ({ connection, subscribe }), [connection, subscribe]);
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error("useLive needs a LiveProvider above it.");
  return live;
}
