import type { Pause, Problem } from "../api/contract";
import type { Site } from "../api/types";
import { formatAgo } from "../lib/format";

export type Health = {
  word: string;
  reason: string;
  tone: "good" | "error" | "paused" | "none";
};

/** Who serves a site: agents that run for it, and those that reach it from others. */
export function listAgents(site: Site): readonly Site["agents"][number][] {
  return [...site.agents, ...site.servedBy];
}

/** The worst that is known about a site, in a word, and the reason in full. */
export function judgeHealth(
  site: Site,
  problems: readonly Problem[],
  pauses: readonly Pause[],
  now: number,
): Health {
  const pause = pauses[0];
  const own = problems.filter((problem) => problem.siteName === site.siteName);
  const worst = own.find((problem) => problem.severity === "error") ?? own[0];
  if (worst?.severity === "error") {
    return { word: "needs attention", reason: worst.text, tone: "error" };
  }
  if (pause !== undefined) {
    const reason = pause.reason ?? `Paused by ${pause.userName}`;
    return { word: "paused", reason, tone: "paused" };
  }
  if (worst !== undefined) {
    return { word: "warning", reason: worst.text, tone: "paused" };
  }
  const agents = listAgents(site);
  if (agents.some((agent) => agent.isLive)) {
    return { word: "healthy", reason: "Nothing is wrong", tone: "good" };
  }
  if (agents.length > 0 || site.kind === "machine") {
    return { word: "not running", reason: tellAgents(site, now, now), tone: "none" };
  }
  return { word: "healthy", reason: "Nothing is wrong", tone: "good" };
}

/**
 * Who serves a site and when they were seen last. That is as it was at `readAt`: while
 * an agent lives nothing is told of it, that it fell silent is.
 */
export function tellAgents(site: Site, readAt: number, now: number): string {
  const agents = listAgents(site);
  const live = agents.filter((agent) => agent.isLive);
  const shown = live.length > 0 ? live : agents;
  const hosts = [...new Set(shown.map((agent) => agent.hostname))];
  const seenAt = Math.max(...shown.map((agent) => agent.seenAt));
  const [host] = hosts;
  if (host === undefined) {
    return site.kind === "machine" ? "no agent yet" : "no agent known";
  }
  if (live.length === 0) return `last agent (${host}) seen ${formatAgo(now - seenAt)}`;
  const names = hosts.length > 2 ? `${hosts.slice(0, 2).join(", ")}…` : hosts.join(", ");
  const count = live.length === 1 ? "agent" : `${live.length} agents`;
  return `${count} on ${names}, seen ${formatAgo(Math.min(now, readAt) - seenAt)}`;
}
