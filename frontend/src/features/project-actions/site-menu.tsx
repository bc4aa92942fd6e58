import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/api-context";
import { useViewer } from "../../api/get-me";
import { postScan } from "../../api/get-sites";
import type { Site } from "../../api/types";
import { Icon } from "../../components/icon";
import { Popover } from "../../components/popover";
import { useToasts } from "../../components/toasts";
import { mayOrder } from "../../domain/permissions";
import type { VerbName } from "../../domain/verbs";
import { SeedDialog } from "./seed-dialog";

/** What who looks can do with everything on a site; nothing where that is nothing. */
export function SiteMenu({
  projectName,
  site,
  onVerb,
}: {
  projectName: string;
  site: Site;
  /** On the whole project. */
  onVerb: (verb: VerbName) => void;
}) {
  const api = useApi();
  const queryClient = useQueryClient();
  const showToast = useToasts();
  const viewer = useViewer();
  const [isSeeding, setIsSeeding] = useState(false);
  const { siteName } = site;
  const scan = async () => {
    try {
      await postScan(api, projectName, siteName);
      showToast({ tone: "good", text: `${siteName} is asked to look what is on its disk.` });
    } catch (error) {
      showToast({ tone: "error", text: (error as Error).message });
    }
    await queryClient.refetchQueries({ queryKey: ["sites", projectName] });
  };
  const may = (verb: VerbName) => mayOrder(verb, site, viewer);
  if (!may("queue")) return null;
  const item = (
    verb: VerbName,
    icon: "verified" | "retry" | "down" | "trash",
    words: string,
  ) =>
    may(verb) && (
    <button
      type="button"
      className="menu-item"
      onClick={() => {
        onVerb(verb);
      }}
    >
      <Icon name={icon} />
      {words}
    </button>
  );
  return (
    <>
      <Popover
        icon="more"
        label={<span className="for-readers">Actions for {siteName}</span>}
        hint={`Actions for ${siteName}`}
      >
        {may("verify") && (
          <>
            <button
              type="button"
              className="menu-item"
              onClick={() => {
                setIsSeeding(true);
              }}
            >
              <Icon name="folder" />
              Take in older publishes…
            </button>
            <button type="button" className="menu-item" onClick={() => void scan()}>
              <Icon name="search" />
              Scan its disk
            </button>
          </>
        )}
        {item("verify", "verified", "Verify all files…")}
        {item("retry", "retry", "Retry all that failed…")}
        {item("queue", "down", "Sync everything to it…")}
        {item(
          "remove",
          "trash",
          site.kind === "machine" ? "Clear this project from it…" : "Remove everything…",
        )}
      </Popover>
      {isSeeding && (
        <SeedDialog
          projectName={projectName}
          siteName={siteName}
          onClose={() => {
            setIsSeeding(false);
          }}
        />
      )}
    </>
  );
}
