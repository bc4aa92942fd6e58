import { useEffect, useId, useRef, useState } from "react";

import type { Site } from "../../api/types";
import { Icon } from "../../components/icon";

const KINDS: Record<Site["kind"], string> = {
  studio: "studio",
  configured: "configured",
  machine: "machine",
};

function describe(site: Site): string {
  if (site.isActive) return `${KINDS[site.kind]}, your active site`;
  if (site.isRemote) return `${KINDS[site.kind]}, your remote site`;
  return KINDS[site.kind];
}

/** Which sites are columns. `onChange(null)` leaves the choice to the panel. */
export function SitePicker({
  sites,
  chosen,
  onChange,
}: {
  sites: readonly Site[];
  chosen: readonly string[];
  onChange: (siteNames: readonly string[] | null) => void;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const listId = useId();

  useEffect(() => {
    if (!isOpen) return;
    const onPointerDown = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setIsOpen(false);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setIsOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", onPointerDown);
    document.addEventListener("keydown", onKeyDown);
    return () => {
      document.removeEventListener("pointerdown", onPointerDown);
      document.removeEventListener("keydown", onKeyDown);
    };
  }, [isOpen]);

  const toggle = (siteName: string) => {
    const next = chosen.includes(siteName)
      ? chosen.filter((name) => name !== siteName)
      : [...chosen, siteName];
    onChange(next);
  };

  return (
    <div className="picker" ref={root}>
      <button
        ref={button}
        type="button"
        className="button"
        disabled={sites.length === 0}
        aria-expanded={isOpen}
        aria-controls={listId}
        onClick={() => {
          setIsOpen(!isOpen);
        }}
      >
        <Icon name="columns" />
        Sites: {chosen.length} of {sites.length}
      </button>
      {isOpen && (
        <div className="picker-list" id={listId} role="group" aria-label="Sites to show">
          {sites.map((site) => {
            const isChosen = chosen.includes(site.siteName);
            return (
              <label key={site.siteName} className="picker-item">
                <input
                  type="checkbox"
                  checked={isChosen}
                  // The last column cannot be taken away.
                  disabled={isChosen && chosen.length === 1}
                  onChange={() => {
                    toggle(site.siteName);
                  }}
                />
                <span className="picker-name">{site.siteName}</span>
                <span className="picker-hint">{describe(site)}</span>
              </label>
            );
          })}
          <div className="picker-foot">
            <button
              type="button"
              className="link"
              onClick={() => {
                onChange(sites.map((site) => site.siteName));
              }}
            >
              All
            </button>
            <button
              type="button"
              className="link"
              onClick={() => {
                onChange(null);
              }}
            >
              Usual choice
            </button>
          </div>
        </div>
      )}
    </div>
  );
}
