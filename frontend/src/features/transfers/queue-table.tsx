import { type DragEvent, useState } from "react";

import type { QueuedTransfer } from "../../api/contract";
import { Icon } from "../../components/icon";
import { RepresentationName } from "../../components/moving-table";
import { formatBytes, formatCount, formatDuration } from "../../lib/format";

const HIGHEST = 1000;
const DRAGGED = "application/x-sitesync-queued";

type TableProps = {
  queued: readonly QueuedTransfer[];
  now: number;
  onOpen: (representationId: string, siteName: string) => void;
  onPriority: (representationId: string, siteName: string, priority: number) => void;
};

/** The queue in its order. Dropped on another, a transfer takes its priority. */
export function QueueTable(props: TableProps) {
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
          {props.queued.map((transfer) => (
            <QueueRow
              key={`${transfer.representationId} ${transfer.siteName}`}
              transfer={transfer}
              {...props}
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
  onOpen,
  onPriority,
}: TableProps & { transfer: QueuedTransfer }) {
  const { representationId, siteName, priority } = transfer;
  const [isTarget, setIsTarget] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setIsTarget(false);
    const position = Number(event.dataTransfer.getData(DRAGGED));
    const dragged = queued.find((one) => one.position === position);
    if (dragged === undefined || dragged === transfer) return;
    // Among equals the older goes first: to be before one takes a little more.
    const isUp = dragged.position > transfer.position;
    const wanted = Math.min(HIGHEST, priority + (isUp ? 1 : 0));
    onPriority(dragged.representationId, dragged.siteName, wanted);
  };
  return (
    <tr
      draggable
      data-target={isTarget}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, String(transfer.position));
        event.dataTransfer.effectAllowed = "move";
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
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
        <span className="priority">
          <PriorityField
            key={priority}
            label={`Priority of ${transfer.product} on ${siteName}`}
            priority={priority}
            onChange={(value) => {
              onPriority(representationId, siteName, value);
            }}
          />
          <button
            type="button"
            className="chip-clear"
            aria-label={`Move ${transfer.product} to the front`}
            title="To the front"
            disabled={transfer === queued[0]}
            onClick={() => {
              const first = queued[0]?.priority ?? priority;
              onPriority(representationId, siteName, Math.min(HIGHEST, first + 1));
            }}
          >
            <Icon name="priority" size={14} />
          </button>
        </span>
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
