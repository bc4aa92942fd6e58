import type { ColumnChoice } from "../../domain/column-choice";

/** How somebody likes the columns; remembered in his browser. */
export type ColumnLayout = ColumnChoice & {
  /** Pixels. */
  widths: Readonly<Record<string, number>>;
};

export const USUAL_LAYOUT: ColumnLayout = { order: [], widths: {}, hidden: [] };

export const LEAST_WIDTH = 44;
export const MOST_WIDTH = 900;
/** What a key or a step of a field changes a width by. */
export const WIDTH_STEP = 16;
const STORAGE_KEY = "sitesync.columns";

export function orderIds(
  ids: readonly string[],
  layout: ColumnLayout,
): readonly string[] {
  const known = layout.order.filter((id) => ids.includes(id));
  // A column that came since keeps its neighbour on the left.
  const ordered = [...known];
  ids.forEach((id, index) => {
    if (known.includes(id)) return;
    const before = ids[index - 1];
    const at = before === undefined ? 0 : ordered.indexOf(before) + 1;
    ordered.splice(at, 0, id);
  });
  return ordered;
}

/** The layout with `id` moved to where `target` is. */
export function moveColumn(
  layout: ColumnLayout,
  ids: readonly string[],
  id: string,
  target: string,
): ColumnLayout {
  const order = orderIds(ids, layout).filter((one) => one !== id);
  const wasBefore = ids.indexOf(id) < ids.indexOf(target);
  order.splice(order.indexOf(target) + (wasBefore ? 1 : 0), 0, id);
  return { ...layout, order };
}

export function resizeColumn(
  layout: ColumnLayout,
  id: string,
  width: number,
): ColumnLayout {
  const kept = Math.round(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width)));
  return { ...layout, widths: { ...layout.widths, [id]: kept } };
}

/** What cannot be read is as if it were not there. */
export function readLayout(storage: Storage): ColumnLayout {
  try {
    const stored: unknown = JSON.parse(storage.getItem(STORAGE_KEY) ?? "null");
    if (typeof stored !== "object" || stored === null) return USUAL_LAYOUT;
    const { order, widths, hidden } = { ...USUAL_LAYOUT, ...stored };
    const isRight =
      Array.isArray(order) && Array.isArray(hidden) && typeof widths === "object";
    return isRight ? { order, widths, hidden } : USUAL_LAYOUT;
  } catch {
    return USUAL_LAYOUT;
  }
}

export function writeLayout(storage: Storage, layout: ColumnLayout): void {
  storage.setItem(STORAGE_KEY, JSON.stringify(layout));
}
