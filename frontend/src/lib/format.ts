const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** 1,500 → "1.5 kB". Units of 1,000, as storage is sold and rates are told. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? ""}`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

const COUNT = new Intl.NumberFormat("en");

export function formatCount(count: number): string {
  return COUNT.format(count);
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Age in one unit, short enough for a cell: "now", "8 min", "2 h", "3 d", "5 mo". */
export function formatAge(seconds: number): string {
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY)} d`;
  if (seconds < 730 * DAY) return `${Math.floor(seconds / (30 * DAY))} mo`;
  return `${Math.floor(seconds / (365 * DAY))} y`;
}

/** The same age in words for a sentence: "just now", "8 min ago". */
export function formatAgo(seconds: number): string {
  const age = formatAge(seconds);
  return age === "now" ? "just now" : `${age} ago`;
}

/**
 * Part of a whole, 0 to 1. Never 1 while something is missing and never 0 once
 * something has arrived, so that "100 %" is not said too early.
 */
export function toFraction(done: number, total: number): number {
  if (total <= 0 || done <= 0) return 0;
  if (done >= total) return 1;
  return Math.min(0.99, Math.max(0.01, done / total));
}

export function formatPercent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** 21 → "v021". */
export function formatVersion(version: number): string {
  if (version < 0) return "hero";
  return `v${version.toString().padStart(3, "0")}`;
}

/** "/shots/sq010/sh0010" → ["/shots/sq010/", "sh0010"]: the end matters most. */
export function splitPath(path: string): readonly [parent: string, name: string] {
  const cut = path.lastIndexOf("/") + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

/** A time to wait, in its largest unit: "8 s", "18 min", "3 h", "2 d". */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * MINUTE) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds < 48 * HOUR) return `${Math.round(seconds / HOUR)} h`;
  return `${Math.round(seconds / DAY)} d`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** "14:52", or with the day when that was not within the last 20 hours. */
export function formatMoment(epochSeconds: number, now: number): string {
  const format = now - epochSeconds < 20 * HOUR ? CLOCK : DATE;
  return format.format(epochSeconds * 1000);
}

/** "1 file", "12 files". */
export function formatNumberOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
