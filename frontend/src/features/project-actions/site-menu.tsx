import { useState } from "react";

import type { Site } from "../../api/types";
import { Icon } from "../../components/icon";
import { Popover } from "../../components/popover";
import type { VerbName } from "../../domain/verbs";
import { SeedDialog } from "./seed-dialog";

/** What can be done with everything on a site. */
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
  const [isSeeding, setIsSeeding] = useState(false);
  const item = (verb: VerbName, icon: "verified" | "retry" | "down" | "trash", words: string) => (
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
        label={<span className="for-readers">Actions for {site.siteName}</span>}
        hint={`Actions for ${site.siteName}`}
      >
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
        {item("verify", "verified", "Scan: check all files…")}
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
          siteName={site.siteName}
          onClose={() => {
            setIsSeeding(false);
          }}
        />
      )}
    </>
  );
}
