import "./problem-list.css";

import { type ReactNode, useState } from "react";

import type { Problem } from "../api/contract";
import { formatAgo, formatCount } from "../lib/format";
import { Icon } from "./icon";

type Shown = Omit<Problem, "representationIds">;

/** So many leave room for what works. */
const FIRST_SHOWN = 3;

/** Not every text names the site that it is about. */
function nameSite({ siteName, text }: Shown): string {
  return siteName === null || text.includes(siteName) ? text : `${siteName}: ${text}`;
}

type ListProps<Item extends Shown> = {
  problems: readonly Item[];
  /** Epoch seconds. */
  now: number;
  /** Said before the text, where several places are listed. */
  whereOf?: (problem: Item) => string;
  /** The ways to what a problem is about. */
  renderLinks: (problem: Item) => ReactNode;
};

/** What somebody should look at, in the server's words and order. */
export function ProblemList<Item extends Shown>(props: ListProps<Item>) {
  const { problems, whereOf } = props;
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? problems : problems.slice(0, FIRST_SHOWN);
  const more = problems.length - shown.length;
  if (problems.length === 0) {
    return (
      <p className="all-well">
        <Icon name="verified" /> Nothing needs attention.
      </p>
    );
  }
  return (
    <>
      <ul className="problems" aria-label="Problems">
        {shown.map((problem) => {
          const { code, siteName, text } = problem;
          const key = [whereOf?.(problem), code, siteName, text].join(" ");
          return <ProblemItem key={key} problem={problem} {...props} />;
        })}
      </ul>
      {more > 0 && (
        <button
          type="button"
          className="link more-problems"
          onClick={() => {
            setIsWhole(true);
          }}
        >
          {formatCount(more)} more
        </button>
      )}
    </>
  );
}

function ProblemItem<Item extends Shown>({
  problem,
  now,
  whereOf,
  renderLinks,
}: ListProps<Item> & { problem: Item }) {
  const isError = problem.severity === "error";
  const where = whereOf?.(problem);
  return (
    <li className="problem" data-severity={problem.severity}>
      <Icon name={isError ? "failed" : "paused"} />
      <span className="for-readers">{isError ? "Error: " : "Warning: "}</span>
      <span className="problem-text">
        <b>
          {where !== undefined && <>{where} · </>}
          <bdi>{nameSite(problem)}</bdi>
        </b>
        <span>
          {problem.todo}
          {problem.since !== null && <small>{formatAgo(now - problem.since)}</small>}
        </span>
      </span>
      <span className="problem-links">{renderLinks(problem)}</span>
    </li>
  );
}
