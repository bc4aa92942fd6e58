import { useCallback, useMemo, useState } from "react";

/** Which rows something is to be done with. `all` is everything that matches. */
export type RowSelection = { ids: ReadonlySet<string>; isAll: boolean };

const NOTHING: RowSelection = { ids: new Set(), isAll: false };

export type SelectMode =
  /** Only this row. */
  | "one"
  /** This row too, or no longer. */
  | "toggle"
  /** Everything from where the last selection began up to this row. */
  | "range";

/**
 * The selection after a click or key on row `index`. `anchor` is the row where
 * it began; rows that are not loaded have no id and stay out of a range.
 */
export function selectRow(
  selection: RowSelection,
  mode: SelectMode,
  index: number,
  anchor: number,
  getId: (index: number) => string | undefined,
): RowSelection {
  const id = getId(index);
  if (id === undefined) return selection;
  if (mode === "one") return { ids: new Set([id]), isAll: false };
  if (mode === "toggle") {
    const ids = new Set(selection.isAll ? [] : selection.ids);
    if (!ids.delete(id)) ids.add(id);
    return { ids, isAll: false };
  }
  const ids = new Set<string>();
  for (let at = Math.min(anchor, index); at <= Math.max(anchor, index); at += 1) {
    const one = getId(at);
    if (one !== undefined) ids.add(one);
  }
  return { ids, isAll: false };
}

export function isSelected(selection: RowSelection, id: string): boolean {
  return selection.isAll || selection.ids.has(id);
}

/** Forgotten whenever `question` changes: other rows are listed then. */
export function useSelection(question: unknown) {
  const [asked, setAsked] = useState(question);
  const [selection, setSelection] = useState(NOTHING);
  if (asked !== question) {
    setAsked(question);
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
