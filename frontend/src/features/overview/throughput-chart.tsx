import "./throughput-chart.css";

import { type PointerEvent, useState } from "react";

import type { ThroughputMinute } from "../../api/contract";
import { formatAgo, formatRate } from "../../lib/format";

const WIDTH = 960;
const HEIGHT = 72;

type Point = { at: number; rate: number; sites: Readonly<Record<string, number>> };

function sum(sites: Readonly<Record<string, number>>): number {
  return Object.values(sites).reduce((total, bytes) => total + bytes, 0);
}

/**
 * One point for each whole minute up to now, also where nothing moved. The
 * minute that is not over yet would always look like a drop: it is left out.
 */
export function toPoints(
  minutes: readonly ThroughputMinute[],
  count: number,
  now: number,
): readonly Point[] {
  const byMinute = new Map(minutes.map((one) => [Math.floor(one.at / 60), one.sites]));
  const last = Math.floor(now / 60) - 1;
  return Array.from({ length: count }, (_, index) => {
    const minute = last - count + 1 + index;
    const sites = byMinute.get(minute) ?? {};
    return { at: minute * 60, rate: sum(sites) / 60, sites };
  });
}

/** 1, 2 or 5 and noughts: the top of the axis. */
export function roundUp(value: number): number {
  if (value <= 0) return 1_000_000;
  const unit = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * unit >= value) ?? 10;
  return factor * unit;
}

export function ThroughputChart({
  minutes,
  count,
  now,
}: {
  minutes: readonly ThroughputMinute[];
  count: number;
  now: number;
}) {
  const [pointed, setPointed] = useState<number | null>(null);
  const points = toPoints(minutes, count, now);
  const peak = Math.max(...points.map((point) => point.rate));
  const top = roundUp(peak);
  const x = (index: number) => (index / (count - 1)) * WIDTH;
  const y = (rate: number) => HEIGHT - (rate / top) * HEIGHT;
  const line = points
    .map((point, index) => `${x(index).toFixed(1)},${y(point.rate).toFixed(1)}`)
    .join(" ");
  const shown = pointed === null ? undefined : points[pointed];
  const latest = points.at(-1)?.rate ?? 0;
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(1, box.width);
    setPointed(Math.min(count - 1, Math.max(0, Math.round(share * (count - 1)))));
  };
  return (
    <figure className="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Throughput: ${formatRate(latest)} in the last minute, ${formatRate(peak)} at most in the last ${count} minutes`}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          setPointed(null);
        }}
      >
        {[0, 0.5, 1].map((share) => (
          <path key={share} className="chart-grid" d={`M0 ${share * HEIGHT}H${WIDTH}`} />
        ))}
        <polygon
          className="chart-area"
          points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`}
        />
        <polyline className="chart-line" points={line} />
        {pointed !== null && (
          <path className="chart-mark" d={`M${x(pointed)} 0V${HEIGHT}`} />
        )}
      </svg>
      <span className="chart-top">{formatRate(top)}</span>
      <span className="chart-half">{formatRate(top / 2)}</span>
      <figcaption>
        {shown === undefined ? (
          <>
            <span>{Math.round(count / 60)} hours ago</span>
            <span>{peak === 0 ? "nothing moved" : `at most ${formatRate(peak)}`}</span>
            <span>now</span>
          </>
        ) : (
          <span>
            {formatAgo(now - shown.at)}: {formatRate(shown.rate)}
            {Object.entries(shown.sites)
              .filter(([, bytes]) => bytes > 0)
              .map(([site, bytes]) => ` · ${site} ${formatRate(bytes / 60)}`)
              .join("")}
          </span>
        )}
      </figcaption>
    </figure>
  );
}
