import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import { getTransfersQueryOptions } from "../../api/get-activity";
import { useLiveQueries } from "../../api/use-live-queries";
import { LoadState } from "../../components/load-state";
import { MovingTable } from "../../components/moving-table";
import { formatCount, formatRate } from "../../lib/format";
import { useNow } from "../../lib/use-now";
import { QueueTable } from "./queue-table";

const READ_EVERY_MS = 1000;

/** What moves, and what waits behind it in its order. */
export function TransfersPage({
  projectName,
  onOpen,
  onPriority,
}: {
  projectName: string;
  onOpen: (representationId: string, siteName: string) => void;
  onPriority: (representationId: string, siteName: string, priority: number) => void;
}) {
  const api = useApi();
  const now = useNow();
  const transfers = useQuery(getTransfersQueryOptions(api, projectName));
  useLiveQueries([["transfers", projectName]], READ_EVERY_MS);
  const { data } = transfers;
  const rate = (data?.moving ?? []).reduce(
    (total, transfer) => total + transfer.bytesPerSecond,
    0,
  );
  return (
    <div className="page">
      <h2>
        Moving now
        {data !== undefined && data.moving.length > 0 && (
          <small>
            {formatCount(data.moving.length)}
            {rate > 0 && ` · ${formatRate(rate)}`}
          </small>
        )}
      </h2>
      <LoadState what="transfers" query={transfers} />
      {data?.moving.length === 0 && (
        <p className="quiet-text">Nothing moves at the moment.</p>
      )}
      {data !== undefined && data.moving.length > 0 && (
        <MovingTable moving={data.moving} onOpen={onOpen} />
      )}
      {data !== undefined && (
        <>
          <h2>
            Waiting
            <small>
              {data.queuedTotal > data.queued.length
                ? `the first ${formatCount(data.queued.length)} of ${formatCount(data.queuedTotal)}`
                : formatCount(data.queuedTotal)}
            </small>
          </h2>
          {data.queued.length === 0 ? (
            <p className="quiet-text">Nothing waits.</p>
          ) : (
            <QueueTable
              queued={data.queued}
              now={now}
              onOpen={onOpen}
              onPriority={onPriority}
            />
          )}
        </>
      )}
    </div>
  );
}
