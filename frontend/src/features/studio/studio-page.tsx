import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { useApi } from "../../api/api-context";
import type { Overview, Pause, PauseRequest } from "../../api/contract";
import { getMeQueryOptions } from "../../api/get-me";
import { getOverviewQueryOptions } from "../../api/get-problems";
import { useLiveQueries } from "../../api/use-live-queries";
import { AgentsTable } from "../../components/agents-table";
import { EmptyState } from "../../components/empty-state";
import { Icon } from "../../components/icon";
import { LoadFailure, LoadState } from "../../components/load-state";
import { ProblemList } from "../../components/problem-list";
import { SettingsLink } from "../../components/settings-link";
import { formatAgo } from "../../lib/format";
import { formatHash } from "../../lib/hash-state";
import { useNow } from "../../lib/use-now";
import { ProjectsTable } from "./projects-table";
import { mergeSites, namePause, orderProjects } from "./studio-sites";
import { StudioSitesTable } from "./studio-sites-table";

/** Sums over all projects: read less often than those of one. */
const READ_EVERY_MS = 3000;

type OnPause = (request: PauseRequest, name: string) => void;

/** All projects: what is wrong, how each goes, the sites and agents they share. */
export function StudioPage({
  onOnly,
  onPause,
}: {
  /** Told of the only project there is, where that needs no choice. */
  onOnly?: (projectName: string) => void;
  onPause: OnPause;
}) {
  const api = useApi();
  const overview = useQuery(getOverviewQueryOptions(api));
  const me = useQuery(getMeQueryOptions(api));
  useLiveQueries([["overview"]], READ_EVERY_MS);
  const { data, error } = overview;
  const only = data?.projects.length === 1 ? data.projects[0]?.projectName : undefined;
  useEffect(() => {
    if (only !== undefined) onOnly?.(only);
  }, [only, onOnly]);

  if (data === undefined && error !== null) {
    return <LoadFailure what="projects" query={overview} />;
  }
  if (data?.projects.length === 0) {
    return (
      <EmptyState icon="folder" title="There is no project for you">
        <p>Ask an administrator for access to a project.</p>
      </EmptyState>
    );
  }
  return (
    <div className="page">
      <LoadState what="projects" query={overview} />
      {data !== undefined && (
        <Studio data={data} isManager={me.data?.isManager === true} onPause={onPause} />
      )}
    </div>
  );
}

function Studio({
  data,
  isManager,
  onPause,
}: {
  data: Overview;
  isManager: boolean;
  onPause: OnPause;
}) {
  const now = useNow();
  const projects = orderProjects(data.projects);
  const found = projects.flatMap(({ projectName, problems }) =>
    problems.map((problem) => ({ ...problem, projectName })),
  );
  const problems = ["error", "warning"].flatMap((severity) =>
    found.filter((problem) => problem.severity === severity),
  );
  return (
    <>
      <h2>Needs attention</h2>
      <ProblemList
        problems={problems}
        now={now}
        whereOf={(problem) => problem.projectName}
        renderLinks={(problem) => (
          <>
            <a
              className="button"
              href={formatHash({ projectName: problem.projectName })}
              aria-label={`Open project ${problem.projectName}: ${problem.text}`}
            >
              Open project
            </a>
            <SettingsLink projectName={problem.projectName} problem={problem} />
          </>
        )}
      />
      {data.pauses.length > 0 && (
        <>
          <h2>Paused</h2>
          <Pauses pauses={data.pauses} now={now} onPause={onPause} />
        </>
      )}
      <h2>Projects</h2>
      <ProjectsTable projects={projects} pauses={data.pauses} />
      <h2>Sites</h2>
      <StudioSitesTable
        sites={mergeSites(data.projects)}
        pauses={data.pauses}
        isManager={isManager}
        onPause={onPause}
      />
      <h2>Agents</h2>
      <AgentsTable agents={data.agents} now={now} />
    </>
  );
}

function Pauses({
  pauses,
  now,
  onPause,
}: {
  pauses: readonly Pause[];
  now: number;
  onPause: OnPause;
}) {
  return (
    <ul className="problems" aria-label="Paused">
      {pauses.map((pause) => {
        const { scope, projectName, siteName } = pause;
        const name = namePause(pause);
        return (
          <li key={name} className="problem" data-severity="warning">
            <Icon name="paused" />
            <span className="problem-text">
              <b>{name}</b>
              <span>
                {pause.reason ?? `Paused by ${pause.userName}`}
              </span>
              <small>{formatAgo(now - pause.since)}</small>
            </span>
            <span className="problem-links">
              <button
                type="button"
                className="button"
                aria-label={`Resume: ${name}`}
                onClick={() => {
                  const where = {
                    ...(projectName === null ? {} : { projectName }),
                    ...(siteName === null ? {} : { siteName }),
                  };
                  onPause({ scope, ...where, paused: false }, name);
                }}
              >
                Resume
              </button>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
