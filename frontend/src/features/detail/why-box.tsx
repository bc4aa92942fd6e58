import "./why-box.css";

import type { Explanation } from "../../api/contract";
import { Icon, type IconName } from "../../components/icon";
import { STATUS, toSiteStatus } from "../../domain/status";
import type { VerbName } from "../../domain/verbs";
import { formatNumberOf } from "../../lib/format";

type Choice = { verb: VerbName; label: string; icon: IconName };

/** What helps in this state; the usual thing first. */
function listChoices(
  status: number,
  filesFailed: number,
  isRemoving: boolean,
): readonly Choice[] {
  if (isRemoving) return [{ verb: "queue", label: "Keep it", icon: "retry" }];
  switch (toSiteStatus(status)) {
    case STATUS.failed:
      return [
        {
          verb: "retry",
          label: `Retry ${formatNumberOf(filesFailed, "file")}`,
          icon: "retry",
        },
        { verb: "reset", label: "Sync anew", icon: "retry" },
      ];
    case STATUS.notAvailable:
      return [{ verb: "queue", label: "Sync to here", icon: "down" }];
    case STATUS.paused:
      return [{ verb: "resume", label: "Resume", icon: "play" }];
    case STATUS.synced:
      return [
        { verb: "verify", label: "Verify", icon: "verified" },
        { verb: "remove", label: "Remove from here", icon: "trash" },
      ];
    default:
      return [
        { verb: "pause", label: "Pause", icon: "paused" },
        { verb: "priority", label: "Priority", icon: "priority" },
        { verb: "cancel", label: "Cancel", icon: "stop" },
      ];
  }
}

function toQuestion(siteName: string, isThere: boolean, isRemoving: boolean): string {
  if (isRemoving) return `It is being removed from ${siteName}`;
  return isThere ? `It is on ${siteName}` : `Why is it not on ${siteName}?`;
}

/** The answer to "why", in the server's words, and what to do about it. */
export function WhyBox({
  explanation,
  filesFailed,
  isAllowed,
  onVerb,
}: {
  explanation: Explanation;
  filesFailed: number;
  /** Whether who looks may do that there. */
  isAllowed: (verb: VerbName) => boolean;
  onVerb: (verb: VerbName) => void;
}) {
  const { reasons, isRemoving } = explanation;
  const status = explanation.status ?? STATUS.notAvailable;
  const isFailed = toSiteStatus(status) === STATUS.failed;
  const isThere = toSiteStatus(status) === STATUS.synced && !isRemoving;
  const choices = listChoices(status, filesFailed, isRemoving).filter(({ verb }) =>
    isAllowed(verb),
  );
  const question = toQuestion(explanation.siteName, isThere, isRemoving);
  return (
    <section
      className="why"
      data-tone={isFailed ? "error" : isThere ? "good" : "plain"}
      aria-label={question}
    >
      <h3>
        <Icon name={isFailed ? "failed" : isThere ? "verified" : "info"} />
        {question}
      </h3>
      <ol>
        {reasons.map((reason) => (
          <li key={`${reason.code} ${reason.text}`}>
            {reason.text}
            {reason.todo !== "" && (
              <span className="todo">{reason.todo}</span>
            )}
          </li>
        ))}
      </ol>
      <div className="buttons">
        {choices.map(({ verb, label, icon }, index) => (
          <button
            key={verb}
            type="button"
            className={index === 0 && !isThere ? "button filled" : "button"}
            onClick={() => {
              onVerb(verb);
            }}
          >
            <Icon name={icon} />
            {label}
          </button>
        ))}
      </div>
    </section>
  );
}
