import { Icon, type IconName } from "../../components/icon";
import { VERB_LOOKS, type VerbName } from "../../domain/verbs";
import { formatBytes, formatCount } from "../../lib/format";

const ICONS: Record<VerbName, IconName> = {
  queue: "down",
  retry: "retry",
  reset: "retry",
  verify: "verified",
  pause: "paused",
  resume: "play",
  cancel: "stop",
  priority: "priority",
  remove: "trash",
};

const SHOWN: readonly VerbName[] = [
  "queue",
  "retry",
  "pause",
  "resume",
  "cancel",
  "priority",
  "reset",
  "verify",
  "remove",
];

/** What can be done with what is selected. */
export function VerbBar({
  count,
  bytes,
  onVerb,
  onDetails,
  onClear,
}: {
  count: number | null;
  bytes: number | null;
  onVerb: (verb: VerbName) => void;
  /** Only for a single row. */
  onDetails: (() => void) | null;
  onClear: () => void;
}) {
  return (
    <div className="verb-bar" role="toolbar" aria-label="With the selection">
      <span className="verb-count" role="status">
        {count === null ? "All" : formatCount(count)} selected
        {bytes !== null && <small>{formatBytes(bytes)}</small>}
      </span>
      {SHOWN.map((verb) => (
        <button
          key={verb}
          type="button"
          className={verb === "queue" ? "button filled" : "button quiet"}
          data-danger={VERB_LOOKS[verb].isDangerous}
          title={VERB_LOOKS[verb].explanation}
          onClick={() => {
            onVerb(verb);
          }}
        >
          <Icon name={ICONS[verb]} />
          {VERB_LOOKS[verb].label}
        </button>
      ))}
      {onDetails !== null && (
        <button type="button" className="button quiet" onClick={onDetails}>
          <Icon name="info" />
          Details
        </button>
      )}
      <button
        type="button"
        className="chip-clear"
        aria-label="Clear the selection"
        title="Clear the selection (Escape)"
        onClick={onClear}
      >
        <Icon name="close" size={14} />
      </button>
    </div>
  );
}
