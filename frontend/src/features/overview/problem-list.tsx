import { Icon } from "../../components/icon";
import type { ListFilter } from "../../domain/list-filter";
import { formatNumberOf } from "../../lib/format";
import type { Problem } from "./find-problems";

/** What somebody should look at, the worst first. */
export function ProblemList({
  problems,
  showHref,
}: {
  problems: readonly Problem[];
  /** The list of what a problem is about. */
  showHref: (filter: ListFilter) => string;
}) {
  if (problems.length === 0) {
    return (
      <p className="all-well">
        <Icon name="verified" /> Nothing needs attention.
      </p>
    );
  }
  return (
    <ul className="problems">
      {problems.map((problem) => {
        const isError = problem.severity === "error";
        return (
          <li
            key={problem.text}
            className="problem"
            data-severity={problem.severity}
          >
            <Icon name={isError ? "failed" : "paused"} />
            <span className="for-readers">{isError ? "Error: " : "Warning: "}</span>
            <span className="problem-text">
              <b>{problem.text}</b>
              <span>{problem.detail}</span>
            </span>
            <a className="button" href={showHref(problem.filter)}>
              Show {formatNumberOf(problem.representations, "representation")}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
