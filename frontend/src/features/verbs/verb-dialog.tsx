import "./verb-dialog.css";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/api-context";
import type { VerbAnswer, VerbBody, VerbProblem } from "../../api/contract";
import { useViewer } from "../../api/get-me";
import { postVerb } from "../../api/run-verb";
import type { Site } from "../../api/types";
import { CheckItem, toggle } from "../../components/check-item";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { ProgressBar } from "../../components/progress-bar";
import { isOwnMachine } from "../../domain/own-site";
import { mayOrder, type Viewer } from "../../domain/permissions";
import { VERB_LOOKS, type VerbName } from "../../domain/verbs";
import { formatBytes, formatCount, formatNumberOf, toFraction } from "../../lib/format";
import { tellCount, useRunVerb, type VerbProgress } from "./use-verbs";
import type { VerbRequest } from "./verb-request";

const USUAL_PRIORITY = 50;
const HIGHEST_PRIORITY = 1000;
const MOST_SHOWN = 200;
const OWN_FIRST: readonly VerbName[] = ["queue", "remove"];

/** Asks once where, says beforehand what will happen, does it, tells what failed. */
export function VerbDialog({
  projectName,
  request,
  sites,
  onClose,
}: {
  projectName: string;
  request: VerbRequest;
  sites: readonly Site[];
  onClose: () => void;
}) {
  const { verb, selection, nameOf } = request;
  const look = VERB_LOOKS[verb];
  const viewer = useViewer();
  const allowed = sites.filter((site) => mayOrder(verb, site, viewer));
  const [siteNames, setSiteNames] = useState<readonly string[]>(() =>
    chooseFirst(request, allowed, viewer),
  );
  const [priorityText, setPriorityText] = useState(String(USUAL_PRIORITY));
  const [isForced, setIsForced] = useState(false);
  const [isKeeping, setIsKeeping] = useState(false);
  const [answer, setAnswer] = useState<VerbAnswer | null>(null);
  const { run, progress } = useRunVerb(projectName);
  const body: VerbBody = {
    siteNames,
    selection,
    ...(verb === "priority" ? { priority: readPriority(priorityText) } : {}),
    ...(isForced ? { force: true } : {}),
    ...(isKeeping ? { keepFiles: true } : {}),
  };
  const title = look.title.replace("{what}", request.what);

  if (answer !== null) {
    return (
      <Dialog title={title} onClose={onClose} footer={<CloseButton onClose={onClose} />}>
        <p>
          {tellCount(answer.changed, siteNames)} {look.done}. These were not:
        </p>
        <ProblemList answer={answer} nameOf={nameOf} />
      </Dialog>
    );
  }
  const act = async () => {
    const done = await run(verb, body);
    if (done === null) return;
    if (done.problems.length > 0) setAnswer(done);
    else onClose();
  };
  const isBusy = progress !== null;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <button type="button" className="button quiet" onClick={onClose}>
            {isBusy ? "Close" : "Cancel"}
          </button>
          <button
            type="button"
            className={look.isDangerous ? "button danger" : "button filled"}
            disabled={isBusy || siteNames.length === 0}
            onClick={() => {
              void act();
            }}
          >
            {isBusy ? "Working…" : look.action}
          </button>
        </>
      }
    >
      <p>{look.explanation}</p>
      <fieldset className="dialog-sites">
        <legend>Sites</legend>
        {allowed.length === 0 && (
          <p className="quiet-text">On the sites of this project that is for managers.</p>
        )}
        {allowed.map((site) => (
          <CheckItem
            key={site.siteName}
            isChecked={siteNames.includes(site.siteName)}
            isDisabled={isBusy}
            hint={site.kind}
            onToggle={() => {
              setSiteNames(toggle(siteNames, site.siteName));
            }}
          >
            {site.siteName}
          </CheckItem>
        ))}
      </fieldset>
      {verb === "priority" && (
        <label className="field">
          Priority, 1 to {HIGHEST_PRIORITY}
          <input
            type="number"
            className="input"
            min={1}
            max={HIGHEST_PRIORITY}
            value={priorityText}
            onChange={(event) => {
              setPriorityText(event.target.value);
            }}
            onBlur={() => {
              setPriorityText(String(readPriority(priorityText)));
            }}
          />
        </label>
      )}
      {verb === "remove" && (
        <>
          <CheckItem
            isChecked={isKeeping}
            isDisabled={isBusy}
            onToggle={() => {
              setIsKeeping(!isKeeping);
            }}
          >
            Keep the files: only forget that they are there
          </CheckItem>
          {viewer.isManager && (
            <CheckItem
              isChecked={isForced}
              isDisabled={isBusy}
              onToggle={() => {
                setIsForced(!isForced);
              }}
            >
              Also where it is the last copy there is
            </CheckItem>
          )}
        </>
      )}
      {isBusy ? (
        <Progress progress={progress} />
      ) : (
        siteNames.length > 0 && (
          <Preview projectName={projectName} request={request} body={body} />
        )
      )}
    </Dialog>
  );
}

/** To bring files to the own machine, or away from it, is meant most often. */
function chooseFirst(
  { verb, siteNames }: VerbRequest,
  allowed: readonly Site[],
  viewer: Viewer,
): readonly string[] {
  const own = allowed.filter((site) => isOwnMachine(site, viewer.name));
  const [only] = allowed.length === 1 ? allowed : OWN_FIRST.includes(verb) ? own : [];
  if (siteNames.length > 0) {
    return siteNames.filter((name) => allowed.some((site) => site.siteName === name));
  }
  return only === undefined ? [] : [only.siteName];
}

/** What is no number is the usual one; what is out of bounds is put inside. */
function readPriority(text: string): number {
  const value = Math.round(Number(text));
  if (text.trim() === "" || !Number.isFinite(value)) return USUAL_PRIORITY;
  return Math.min(HIGHEST_PRIORITY, Math.max(1, value));
}

function CloseButton({ onClose }: { onClose: () => void }) {
  return (
    <button type="button" className="button filled" onClick={onClose}>
      Close
    </button>
  );
}

/** What the same request would do, asked from the server. */
function Preview({
  projectName,
  request,
  body,
}: {
  projectName: string;
  request: VerbRequest;
  body: VerbBody;
}) {
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: ["verb-preview", projectName, request.verb, body],
    queryFn: ({ signal }) =>
      postVerb(api, projectName, request.verb, { ...body, dryRun: true }, signal),
    gcTime: 0,
    retry: false,
  });
  if (error !== null) {
    return (
      <p className="warning" role="alert">
        <Icon name="failed" /> {error.message}
      </p>
    );
  }
  if (data === undefined) return <p role="status">Looking what would change…</p>;
  const lastCopies = data.problems.filter((one) => one.errorCode === "last_copy").length;
  return (
    <>
      <p role="status">
        {formatCount(data.changed)} of {formatCount(data.matched)} will change
        {data.files > 0 &&
          `: ${formatNumberOf(data.files, "file")}, ${formatBytes(data.bytes)}`}
        .
      </p>
      {body.force === true && (
        <p className="warning" role="alert">
          <Icon name="failed" />{" "}
          {body.keepFiles === true
            ? "Last copies are forgotten too: nobody will know where they are."
            : "Last copies go too. What is lost cannot be brought back."}
        </p>
      )}
      {lastCopies > 0 && (
        <p className="warning" role="alert">
          <Icon name="failed" />{" "}
          {lastCopies === 1
            ? "One of them is the last copy there is: it stays."
            : `${formatCount(lastCopies)} of them are the last copies there are: they stay.`}
        </p>
      )}
      {data.problems.length > 0 && (
        <details>
          <summary>What would not change, and why</summary>
          <ProblemList answer={data} nameOf={request.nameOf} />
        </details>
      )}
    </>
  );
}

function Progress({ progress }: { progress: VerbProgress }) {
  const fraction = toFraction(progress.changed, progress.matched);
  return (
    <p className="site-cell" data-tone="moving" role="status">
      <ProgressBar fraction={fraction} />
      <span>
        {progress.matched === 0
          ? "Working…"
          : `${formatCount(progress.changed)} of ${formatCount(progress.matched)}`}
      </span>
    </p>
  );
}

function ProblemList({
  answer,
  nameOf,
}: {
  answer: VerbAnswer;
  nameOf: (representationId: string) => string | null;
}) {
  const shown = answer.problems.slice(0, MOST_SHOWN);
  const more = answer.problems.length - shown.length + answer.problemsOmitted;
  const name = (problem: VerbProblem) =>
    nameOf(problem.representationId) ?? problem.representationId;
  return (
    <ul className="problem-list">
      {shown.map((problem) => (
        <li key={`${problem.representationId} ${problem.siteName}`}>
          <b>{name(problem)}</b> on {problem.siteName}: {problem.detail}
        </li>
      ))}
      {more > 0 && <li>and {formatCount(more)} more</li>}
    </ul>
  );
}
