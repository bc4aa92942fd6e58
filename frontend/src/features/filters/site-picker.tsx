import type { Site } from "../../api/types";
import { CheckItem, toggle } from "../../components/check-item";
import { Popover } from "../../components/popover";

function describe(site: Site): string {
  if (site.isActive) return `${site.kind}, your active site`;
  if (site.isRemote) return `${site.kind}, your remote site`;
  return site.kind;
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
  return (
    <Popover
      icon="drive"
      label={`Sites: ${chosen.length} of ${sites.length}`}
      hint="Sites to show"
      isDisabled={sites.length === 0}
    >
      {sites.map((site) => {
        const isChosen = chosen.includes(site.siteName);
        return (
          <CheckItem
            key={site.siteName}
            isChecked={isChosen}
            // The last column cannot be taken away.
            isDisabled={isChosen && chosen.length === 1}
            hint={describe(site)}
            onToggle={() => {
              onChange(toggle(chosen, site.siteName));
            }}
          >
            {site.siteName}
          </CheckItem>
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
    </Popover>
  );
}
