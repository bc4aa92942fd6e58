import { useId, useMemo, useState } from "react";

import type { RepresentationRow } from "../../api/types";

/** Where a key leads among `count` rows; null when the key is none of ours. */
export function findTargetRow(
  key: string,
  active: number,
  count: number,
  pageRows: number,
): number | null {
  if (count === 0) return null;
  const moves = new Map([
    ["ArrowDown", active + 1],
    ["ArrowUp", active - 1],
    ["PageDown", active + pageRows],
    ["PageUp", active - pageRows],
    ["Home", 0],
    ["End", count - 1],
  ]);
  const target = moves.get(key);
  return target === undefined ? null : Math.min(count - 1, Math.max(0, target));
}

/**
 * One row is active. It is remembered by its id, so it stays the same row when
 * others come and go around it.
 */
export function useRowFocus(rows: readonly RepresentationRow[]) {
  const prefix = useId();
  const [activeId, setActiveId] = useState<string | null>(null);
  const activeIndex = useMemo(
    () => rows.findIndex((row) => row.representationId === activeId),
    [rows, activeId],
  );
  const toElementId = (id: string) => `${prefix}${id}`;

  const moveByKey = (
    event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">,
    pageRows: number,
  ): number | null => {
    if (event.altKey || event.ctrlKey || event.metaKey) return null;
    const target = findTargetRow(event.key, activeIndex, rows.length, pageRows);
    const row = target === null ? undefined : rows[target];
    if (row !== undefined) setActiveId(row.representationId);
    return target;
  };

  return {
    activeIndex,
    activeRowId:
      activeId !== null && activeIndex >= 0 ? toElementId(activeId) : undefined,
    setActiveId,
    toElementId,
    moveByKey,
  };
}
