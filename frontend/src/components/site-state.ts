import type { SiteState } from "../api/types";
import type { IconName } from "./icon";
import {
  isVerified,
  type SiteStatus,
  STATUS,
  STATUS_LOOKS,
  type StatusTone,
  toSiteStatus,
} from "../domain/status";
import {
  formatAge,
  formatAgo,
  formatBytes,
  formatCount,
  formatPercent,
  toFraction,
} from "../lib/format";

export type SiteKind = "studio" | "configured" | "machine";

/** What a cell shows: always a picture and words, never a colour alone. */
export type SiteStateView = {
  tone: StatusTone | "claimed";
  icon: IconName;
  fraction: number;
  /** Beside the bar, a few letters. */
  text: string;
  /** All of it, for the tooltip and for screen readers. */
  sentence: string;
};

const ICONS: Record<SiteStatus, IconName> = {
  [-1]: "none",
  0: "up",
  1: "queued",
  2: "failed",
  3: "paused",
  4: "verified",
};

/** `now` in epoch seconds; a site without a row has no state. */
export function describeSiteState(
  state: SiteState | undefined,
  kind: SiteKind,
  now: number,
): SiteStateView {
  const status = toSiteStatus(state?.status ?? STATUS.notAvailable);
  const look = STATUS_LOOKS[status];
  const view: SiteStateView = {
    tone: look.tone,
    icon: ICONS[status],
    fraction: 0,
    text: look.word,
    sentence: look.sentence,
  };
  if (state?.isRemoving === true) return describeRemoving(state);
  if (state === undefined || status === STATUS.notAvailable) return view;
  if (status === STATUS.synced) return describeSynced(state, view, now);

  view.fraction = toFraction(state.bytesDone, state.bytesTotal);
  if (status === STATUS.inProgress) {
    view.icon = kind === "machine" ? "down" : "up";
    view.text = formatPercent(view.fraction);
  }
  view.sentence = [look.sentence, ...tellProgress(state, view.fraction)].join(", ");
  if (status === STATUS.failed && state.message !== null && state.message !== "") {
    view.sentence += `: ${state.message}`;
  }
  return view;
}

/** Whatever it was: its files are about to go, and nobody counts on them. */
function describeRemoving({ message }: SiteState): SiteStateView {
  const reason = message === null || message === "" ? "" : `: ${message}`;
  return {
    tone: "paused",
    icon: "trash",
    fraction: 0,
    text: "removing",
    sentence: `being removed by an agent${reason}`,
  };
}

function describeSynced(
  state: SiteState,
  view: SiteStateView,
  now: number,
): SiteStateView {
  const age = state.changedAt === null ? null : now - state.changedAt;
  const when = age === null ? "" : ` ${formatAgo(age)}`;
  if (isVerified(state)) {
    const text = age === null ? view.text : formatAge(age);
    return { ...view, fraction: 1, text, sentence: `synced${when}, verified` };
  }
  const verified =
    state.filesVerified > 0
      ? `${formatCount(state.filesVerified)} of ${formatCount(state.filesTotal)} files verified`
      : "not verified yet";
  return {
    tone: "claimed",
    icon: "claimed",
    fraction: 1,
    text: "unverified",
    sentence: `synced${when}, ${verified}`,
  };
}

function tellProgress(state: SiteState, fraction: number): string[] {
  const told: string[] = [];
  if (fraction > 0) {
    told.push(
      `${formatPercent(fraction)} (${formatBytes(state.bytesDone)} of ${formatBytes(state.bytesTotal)})`,
    );
  }
  if (state.filesTotal > 1) {
    told.push(
      `${formatCount(state.filesSynced)} of ${formatCount(state.filesTotal)} files there`,
    );
  }
  if (state.filesFailed > 0) told.push(`${formatCount(state.filesFailed)} failed`);
  return told;
}
