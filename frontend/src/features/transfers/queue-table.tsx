import "./queue-table.css";

import { type DragEvent, useState } from "react";

import type { QueuedTransfer } from "../../api/contract";
import { Icon } from "../../components/icon";
import { RepresentationName } from "../../components/moving-table";
import { formatBytes, formatCount, formatDuration } from "../../lib/format";
import { HIGHEST, planMove, type PriorityChange } from "./queue-order";

const DRAGGED = "application/x-sitesync-queued";

type TableProps = {
  queued: readonly QueuedTransfer[];
  /** Nothing waits behind what is shown. */
  isWhole: boolean;
  now: number;
  /** Whether who looks may set priorities there. */
  isMovable: (siteName: string) => boolean;
  onOpen: (representationId: string, siteName: string) => void;
  onPriorities: (changes: readonly PriorityChange[]) => void;
};

function keyOf({ representationId, siteName }: QueuedTransfer): string {
  return `${representationId} ${siteName}`;
}

/** The queue in its order. Dropped on another, a transfer takes its place. */
export function QueueTable(props: TableProps) {
  const { queued, isWhole, isMovable, onPriorities } = props;
  const [dragged, setDragged] = useState<string | null>(null);
  const planTo = (to: number) => {
    const from = queued.findIndex((one) => keyOf(one) === dragged);
    const plan = planMove(queued, from, to, isWhole);
    return plan?.every((change) => isMovable(change.siteName)) === true ? plan : null;
  };
  return (
    <div className="list" role="region" aria-label="Waiting">
      <table>
        <colgroup>
          <col className="col-position" />
          <col />
          <col className="col-site" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-due" />
          <col className="col-priority" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col" data-align="end">
              <abbr title="Position in the queue">#</abbr>
            </th>
            <th scope="col">Representation</th>
            <th scope="col">To</th>
            <th scope="col" data-align="end">
              Files
            </th>
            <th scope="col" data-align="end">
              Size
            </th>
            <th scope="col">Due</th>
            <th scope="col">Priority</th>
          </tr>
        </thead>
        <tbody>
          {queued.map((transfer, index) => (
            <QueueRow
              key={keyOf(transfer)}
              {...props}
              transfer={transfer}
              onDrag={setDragged}
              isPlace={() => planTo(index) !== null}
              onDropped={() => {
                const plan = planTo(index);
                setDragged(null);
                if (plan !== null) onPriorities(plan);
              }}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function tellDue(transfer: QueuedTransfer, now: number): string {
  const wait = transfer.dueAt - now;
  return wait <= 1 ? "next free agent" : `in ${formatDuration(wait)}`;
}

function QueueRow({
  transfer,
  queued,
  now,
  isMovable,
  onOpen,
  onPriorities,
  onDrag,
  isPlace,
  onDropped,
}: TableProps & {
  transfer: QueuedTransfer;
  onDrag: (key: string | null) => void;
  /** Whether what is dragged can come here. */
  isPlace: () => boolean;
  onDropped: () => void;
}) {
  const { representationId, siteName, priority } = transfer;
  const [isTarget, setIsTarget] = useState(false);
  const canMove = isMovable(siteName);
  const front = (queued[0]?.priority ?? priority) + 1;
  const setPriority = (value: number) => {
    const representationIds = [representationId];
    onPriorities([{ siteName, representationIds, priority: value }]);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setIsTarget(false);
    onDropped();
  };
  return (
    <tr
      draggable={canMove}
      data-target={isTarget}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, keyOf(transfer));
        event.dataTransfer.effectAllowed = "move";
        onDrag(keyOf(transfer));
      }}
      onDragEnd={() => {
        onDrag(null);
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED) || !isPlace()) return;
        event.preventDefault();
        setIsTarget(true);
      }}
      onDragLeave={() => {
        setIsTarget(false);
      }}
      onDrop={onDrop}
    >
      <td data-align="end">{formatCount(transfer.position)}</td>
      <td>
        <button
          type="button"
          className="row-link"
          onClick={() => {
            onOpen(representationId, siteName);
          }}
        >
          <RepresentationName of={transfer} />
        </button>
      </td>
      <td title={siteName}>{siteName}</td>
      <td data-align="end">{formatCount(transfer.filesTotal)}</td>
      <td data-align="end">{formatBytes(transfer.bytesTotal)}</td>
      <td
        title={transfer.lastError ?? undefined}
        data-tone={transfer.lastError === null ? undefined : "error"}
      >
        {transfer.lastError !== null && <Icon name="failed" />}{" "}
        {tellDue(transfer, now)}
        {transfer.lastError !== null && `: ${transfer.lastError}`}
      </td>
      <td>
        {canMove ? (
          <span className="priority">
            <PriorityField
              key={priority}
              label={`Priority of ${transfer.product} on ${siteName}`}
              priority={priority}
              onChange={setPriority}
            />
            <button
              type="button"
              className="chip-clear"
              aria-label={`Move ${transfer.product} to the front`}
              title="To the front"
              disabled={transfer === queued[0] || front > HIGHEST}
              onClick={() => {
                setPriority(front);
              }}
            >
              <Icon name="priority" size={14} />
            </button>
          </span>
        ) : (
          formatCount(priority)
        )}
      </td>
    </tr>
  );
}

/** Taken at Enter and when it is left. */
function PriorityField({
  label,
  priority,
  onChange,
}: {
  label: string;
  priority: number;
  onChange: (priority: number) => void;
}) {
  const [text, setText] = useState(String(priority));
  const take = () => {
    const value = Math.round(Number(text));
    const isRight = text.trim() !== "" && value >= 1 && value <= HIGHEST;
    if (!isRight) setText(String(priority));
    else if (value !== priority) onChange(value);
  };
  return (
    <input
      type="number"
      className="input"
      aria-label={label}
      min={1}
      max={HIGHEST}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
      }}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}
