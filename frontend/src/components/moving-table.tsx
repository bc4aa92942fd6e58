import type { MovingTransfer } from "../api/contract";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
  formatRate,
  formatVersion,
  splitPath,
  toFraction,
} from "../lib/format";
import { Icon } from "./icon";
import { ProgressBar } from "./progress-bar";

type Named = {
  folderPath: string;
  product: string;
  version: number;
  representation: string;
};

/** "/shots/sq010/sh0030 compMain v021 exr" with a quiet beginning. */
export function RepresentationName({ of }: { of: Named }) {
  const [parent, name] = splitPath(of.folderPath);
  return (
    <span className="path" title={`${of.folderPath} ${of.product}`}>
      <span className="path-parent">{parent}</span>
      <span className="path-name">
        {name} {of.product} {formatVersion(of.version)} {of.representation}
      </span>
    </span>
  );
}

export function MovingTable({
  moving,
  onOpen,
}: {
  moving: readonly MovingTransfer[];
  onOpen: (representationId: string, siteName: string) => void;
}) {
  return (
    <div className="list" role="region" aria-label="Moving now">
      <table>
        <colgroup>
          <col />
          <col className="col-route" />
          <col className="col-progress" />
          <col className="col-agent" />
          <col className="col-speed" />
          <col className="col-number" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Representation</th>
            <th scope="col">Route</th>
            <th scope="col">Progress</th>
            <th scope="col">Agent</th>
            <th scope="col" data-align="end">
              Speed
            </th>
            <th scope="col" data-align="end">
              Left
            </th>
          </tr>
        </thead>
        <tbody>
          {moving.map((transfer) => (
            <MovingRow
              key={`${transfer.representationId} ${transfer.siteName}`}
              transfer={transfer}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MovingRow({
  transfer,
  onOpen,
}: {
  transfer: MovingTransfer;
  onOpen: (representationId: string, siteName: string) => void;
}) {
  const fraction = toFraction(transfer.bytesDone, transfer.bytesTotal);
  const { bytesPerSecond, etaSeconds } = transfer;
  return (
    <tr>
      <td>
        <button
          type="button"
          className="row-link"
          onClick={() => {
            onOpen(transfer.representationId, transfer.siteName);
          }}
        >
          <Icon name={transfer.direction === "download" ? "down" : "up"} />
          <RepresentationName of={transfer} />
        </button>
      </td>
      <td title={`${transfer.sourceSite} to ${transfer.siteName}`}>
        {transfer.sourceSite} → {transfer.siteName}
      </td>
      <td
        title={`${formatBytes(transfer.bytesDone)} of ${formatBytes(transfer.bytesTotal)}, ${formatCount(transfer.filesDone)} of ${formatNumberOf(transfer.filesTotal, "file")}`}
      >
        <span className="site-cell" data-tone="moving">
          <ProgressBar fraction={fraction} />
          <span className="site-cell-text">{formatPercent(fraction)}</span>
        </span>
      </td>
      <td title={`${transfer.userName} on ${transfer.hostname ?? ""}`}>
        {transfer.hostname}
      </td>
      <td data-align="end">
        {formatRate(bytesPerSecond)}
      </td>
      <td data-align="end">{etaSeconds === null ? "–" : formatDuration(etaSeconds)}</td>
    </tr>
  );
}
