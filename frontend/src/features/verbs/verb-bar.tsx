import "./verb-bar.css";

import { Icon, type IconName } from "../../components/icon";
import { Popover } from "../../components/popover";
import { VERB_LOOKS, type VerbName } from "../../domain/verbs";
import { formatBytes, formatCount } from "../../lib/format";

const ICONS: Record<VerbName, IconName> = {
  queue: "down",
  retry: "retry",
  reset: "again",
  verify: "verified",
  pause: "paused",
  resume: "play",
  cancel: "stop",
  priority: "priority",
  remove: "trash",
};

/**
 * In this order. Where there is little room the last rank, then the second, are
 * found under "More".
 */
const SHOWN: readonly { verb: VerbName; rank: 1 | 2 | 3 }[] = [
  { verb: "queue", rank: 1 },
  { verb: "retry", rank: 2 },
  { verb: "pause", rank: 2 },
  { verb: "resume", rank: 3 },
  { verb: "cancel", rank: 3 },
  { verb: "priority", rank: 3 },
  { verb: "reset", rank: 3 },
  { verb: "verify", rank: 3 },
  { verb: "remove", rank: 1 },
];

/** What can be done with what is selected. */
export function VerbBar({
  count,
  bytes,
  isAllowed,
  onVerb,
  onDetails,
  total,
  onSelectAll,
  onClear,
}: {
  count: number | null;
  bytes: number | null;
  /** Whether who looks may do that anywhere: only that is offered. */
  isAllowed: (verb: VerbName) => boolean;
  onVerb: (verb: VerbName) => void;
  /** Only for a single row. */
  onDetails: (() => void) | null;
  /** How many match; null when all of them are selected already. */
  total: number | null;
  onSelectAll: () => void;
  onClear: () => void;
}) {
  const all =
    total !== null && total > (count ?? 0) ? `Select all ${formatCount(total)}` : null;
  const offered = SHOWN.filter(({ verb }) => isAllowed(verb));
  return (
    <div className="verb-bar" role="toolbar" aria-label="With the selection">
      <span className="verb-count" role="status">
        {count === null ? "All" : formatCount(count)} selected
        {bytes !== null && <small>{formatBytes(bytes)}</small>}
      </span>
      {all !== null && (
        <button
          type="button"
          className="button quiet"
          data-rank={2}
          title="Everything that matches (Ctrl+A in the list)"
          onClick={(event) => {
            // The button goes away; the first verb is what comes next.
            (event.currentTarget.nextElementSibling as HTMLElement).focus();
            onSelectAll();
          }}
        >
          {all}
        </button>
      )}
      {offered.map(({ verb, rank }) => (
        <button
          key={verb}
          type="button"
          className={verb === "queue" ? "button filled" : "button quiet"}
          data-danger={VERB_LOOKS[verb].isDangerous}
          data-rank={rank}
          title={VERB_LOOKS[verb].explanation}
          onClick={() => {
            onVerb(verb);
          }}
        >
          <Icon name={ICONS[verb]} />
          {VERB_LOOKS[verb].label}
        </button>
      ))}
      <div className="verb-more" data-rank={offered.some(({ rank }) => rank > 2) ? 3 : 2}>
        <Popover icon="more" label="More" hint="More to do with the selection">
          {all !== null && (
            <button type="button" className="menu-item" data-rank={2} onClick={onSelectAll}>
              {all}
            </button>
          )}
          {offered.filter(({ rank }) => rank > 1).map(({ verb, rank }) => (
            <button
              key={verb}
              type="button"
              className="menu-item"
              data-rank={rank}
              title={VERB_LOOKS[verb].explanation}
              onClick={() => {
                onVerb(verb);
              }}
            >
              <Icon name={ICONS[verb]} />
              {VERB_LOOKS[verb].label}
            </button>
          ))}
        </Popover>
      </div>
      {onDetails !== null && (
        <button
          type="button"
          className="button quiet"
          data-rank={2}
          onClick={onDetails}
        >
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
