import { type ReactNode, useId, useState } from "react";

import { CheckItem } from "../../components/check-item";
import { Popover } from "../../components/popover";
import { countFilters, type ListFilter } from "../../domain/list-filter";

type PickerProps = {
  filter: ListFilter;
  onChange: (part: Partial<ListFilter>) => void;
};

/** What is typed, "render, plate", as its parts. */
function splitWords(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

function readVersions(text: string): readonly number[] {
  return splitWords(text)
    .map((word) => Number(word.replace(/^v/i, "")))
    .filter(Number.isInteger);
}

const MEGABYTE = 1_000_000;

function readMegabytes(text: string): number | null {
  const value = Number(text.replace(",", "."));
  return text.trim() === "" || !(value >= 0) ? null : Math.round(value * MEGABYTE);
}

function showMegabytes(bytes: number | null): string {
  return bytes === null ? "" : String(bytes / MEGABYTE);
}

/** A field that is taken at Enter and when it is left. */
function TextField({
  label,
  value,
  placeholder,
  onTake,
}: {
  label: string;
  value: string;
  placeholder: string;
  onTake: (text: string) => void;
}) {
  const id = useId();
  const [text, setText] = useState(value);
  const [lastValue, setLastValue] = useState(value);
  if (value !== lastValue) {
    setLastValue(value);
    setText(value);
  }
  const take = () => {
    if (text !== value) onTake(text);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        className="input"
        value={text}
        placeholder={placeholder}
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </div>
  );
}

const DAYS = [
  [1, "the last day"],
  [7, "the last 7 days"],
  [30, "the last 30 days"],
] as const;

export function ChangedPicker({ filter, onChange }: PickerProps) {
  const { changedDays } = filter;
  const name = useId();
  const choice = (days: number | null, words: ReactNode) => (
    <label key={days} className="picker-item">
      <input
        type="radio"
        name={name}
        checked={changedDays === days}
        onChange={() => {
          onChange({ changedDays: days });
        }}
      />
      <span className="picker-name">{words}</span>
    </label>
  );
  return (
    <Popover
      icon="calendar"
      label={changedDays === null ? "Changed: any time" : `Changed: ${changedDays} d`}
      hint="When something changed"
      isSet={changedDays !== null}
      onClear={() => {
        onChange({ changedDays: null });
      }}
    >
      {choice(null, "any time")}
      {DAYS.map(([days, words]) => choice(days, words))}
    </Popover>
  );
}

const NOTHING_MORE = {
  productTypes: [],
  representationNames: [],
  versions: [],
  minSize: null,
  maxSize: null,
  hasError: false,
  errorText: "",
  representationIds: [],
} satisfies Partial<ListFilter>;

export function MorePicker({ filter, onChange }: PickerProps) {
  const count = countFilters({ ...filter, statuses: {}, changedDays: null });
  return (
    <Popover
      label={count === 0 ? "More filters" : `More filters: ${count}`}
      hint="More filters"
      isSet={count > 0}
      onClear={() => {
        onChange(NOTHING_MORE);
      }}
    >
      <div className="fields">
        <TextField
          label="Product types"
          placeholder="render, plate"
          value={filter.productTypes.join(", ")}
          onTake={(text) => {
            onChange({ productTypes: splitWords(text) });
          }}
        />
        <TextField
          label="Representations"
          placeholder="exr, mov"
          value={filter.representationNames.join(", ")}
          onTake={(text) => {
            onChange({ representationNames: splitWords(text) });
          }}
        />
        <TextField
          label="Versions"
          placeholder="3, 12"
          value={filter.versions.join(", ")}
          onTake={(text) => {
            onChange({ versions: readVersions(text) });
          }}
        />
        <TextField
          label="At least, MB"
          placeholder="any size"
          value={showMegabytes(filter.minSize)}
          onTake={(text) => {
            onChange({ minSize: readMegabytes(text) });
          }}
        />
        <TextField
          label="At most, MB"
          placeholder="any size"
          value={showMegabytes(filter.maxSize)}
          onTake={(text) => {
            onChange({ maxSize: readMegabytes(text) });
          }}
        />
        <TextField
          label="Error says"
          placeholder="No space left"
          value={filter.errorText}
          onTake={(text) => {
            onChange({ errorText: text.trim() });
          }}
        />
      </div>
      <CheckItem
        isChecked={filter.hasError}
        onToggle={() => {
          onChange({ hasError: !filter.hasError });
        }}
      >
        Only with an error
      </CheckItem>
      {filter.representationIds.length > 0 && (
        <p className="picker-note">
          Only {filter.representationIds.length} named representations.
        </p>
      )}
    </Popover>
  );
}
