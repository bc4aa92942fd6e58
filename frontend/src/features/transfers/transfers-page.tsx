import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/api-context";
import { getTransfersQueryOptions, MOST_TRANSFERS } from "../../api/get-activity";
import { useViewer } from "../../api/get-me";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { LoadState } from "../../components/load-state";
import { MovingTable } from "../../components/moving-table";
import { mayOrder } from "../../domain/permissions";
import { addUp } from "../../domain/site-sums";
import { formatCount, formatRate } from "../../lib/format";
import { useNow } from "../../lib/use-now";
import type { PriorityChange } from "./queue-order";
import { QueueTable } from "./queue-table";

const READ_EVERY_MS = 1000;
const FIRST_SHOWN = 200;

/** What moves, and what waits behind it in its order. */
export function TransfersPage({
  projectName,
  sites,
  onOpen,
  onPriorities,
}: {
  projectName: string;
  sites: readonly Site[];
  onOpen: (representationId: string, siteName: string) => void;
  onPriorities: (changes: readonly PriorityChange[]) => void;
}) {
  const api = useApi();
  const now = useNow();
  const viewer = useViewer();
  const [first, setFirst] = useState(FIRST_SHOWN);
  const transfers = useQuery(getTransfersQueryOptions(api, projectName, first));
  useLiveQueries([["transfers", projectName]], READ_EVERY_MS);
  const { data } = transfers;
  // Of all, also those that are not shown; the two are not read at the same moment.
  const rate = addUp(sites, (site) => site.bytesPerSecond);
  const moving = Math.max(
    data?.moving.length ?? 0,
    data?.moving.length === first ? addUp(sites, (site) => site.moving) : 0,
  );
  const isMovable = (siteName: string) => {
    const site = sites.find((one) => one.siteName === siteName);
    return site !== undefined && mayOrder("priority", site, viewer);
  };
  const onMore = () => {
    setFirst(Math.min(MOST_TRANSFERS, first + 2 * FIRST_SHOWN));
  };
  return (
    <div className="page">
      <h2>
        Moving now
        {data !== undefined && moving > 0 && (
          <small>
            {tellShown(data.moving.length, moving)}
            {rate > 0 && ` · ${formatRate(rate)}`}
          </small>
        )}
      </h2>
      <LoadState what="transfers" query={transfers} />
      {data?.moving.length === 0 && (
        <p className="quiet-text">Nothing moves at the moment.</p>
      )}
      {data !== undefined && data.moving.length > 0 && (
        <>
          <MovingTable moving={data.moving} onOpen={onOpen} />
          <More what="moving" shown={data.moving.length} total={moving} onMore={onMore} />
        </>
      )}
      {data !== undefined && (
        <>
          <h2>
            Waiting
            <small>{tellShown(data.queued.length, data.queuedTotal)}</small>
          </h2>
          {data.queued.length === 0 ? (
            <p className="quiet-text">Nothing waits.</p>
          ) : (
            <>
              <QueueTable
                queued={data.queued}
                isWhole={data.queuedTotal <= data.queued.length}
                now={now}
                isMovable={isMovable}
                onOpen={onOpen}
                onPriorities={onPriorities}
              />
              <More
                what="waiting"
                shown={data.queued.length}
                total={data.queuedTotal}
                onMore={onMore}
              />
            </>
          )}
        </>
      )}
    </div>
  );
}

function tellShown(shown: number, total: number): string {
  if (total <= shown) return formatCount(shown);
  return `the first ${formatCount(shown)} of ${formatCount(total)}`;
}

/** A way to what is not shown; where there is none, it is said to be there. */
function More({
  what,
  shown,
  total,
  onMore,
}: {
  what: string;
  shown: number;
  total: number;
  onMore: () => void;
}) {
  if (total <= shown) return null;
  const words = `${formatCount(total - shown)} more ${what}`;
  if (shown >= MOST_TRANSFERS) return <p className="quiet-text">{words}</p>;
  return (
    <button type="button" className="link" onClick={onMore}>
      {words}
    </button>
  );
}
