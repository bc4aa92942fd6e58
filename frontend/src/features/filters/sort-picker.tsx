import { useId } from "react";

import { CheckItem } from "../../components/check-item";
import { Popover } from "../../components/popover";
import { type Sort, SORT_KEYS, type SortKey, USUAL_SORT } from "../../domain/list-filter";

const WORDS: Record<SortKey, string> = {
  folder: "folder",
  product: "product",
  version: "version",
  representation: "representation",
  size: "size",
  status: "status",
  priority: "priority",
  changed: "last change",
};

const OF_A_SITE: readonly SortKey[] = ["status", "priority", "changed"];

export function SortPicker({
  sort,
  siteNames,
  onChange,
}: {
  sort: Sort;
  siteNames: readonly string[];
  onChange: (sort: Sort) => void;
}) {
  const name = useId();
  const site = sort.site ?? siteNames[0] ?? null;
  const choose = (by: SortKey) => {
    onChange({ ...sort, by, site: OF_A_SITE.includes(by) ? site : null });
  };
  const isUsual = sort.by === USUAL_SORT.by && !sort.isDescending;
  const where = sort.site === null ? "" : ` on ${sort.site}`;
  return (
    <Popover
      icon={sort.isDescending ? "sortDown" : "sortUp"}
      label={`Sort: ${WORDS[sort.by]}${where}`}
      hint="Order of the list"
      isSet={!isUsual}
      onClear={() => {
        onChange(USUAL_SORT);
      }}
    >
      {SORT_KEYS.map((key) => (
        <label key={key} className="picker-item">
          <input
            type="radio"
            name={name}
            checked={sort.by === key}
            onChange={() => {
              choose(key);
            }}
          />
          <span className="picker-name">{WORDS[key]}</span>
          {OF_A_SITE.includes(key) && <span className="picker-hint">of a site</span>}
        </label>
      ))}
      {OF_A_SITE.includes(sort.by) && (
        <label className="picker-item">
          <span className="picker-name">Site</span>
          <select
            className="input"
            value={site ?? ""}
            onChange={(event) => {
              onChange({ ...sort, site: event.target.value });
            }}
          >
            {siteNames.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      <CheckItem
        isChecked={sort.isDescending}
        onToggle={() => {
          onChange({ ...sort, isDescending: !sort.isDescending });
        }}
      >
        Largest, latest or Z first
      </CheckItem>
    </Popover>
  );
}
