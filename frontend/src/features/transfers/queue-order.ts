import type { QueuedTransfer } from "../../api/contract";

export const HIGHEST = 1000;

/** A priority for transfers to one site. */
export type PriorityChange = {
  siteName: string;
  representationIds: readonly string[];
  priority: number;
};

type Priorities = ReadonlyMap<QueuedTransfer, number>;

/**
 * What puts a transfer in the place of another: before it on the way up, behind it on
 * the way down. Among equal priorities the queue goes by time, so those that are to
 * stay ahead are raised with it where they must be. Null where that is higher than
 * priorities go, or where what is not shown (`isWhole` is false) would come between.
 */
export function planMove(
  queued: readonly QueuedTransfer[],
  from: number,
  to: number,
  isWhole: boolean,
): readonly PriorityChange[] | null {
  const dragged = queued[from];
  if (dragged === undefined || queued[to] === undefined || from === to) return null;
  if (!isWhole && to === queued.length - 1) return null;
  const wanted = queued.filter((one) => one !== dragged);
  const above = wanted[to - 1];
  let below = wanted[to];
  const choice = new Map<QueuedTransfer, number>();
  const priorityOf = (one: QueuedTransfer) => choice.get(one) ?? one.priority;
  if (below === undefined && above !== undefined) {
    const isNext = precedes(above, dragged);
    choice.set(dragged, Math.max(1, above.priority - (isNext ? 0 : 1)));
    below = dragged;
  }
  const ahead = wanted.slice(0, to);
  if (below !== dragged) ahead.push(dragged);
  for (const one of ahead.reverse()) {
    if (below === undefined) return null;
    const least = priorityOf(below) + (precedes(one, below) ? 0 : 1);
    choice.set(one, one === dragged ? least : Math.max(one.priority, least));
    below = one;
  }
  if ([...choice.values()].some((priority) => priority > HIGHEST)) return null;
  return listChanges(choice);
}

/** The order among equal priorities, as the server has it. */
function precedes(one: QueuedTransfer, other: QueuedTransfer): boolean {
  return one.dueAt === other.dueAt
    ? nameOf(one) < nameOf(other)
    : one.dueAt < other.dueAt;
}

function nameOf(transfer: QueuedTransfer): string {
  return `${transfer.representationId} ${transfer.siteName}`;
}

function listChanges(choice: Priorities): readonly PriorityChange[] {
  const changes = new Map<string, PriorityChange & { representationIds: string[] }>();
  for (const [{ siteName, representationId, priority: old }, priority] of choice) {
    if (priority === old) continue;
    const key = `${siteName} ${priority}`;
    const change = changes.get(key) ?? { siteName, representationIds: [], priority };
    change.representationIds.push(representationId);
    changes.set(key, change);
  }
  return [...changes.values()];
}
