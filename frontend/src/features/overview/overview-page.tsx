import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import type { Pause } from "../../api/contract";
import {
  CHART_MINUTES,
  getPausesQueryOptions,
  getThroughputQueryOptions,
  getTransfersQueryOptions,
} from "../../api/get-activity";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { LoadState } from "../../components/load-state";
import { MovingTable } from "../../components/moving-table";
import type { ListFilter } from "../../domain/list-filter";
import { pausesOf } from "../../domain/pauses";
import { useNow } from "../../lib/use-now";
import { findProblems } from "./find-problems";
import { ProblemList } from "./problem-list";
import { SiteCard } from "./site-card";
import { ThroughputChart } from "./throughput-chart";

const MOVING_EVERY_MS = 1000;
const PAUSES_EVERY_MS = 3000;
const CHART_EVERY_MS = 20_000;
const MOST_MOVING = 20;

/** What is wrong, what there is, what moves: in this order. */
export function OverviewPage({
  projectName,
  sites,
  showHref,
  statusHref,
  onOpen,
}: {
  projectName: string;
  sites: readonly Site[];
  showHref: (filter: ListFilter) => string;
  statusHref: (siteName: string, status: number) => string;
  onOpen: (representationId: string, siteName: string) => void;
}) {
  const api = useApi();
  const now = useNow();
  const problems = findProblems(sites);
  const transfers = useQuery(getTransfersQueryOptions(api, projectName));
  const throughput = useQuery(getThroughputQueryOptions(api, projectName));
  const pauses = useQuery(getPausesQueryOptions(api));
  useLiveQueries([["transfers", projectName]], MOVING_EVERY_MS);
  useLiveQueries([["pauses"]], PAUSES_EVERY_MS);
  useLiveQueries([["throughput", projectName]], CHART_EVERY_MS);

  const moving = transfers.data?.moving ?? [];
  const rateOf = (siteName: string) =>
    moving
      .filter((transfer) => transfer.siteName === siteName)
      .reduce((total, transfer) => total + transfer.bytesPerSecond, 0);
  const noPauses: readonly Pause[] = [];
  return (
    <div className="page">
      <h2>Needs attention</h2>
      <ProblemList problems={problems} showHref={showHref} />
      <h2>Sites</h2>
      <div className="cards">
        {sites.map((site) => (
          <SiteCard
            key={site.siteName}
            site={site}
            problems={problems}
            pauses={pausesOf(pauses.data ?? noPauses, projectName, site.siteName)}
            bytesPerSecond={rateOf(site.siteName)}
            now={now}
            listHref={(status) => statusHref(site.siteName, status)}
          />
        ))}
      </div>
      <h2>Throughput, last {CHART_MINUTES / 60} hours</h2>
      <LoadState what="throughput" query={throughput} />
      {throughput.data !== undefined && (
        <ThroughputChart minutes={throughput.data} count={CHART_MINUTES} now={now} />
      )}
      <h2>Moving now</h2>
      <LoadState what="transfers" query={transfers} />
      {transfers.data !== undefined && moving.length === 0 && (
        <p className="quiet-text">Nothing moves at the moment.</p>
      )}
      {moving.length > 0 && (
        <MovingTable moving={moving.slice(0, MOST_MOVING)} onOpen={onOpen} />
      )}
    </div>
  );
}
