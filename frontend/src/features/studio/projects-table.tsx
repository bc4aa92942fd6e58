import type { Pause, ProjectOverview } from "../../api/contract";
import { Icon, type IconName } from "../../components/icon";
import { ActivityCells, NumberHeads, RateCell } from "../../components/sites-table";
import { isProjectPaused } from "../../domain/pauses";
import { addUp } from "../../domain/site-sums";
import { STATUS } from "../../domain/status";
import { formatCount, formatNumberOf } from "../../lib/format";
import { formatHash } from "../../lib/hash-state";
import { countFiles } from "./studio-sites";

type Look = { word: string; icon: IconName; tone: "good" | "error" | "paused" | "none" };

function judge(project: ProjectOverview, pauses: readonly Pause[]): Look {
  const { isEnabled, problems } = project;
  if (!isEnabled) return { word: "not enabled", icon: "none", tone: "none" };
  const errors = problems.filter((problem) => problem.severity === "error").length;
  if (errors > 0) {
    return { word: formatNumberOf(errors, "error"), icon: "failed", tone: "error" };
  }
  const isPaused = pauses.some((pause) => pause.scope === "all");
  if (isPaused || isProjectPaused(pauses, project.projectName)) {
    return { word: "paused", icon: "paused", tone: "paused" };
  }
  if (problems.length > 0) {
    const word = formatNumberOf(problems.length, "warning");
    return { word, icon: "paused", tone: "paused" };
  }
  return { word: "healthy", icon: "verified", tone: "good" };
}

/** Each project and how it goes, in files as sites are told; its name opens it. */
export function ProjectsTable({
  projects,
  pauses,
}: {
  projects: readonly ProjectOverview[];
  pauses: readonly Pause[];
}) {
  return (
    <div className="list" role="region" aria-label="Projects">
      <table>
        <colgroup>
          <col />
          <col className="col-site" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-number" />
          <col className="col-speed" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col">State</th>
            <NumberHeads names={["Sites", "Moving", "Queued", "Failed", "Speed"]} />
          </tr>
        </thead>
        <tbody>
          {projects.map((project) => (
            <ProjectRow
              key={project.projectName}
              project={project}
              look={judge(project, pauses)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ProjectRow({ project, look }: { project: ProjectOverview; look: Look }) {
  const { projectName, sites } = project;
  const files = (status: number) => addUp(sites, (site) => countFiles(site, status));
  return (
    <tr>
      <td title={projectName}>
        <a className="row-link" href={formatHash({ projectName })}>
          <Icon name="folder" />
          <span className="cut">{projectName}</span>
        </a>
      </td>
      <td data-tone={look.tone}>
        <Icon name={look.icon} /> {look.word}
      </td>
      <td data-align="end">{formatCount(sites.length)}</td>
      <ActivityCells
        moving={files(STATUS.inProgress)}
        queued={files(STATUS.queued)}
        failed={files(STATUS.failed)}
      />
      <RateCell bytesPerSecond={addUp(sites, (site) => site.bytesPerSecond)} />
    </tr>
  );
}
