import "./check-item.css";

import type { ReactNode } from "react";

export function CheckItem({
  isChecked,
  isDisabled = false,
  hint,
  onToggle,
  children,
}: {
  isChecked: boolean;
  isDisabled?: boolean;
  hint?: string | undefined;
  onToggle: () => void;
  children: ReactNode;
}) {
  return (
    <label className="picker-item">
      <input
        type="checkbox"
        checked={isChecked}
        disabled={isDisabled}
        onChange={onToggle}
      />
      <span className="picker-name">{children}</span>
      {hint !== undefined && <span className="picker-hint">{hint}</span>}
    </label>
  );
}

/** The list without the item, or with it at the end. */
export function toggle<T>(items: readonly T[], item: T): readonly T[] {
  return items.includes(item) ? items.filter((one) => one !== item) : [...items, item];
}
