/** State of a representation or file on a site, as the wire numbers it. */
export const SITE_STATUSES = [-1, 0, 1, 2, 3, 4] as const;
export type SiteStatus = (typeof SITE_STATUSES)[number];

export const STATUS = {
  notAvailable: -1,
  inProgress: 0,
  queued: 1,
  failed: 2,
  paused: 3,
  synced: 4,
} as const satisfies Record<string, SiteStatus>;

/** Each tone is a pair of colours in base.css: for words and for the bar. */
export type StatusTone = "none" | "moving" | "waiting" | "error" | "paused" | "good";

export type StatusLook = {
  /** What the cell says when it has no number to show. */
  word: string;
  /** What a screen reader and the tooltip say, after the site's name. */
  sentence: string;
  tone: StatusTone;
};

export const STATUS_LOOKS: Record<SiteStatus, StatusLook> = {
  [-1]: { word: "", sentence: "not there", tone: "none" },
  0: { word: "moving", sentence: "moving", tone: "moving" },
  1: { word: "queued", sentence: "queued", tone: "waiting" },
  2: { word: "failed", sentence: "failed", tone: "error" },
  3: { word: "paused", sentence: "paused", tone: "paused" },
  4: { word: "synced", sentence: "synced", tone: "good" },
};

/** A number that no status has means "not there", as the server reads it. */
export function toSiteStatus(value: number): SiteStatus {
  return SITE_STATUSES.find((status) => status === value) ?? STATUS.notAvailable;
}

export type Presence = {
  status: number;
  filesTotal: number;
  filesVerified: number;
};

/**
 * Synced is verified when our agent has proven every file. Otherwise somebody
 * said so (publishing, another client) and nobody has looked: it is claimed.
 */
export function isVerified(presence: Presence): boolean {
  return (
    presence.status === STATUS.synced &&
    presence.filesTotal > 0 &&
    presence.filesVerified >= presence.filesTotal
  );
}
