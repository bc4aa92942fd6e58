import { useEffect } from "react";

import { LiveProvider, useLive } from "./api/live-context";
import { ConnectionIndicator } from "./components/connection-indicator";
import { ToastProvider } from "./components/toasts";
import { PauseButton } from "./features/pauses/pause-button";
import { usePause } from "./features/pauses/use-pause";
import { StudioPage } from "./features/studio/studio-page";

type StudioProps = {
  /** Told of the only project there is, where that needs no choice. */
  onOnly?: (projectName: string) => void;
};

/** All projects: in AYON's settings, and alone where no project is named. */
export function StudioPanel(props: StudioProps) {
  return (
    <LiveProvider projectName={null}>
      <ToastProvider>
        <LiveStudio {...props} />
      </ToastProvider>
    </LiveProvider>
  );
}

function LiveStudio(props: StudioProps) {
  const { connection } = useLive();
  const setPaused = usePause();
  useEffect(() => {
    document.title = "Site Sync";
  }, []);
  return (
    <div className="panel">
      <header className="top">
        <h1 className="project">All projects</h1>
        <div className="summary">
          <ConnectionIndicator connection={connection} />
        </div>
        <PauseButton projectName={null} />
      </header>
      <StudioPage
        {...props}
        onPause={(request, name) => {
          void setPaused(request, name);
        }}
      />
    </div>
  );
}
