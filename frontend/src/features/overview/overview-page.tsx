import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import type { Pause, Problem } from "../../api/contract";
import {
  CHART_MINUTES,
  getPausesQueryOptions,
  getThroughputQueryOptions,
  getTransfersQueryOptions,
} from "../../api/get-activity";
import { getProblemsQueryOptions } from "../../api/get-problems";
import type { Site } from "../../api/types";
import { useLiveQueries } from "../../api/use-live-queries";
import { LoadState } from "../../components/load-state";
import { MovingTable } from "../../components/moving-table";
import { ProblemList } from "../../components/problem-list";
import { SettingsLink } from "../../components/settings-link";
import { isOwnMachine } from "../../domain/own-site";
import { pausesOf } from "../../domain/pauses";
import { listAgents } from "../../components/site-health";
import { addUp } from "../../domain/site-sums";
import { formatCount } from "../../lib/format";
import type { HashState } from "../../lib/hash-state";
import { useNow } from "../../lib/use-now";
import { listProblemLinks } from "./problem-links";
import { SiteCard } from "./site-card";
import { ThroughputChart } from "./throughput-chart";

const MOVING_EVERY_MS = 1000;
const PAUSES_EVERY_MS = 3000;
const CHART_EVERY_MS = 20_000;
const MOST_MOVING = 20;

/** Of machines that have nothing and do nothing there may be hundreds. */
function isShown(site: Site): boolean {
  const isBusy = listAgents(site).some((agent) => agent.isLive);
  return site.kind !== "machine" || isBusy || Object.keys(site.totals).length > 0;
}

/** What is wrong, how it goes, what there is, what moves: in this order. */
export function OverviewPage({
  projectName,
  userName,
  sites,
  readAt,
  linkTo,
  statusHref,
  onOpen,
  onRetry,
}: {
  projectName: string;
  userName: string | null;
  sites: readonly Site[];
  /** When the sites were read, epoch seconds. */
  readAt: number;
  /** The address of this panel with something changed. */
  linkTo: (change: Partial<HashState>) => string;
  statusHref: (siteName: string, status: number) => string;
  onOpen: (representationId: string, siteName: string) => void;
  /** Everything that failed on a site. */
  onRetry: (siteName: string) => void;
}) {
  const api = useApi();
  const now = useNow();
  const problems = useQuery(getProblemsQueryOptions(api, projectName));
  const transfers = useQuery(getTransfersQueryOptions(api, projectName, MOST_MOVING));
  const throughput = useQuery(getThroughputQueryOptions(api, projectName));
  const pauses = useQuery(getPausesQueryOptions(api));
  useLiveQueries([["transfers", projectName]], MOVING_EVERY_MS);
  useLiveQueries([["pauses"], ["problems", projectName]], PAUSES_EVERY_MS);
  useLiveQueries([["throughput", projectName]], CHART_EVERY_MS);

  const moving = transfers.data?.moving ?? [];
  const more = addUp(sites, (site) => site.moving) - moving.length;
  const noPauses: readonly Pause[] = [];
  const known: readonly Problem[] = problems.data ?? [];
  return (
    <div className="page">
      <h2>Needs attention</h2>
      <LoadState what="problems" query={problems} />
      {problems.data !== undefined && (
        <ProblemList
          problems={known}
          now={now}
          renderLinks={(problem) => (
            <>
              <ProblemLinks problem={problem} linkTo={linkTo} onRetry={onRetry} />
              <SettingsLink projectName={projectName} problem={problem} />
            </>
          )}
        />
      )}
      <h2>Throughput, last {CHART_MINUTES / 60} hours</h2>
      <LoadState what="throughput" query={throughput} />
      {throughput.data !== undefined && (
        <ThroughputChart minutes={throughput.data} count={CHART_MINUTES} now={now} />
      )}
      <h2>Sites</h2>
      <div className="cards">
        {sites.filter(isShown).map((site) => (
          <SiteCard
            key={site.siteName}
            site={site}
            isOwn={isOwnMachine(site, userName)}
            problems={known}
            pauses={pausesOf(pauses.data ?? noPauses, projectName, site.siteName)}
            readAt={readAt}
            now={now}
            listHref={(status) => statusHref(site.siteName, status)}
          />
        ))}
      </div>
      <h2>Moving now</h2>
      <LoadState what="transfers" query={transfers} />
      {transfers.data !== undefined && moving.length === 0 && (
        <p className="quiet-text">Nothing moves at the moment.</p>
      )}
      {moving.length > 0 && <MovingTable moving={moving} onOpen={onOpen} />}
      {moving.length === MOST_MOVING && more > 0 && (
        <a className="link" href={linkTo({ view: "transfers" })}>
          {formatCount(more)} more in Transfers
        </a>
      )}
    </div>
  );
}

function ProblemLinks({
  problem,
  linkTo,
  onRetry,
}: {
  problem: Problem;
  linkTo: (change: Partial<HashState>) => string;
  onRetry: (siteName: string) => void;
}) {
  const { code, siteName } = problem;
  return (
    <>
      {listProblemLinks(problem).map(({ label, change }) => (
        <a
          key={label}
          className="button"
          href={linkTo(change)}
          aria-label={`${label}: ${problem.text}`}
        >
          {label}
        </a>
      ))}
      {code === "failed_files" && siteName !== null && (
        <button
          type="button"
          className="button"
          aria-label={`Retry… what failed on ${siteName}`}
          onClick={() => {
            onRetry(siteName);
          }}
        >
          Retry…
        </button>
      )}
    </>
  );
}
