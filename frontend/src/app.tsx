import { QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";

import { parseAddonLocation } from "./api/addon-location";
import { ApiProvider } from "./api/api-context";
import { ApiClient, ApiError } from "./api/client";
import type { Session, SessionStore } from "./api/session";
import { EmptyState } from "./components/empty-state";
import { ErrorBoundary } from "./components/error-boundary";
import { createQueryClient } from "./lib/query-client";
import { useHashState } from "./lib/use-hash-state";
import { Panel } from "./panel";
import { StudioPanel } from "./studio-panel";

/** Who looks, from where: then what. */
export function App({ sessions }: { sessions: SessionStore }) {
  const session = useSyncExternalStore(sessions.subscribe, sessions.getSnapshot);
  useEffect(() => sessions.start(), [sessions]);
  return (
    <ErrorBoundary>
      {session.state === "waiting" && (
        <p className="for-readers" role="status">
          Waiting for AYON
        </p>
      )}
      {session.state === "loggedOut" && <LoggedOut />}
      {session.state === "ready" && (
        // Another login may be another user: nothing read before is shown to him.
        <LoggedIn key={session.token} session={session} sessions={sessions} />
      )}
    </ErrorBoundary>
  );
}

function LoggedOut() {
  const base = parseAddonLocation(window.location.pathname)?.serverBase ?? "";
  return (
    <EmptyState icon="key" title="You are not logged in">
      <p>
        The panel uses your AYON login. Log in, and it goes on here by itself; if it was
        opened in AYON, load the page again.
      </p>
      <a className="button" href={`${base}/`} target="_blank" rel="noreferrer">
        Log in to AYON
      </a>
    </EmptyState>
  );
}

type ReadySession = Extract<Session, { state: "ready" }>;

function LoggedIn({
  session,
  sessions,
}: {
  session: ReadySession;
  sessions: SessionStore;
}) {
  const [hash, changeHash] = useHashState();
  const { host } = session;
  const addonName = host?.addonName ?? "";
  const addonVersion = host?.addonVersion ?? "";
  const client = useMemo(() => {
    const { pathname, search } = window.location;
    return new ApiClient({
      // The address is exact; the message has to do where a proxy hides it.
      location: parseAddonLocation(pathname) ?? {
        serverBase: "",
        addonName,
        addonVersion,
      },
      getToken: () => sessions.getToken(),
      senderId: new URLSearchParams(search).get("id"),
      onUnauthorized: (token) => {
        sessions.refuse(token);
      },
    });
  }, [sessions, addonName, addonVersion]);
  const queryClient = useMemo(
    () => createQueryClient((error) => error instanceof ApiError && error.isFinal),
    [],
  );
  const onPick = useCallback(
    (name: string) => {
      changeHash({ projectName: name });
    },
    [changeHash],
  );
  const projectName = host?.projectName ?? hash.projectName;
  return (
    <QueryClientProvider client={queryClient}>
      <ApiProvider client={client}>
        {projectName === null ? (
          // The settings page is about all projects, even where there is one.
          <StudioPanel {...(host === null ? { onOnly: onPick } : {})} />
        ) : (
          <Panel
            // Nothing of one project is carried to another.
            key={projectName}
            projectName={projectName}
            folderIds={host?.folderIds ?? []}
            isFramed={host?.projectName != null}
          />
        )}
      </ApiProvider>
    </QueryClientProvider>
  );
}
