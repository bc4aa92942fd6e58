import { CheckItem, toggle } from "../../components/check-item";
import { Popover } from "../../components/popover";
import type { ListFilter } from "../../domain/list-filter";
import { SITE_STATUSES, STATUS_LOOKS, toSiteStatus } from "../../domain/status";

function tell(statuses: ListFilter["statuses"]): string {
  const told = Object.entries(statuses).map(([site, wanted]) => {
    const words = wanted.map((one) => STATUS_LOOKS[toSiteStatus(one)].sentence);
    return `${site}: ${words.join(", ")}`;
  });
  return told.length === 0 ? "Status: any" : told.join("; ");
}

/** Which states are wanted on which site; sites are joined by "and". */
export function StatusPicker({
  siteNames,
  statuses,
  onChange,
}: {
  siteNames: readonly string[];
  statuses: ListFilter["statuses"];
  onChange: (statuses: ListFilter["statuses"]) => void;
}) {
  const change = (site: string, wanted: readonly number[]) => {
    const others = Object.entries(statuses).filter(([name]) => name !== site);
    onChange(Object.fromEntries(wanted.length > 0 ? [...others, [site, wanted]] : others));
  };
  const named = [...new Set([...siteNames, ...Object.keys(statuses)])];
  return (
    <Popover
      icon="filter"
      label={tell(statuses)}
      hint="Status on each site"
      isSet={Object.keys(statuses).length > 0}
      onClear={() => {
        onChange({});
      }}
    >
      {named.map((site) => (
        <fieldset key={site} className="picker-set">
          <legend>{site}</legend>
          <div className="picker-grid">
            {SITE_STATUSES.toReversed().map((status) => (
              <CheckItem
                key={status}
                isChecked={statuses[site]?.includes(status) ?? false}
                onToggle={() => {
                  change(site, toggle(statuses[site] ?? [], status));
                }}
              >
                {STATUS_LOOKS[status].sentence}
              </CheckItem>
            ))}
          </div>
        </fieldset>
      ))}
    </Popover>
  );
}
