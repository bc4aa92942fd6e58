import { useEffect, useRef } from "react";

import { useToasts } from "../../components/toasts";
import { formatCount } from "../../lib/format";
import type { RowBlocks } from "./row-blocks";
import { MOST_IN_RANGE, type RowSelection, type SelectMode, selectRows } from "./selection";

export type ChooseRow = (
  mode: SelectMode,
  index: number,
  anchor: number,
  onChosen: (representationId: string) => void,
) => void;

/**
 * Selects rows by their places, from `anchor` to `index` for a range. What is not
 * held is asked for first: a selection never leaves out rows without a word.
 * `onChosen` is told the id of row `index`.
 */
export function useRowChoice(
  blocks: RowBlocks,
  selection: RowSelection,
  setSelection: (change: (selection: RowSelection) => RowSelection) => void,
): ChooseRow {
  const showToast = useToasts();
  // An answer that comes after another choice is no longer wanted.
  const lastChoice = useRef(0);
  useEffect(() => {
    lastChoice.current += 1;
  }, [blocks, selection]);
  return (mode, index, anchor, onChosen) => {
    lastChoice.current += 1;
    const choice = lastChoice.current;
    const start = mode === "range" ? Math.min(anchor, index) : index;
    const end = mode === "range" ? Math.max(anchor, index) : index;
    if (end - start >= MOST_IN_RANGE) {
      const most = formatCount(MOST_IN_RANGE);
      const text = `Shift selects at most ${most} rows: filter them and select all.`;
      showToast({ tone: "error", text });
      return;
    }
    const take = (ids: readonly string[]) => {
      setSelection((last) => selectRows(last, mode, ids));
      const id = ids[index - start];
      if (id !== undefined) onChosen(id);
    };
    const held = blocks.listHeldIds(start, end);
    if (held !== null) {
      take(held);
      return;
    }
    blocks.readIds(start, end).then(
      (ids) => {
        if (lastChoice.current === choice) take(ids);
      },
      (error: unknown) => {
        if (lastChoice.current !== choice) return;
        const reason = error instanceof Error ? error.message : String(error);
        showToast({ tone: "error", text: `Nothing was selected: ${reason}` });
      },
    );
  };
}
