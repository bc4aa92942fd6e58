import { useCallback, useMemo, useState } from "react";

/** Which rows something is to be done with. `all` is everything that matches. */
export type RowSelection = { ids: ReadonlySet<string>; isAll: boolean };

const NOTHING: RowSelection = { ids: new Set(), isAll: false };

/** Rows that one range may have: more are better said by a filter. */
export const MOST_IN_RANGE = 10_000;

export type SelectMode =
  /** Only this row. */
  | "one"
  /** This row too, or no longer. */
  | "toggle"
  /** Everything from where the last selection began up to this row. */
  | "range";

/** The selection after a click or key on rows: one of them, but for a range. */
export function selectRows(
  selection: RowSelection,
  mode: SelectMode,
  rowIds: readonly string[],
): RowSelection {
  if (mode !== "toggle") return { ids: new Set(rowIds), isAll: false };
  const ids = new Set(selection.isAll ? [] : selection.ids);
  for (const id of rowIds) {
    if (!ids.delete(id)) ids.add(id);
  }
  return { ids, isAll: false };
}

export function isSelected(selection: RowSelection, id: string): boolean {
  return selection.isAll || selection.ids.has(id);
}

/** Forgotten whenever the text `filter` changes: other rows are listed then. */
export function useSelection(filter: string) {
  const [asked, setAsked] = useState(filter);
  const [selection, setSelection] = useState(NOTHING);
  if (asked !== filter) {
    setAsked(filter);
    setSelection(NOTHING);
  }
  const clear = useCallback(() => {
    setSelection(NOTHING);
  }, []);
  const selectAll = useCallback(() => {
    setSelection({ ids: new Set(), isAll: true });
  }, []);
  return useMemo(
    () => ({ selection, setSelection, clear, selectAll }),
    [selection, clear, selectAll],
  );
}
