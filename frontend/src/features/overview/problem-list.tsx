import type { Problem } from "../../api/contract";
import { Icon } from "../../components/icon";
import { formatAgo, formatNumberOf } from "../../lib/format";

/** What somebody should look at, the worst first. */
export function ProblemList({
  problems,
  now,
  showHref,
}: {
  problems: readonly Problem[];
  now: number;
  /** The list of what a problem is about. */
  showHref: (problem: Problem) => string | null;
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
        const href = showHref(problem);
        const isError = problem.severity === "error";
        return (
          <li
            key={`${problem.code} ${problem.siteName ?? ""} ${problem.text}`}
            className="problem"
            data-severity={problem.severity}
          >
            <Icon name={isError ? "failed" : "paused"} />
            <span className="for-readers">{isError ? "Error: " : "Warning: "}</span>
            <span className="problem-text">
              <b>{problem.text}</b>
              {problem.detail !== null && <span>{problem.detail}</span>}
              {problem.since !== null && (
                <small>since {formatAgo(now - problem.since)}</small>
              )}
            </span>
            {href !== null && (
              <a className="button" href={href}>
                {problem.representations > 0
                  ? `Show ${formatNumberOf(problem.representations, "representation")}`
                  : "Show"}
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}
