import { queryOptions, useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import type { ApiClient } from "../../api/client";
import type { ProjectOverview } from "../../api/contract";
import { Icon } from "../../components/icon";
import { LoadState } from "../../components/load-state";
import { STATUS } from "../../domain/status";
import { formatBytes, formatCount } from "../../lib/format";
import { formatHash } from "../../lib/hash-state";

/** Sums over all projects change slowly, and no event tells of all of them. */
const READ_EVERY_MS = 30_000;

/** GET /-/overview */
function getOverviewQueryOptions(api: ApiClient) {
  return queryOptions({
    queryKey: ["overview"],
    queryFn: async ({ signal }) =>
      (await api.getAddon<{ projects: ProjectOverview[] }>("/-/overview", { signal }))
        .projects,
    refetchInterval: READ_EVERY_MS,
  });
}

type Sums = { files: number; bytes: number };

function sumStatus(project: ProjectOverview, status: number): Sums {
  const sums: Sums = { files: 0, bytes: 0 };
  for (const totals of Object.values(project.sites)) {
    sums.files += totals[String(status)]?.files ?? 0;
    sums.bytes += totals[String(status)]?.bytes ?? 0;
  }
  return sums;
}

/** Problems first, then what waits most. */
function order(projects: readonly ProjectOverview[]): readonly ProjectOverview[] {
  return [...projects].sort(
    (a, b) =>
      b.problems - a.problems ||
      Number(b.enabled) - Number(a.enabled) ||
      a.projectName.localeCompare(b.projectName),
  );
}

/** Every project that the user may see: where is work, where is trouble? */
export function OverviewOfProjects() {
  const api = useApi();
  const overview = useQuery(getOverviewQueryOptions(api));
  return (
    <section className="page" aria-label="All projects">
      <h2>Projects</h2>
      <LoadState what="projects" query={overview} />
      {overview.data !== undefined && (
        <div className="list" role="region" aria-label="Projects">
          <table>
            <colgroup>
              <col />
              <col className="col-site" />
              <col className="col-number" />
              <col className="col-due" />
              <col className="col-number" />
              <col className="col-number" />
              <col className="col-number" />
            </colgroup>
            <thead>
              <tr>
                <th scope="col">Project</th>
                <th scope="col">Problems</th>
                <th scope="col" data-align="end">
                  Sites
                </th>
                <th scope="col">Synced</th>
                <th scope="col" data-align="end">
                  Moving
                </th>
                <th scope="col" data-align="end">
                  Queued
                </th>
                <th scope="col" data-align="end">
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {order(overview.data).map((project) => (
                <ProjectRow key={project.projectName} project={project} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ProjectRow({ project }: { project: ProjectOverview }) {
  const { projectName, problems, enabled } = project;
  const synced = sumStatus(project, STATUS.synced);
  const failed = sumStatus(project, STATUS.failed).files;
  return (
    <tr>
      <td title={projectName}>
        <a className="row-link" href={formatHash({ projectName })}>
          {projectName}
        </a>
        {!enabled && <small className="quiet-text"> not enabled</small>}
      </td>
      <td data-tone={problems > 0 ? "error" : "good"}>
        <Icon name={problems > 0 ? "failed" : "verified"} />{" "}
        {problems > 0 ? `${formatCount(problems)} to look at` : "none"}
      </td>
      <td data-align="end">{formatCount(Object.keys(project.sites).length)}</td>
      <td>
        {formatCount(synced.files)} files · {formatBytes(synced.bytes)}
      </td>
      <td data-align="end">
        {formatCount(sumStatus(project, STATUS.inProgress).files)}
      </td>
      <td data-align="end">{formatCount(sumStatus(project, STATUS.queued).files)}</td>
      <td data-align="end" data-tone={failed > 0 ? "error" : undefined}>
        {formatCount(failed)}
      </td>
    </tr>
  );
}
