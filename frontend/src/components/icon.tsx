/** Our own line drawings on a 16 x 16 field. */
const PATHS = {
  verified: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M5 8.2l2 2 4-4.4",
  claimed: "M3.5 8.4l3 3 6-6.8",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  queued: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M8 4.5V8l2.5 1.5",
  failed: "M8 2L14.5 13.5H1.5ZM8 6.5v3.2M8 11.6v.1",
  paused: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M6.2 5.5v5M9.8 5.5v5",
  none: "M4.5 8h7",
  drive: "M3.5 4h9A1.5 1.5 0 0 1 14 5.5v5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 10.5v-5A1.5 1.5 0 0 1 3.5 4M11 8.1v-.2",
  machine: "M2.5 3h11v7.5h-11ZM6 13.2h4M8 10.5v2.7",
  network: "M5.5 2h5v4h-5ZM1.5 10h5v4h-5ZM9.5 10h5v4h-5ZM8 6v2M4 10V8h8v2",
  cloud: "M4.5 12h7a2.7 2.7 0 0 0 .3-5.4A4 4 0 0 0 4 7a2.6 2.6 0 0 0 .5 5Z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.4 10.4L14 14",
  columns: "M2 3h12v10H2ZM6 3v10M10 3v10",
  close: "M4 4l8 8M12 4l-8 8",
  folder: "M1.5 4h4.6l1.4 1.6h7V13h-13Z",
  open: "M6.5 3.5h-4v10h10v-4M9.5 2.5h4v4M13.5 2.5L7.5 8.5",
  key: "M5.2 7.3a3 3 0 1 0 0 5.4a3 3 0 0 0 1.5-3.4L13.5 2.5M11 5l2 2",
  sortUp: "M8 13V3.5M4.5 7L8 3.5L11.5 7",
  sortDown: "M8 3v9.5M4.5 9L8 12.5L11.5 9",
  filter: "M2 4h12M4.5 8h7M6.5 12h3",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3.2H9.8",
  again: "M13.2 8a5.2 5.2 0 0 1-9.4 3M2.8 8a5.2 5.2 0 0 1 9.4-3M12.5 1.8V5H9.3M3.5 14.2V11h3.2",
  trash: "M3 4.5h10M6 4.5V2.5h4v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4",
  link: "M6.5 9.5l3-3M7 4.5l1.6-1.6a3 3 0 0 1 4.3 4.3L11.2 8.8M9 11.5l-1.6 1.6a3 3 0 0 1-4.3-4.3L4.8 7.2",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  play: "M5 3.2v9.6L12.8 8Z",
  info: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M8 7.3v4M8 4.8v.1",
  priority: "M8 13.5v-9M4.5 7.5L8 4l3.5 3.5M3.5 2h9",
  stop: "M4 4h8v8H4Z",
  more: "M3 8h.1M8 8h.1M13 8h.1",
  calendar: "M2.5 3.5h11v10h-11ZM2.5 6.5h11M5.5 1.8v3M10.5 1.8v3",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: the words beside it carry the meaning. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
