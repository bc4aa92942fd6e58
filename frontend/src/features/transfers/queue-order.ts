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
 * stay ahead may have to be raised with it. Null where no priorities make that order,
 * or where what is not shown (`isWhole` is false) would come between.
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
  const below = wanted[to];
  wanted.splice(to, 0, dragged);
  const ahead = wanted.slice(0, to).filter((one) => one.priority === above?.priority);
  const higher = (above?.priority ?? 0) + 1;
  const raised = ahead.map((one) => [one, higher] as const);
  const choices: Priorities[] = [
    ...[below?.priority ?? 0, (below?.priority ?? HIGHEST) + 1, higher - 1, higher - 2].map(
      (priority) => new Map([[dragged, priority]]),
    ),
    new Map([...raised, [dragged, higher - 1]]),
    new Map([...raised, [dragged, higher]]),
  ];
  const fitting = choices.find((choice) => isOrdered(wanted, choice));
  return fitting === undefined ? null : listChanges(fitting);
}

/** Whether the server's order is this one with these priorities. */
function isOrdered(wanted: readonly QueuedTransfer[], changed: Priorities): boolean {
  if ([...changed.values()].some((one) => one < 1 || one > HIGHEST)) return false;
  const priorityOf = (one: QueuedTransfer) => changed.get(one) ?? one.priority;
  return wanted.every((one, index) => {
    const next = wanted[index + 1];
    if (next === undefined) return true;
    const step = priorityOf(next) - priorityOf(one) || one.dueAt - next.dueAt;
    return step === 0 ? nameOf(one) < nameOf(next) : step < 0;
  });
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
