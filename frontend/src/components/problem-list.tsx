import type { ReactNode } from "react";

import type { Problem } from "../api/contract";
import { formatAgo } from "../lib/format";
import { Icon } from "./icon";

type Shown = Omit<Problem, "representationIds">;

/** What somebody should look at, in the server's words and order. */
export function ProblemList<Item extends Shown>({
  problems,
  now,
  whereOf,
  renderLinks,
}: {
  problems: readonly Item[];
  /** Epoch seconds. */
  now: number;
  /** Said before the text, where several places are listed. */
  whereOf?: (problem: Item) => string;
  /** The ways to what a problem is about. */
  renderLinks: (problem: Item) => ReactNode;
}) {
  if (problems.length === 0) {
    return (
      <p className="all-well">
        <Icon name="verified" /> Nothing needs attention.
      </p>
    );
  }
  return (
    <ul className="problems" aria-label="Problems">
      {problems.map((problem) => {
        const isError = problem.severity === "error";
        const where = whereOf?.(problem);
        return (
          <li
            key={`${where ?? ""} ${problem.code} ${problem.siteName ?? ""} ${problem.text}`}
            className="problem"
            data-severity={problem.severity}
          >
            <Icon name={isError ? "failed" : "paused"} />
            <span className="for-readers">{isError ? "Error: " : "Warning: "}</span>
            <span className="problem-text">
              <b>
                {where !== undefined && <>{where} · </>}
                {problem.text}
              </b>
              <span>{problem.todo}</span>
              {problem.since !== null && <small>{formatAgo(now - problem.since)}</small>}
            </span>
            <span className="problem-links">{renderLinks(problem)}</span>
          </li>
        );
      })}
    </ul>
  );
}
