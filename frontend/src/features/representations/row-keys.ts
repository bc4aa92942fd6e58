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
