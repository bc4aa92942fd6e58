import type { Agent } from "../api/contract";
import { Icon } from "./icon";
import { formatAgo, formatCount, formatRate } from "../lib/format";

/** Who transfers, where, since when, and what is wrong with it. */
export function AgentsTable({ agents, now }: { agents: readonly Agent[]; now: number }) {
  if (agents.length === 0) {
    return (
      <p className="quiet-text">
        No agent has called yet. Start one on the studio&apos;s storage, or AYON&apos;s
        launcher on a machine.
      </p>
    );
  }
  return (
    <div className="list" role="region" aria-label="Agents">
      <table>
        <colgroup>
          <col className="col-site" />
          <col className="col-site" />
          <col className="col-site" />
          <col />
          <col className="col-speed" />
          <col className="col-number" />
          <col className="col-number" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Machine</th>
            <th scope="col">User</th>
            <th scope="col">State</th>
            <th scope="col" data-align="end">
              Speed
            </th>
            <th scope="col" data-align="end">
              Holds
            </th>
            <th scope="col" data-align="end">
              Version
            </th>
          </tr>
        </thead>
        <tbody>
          {agents.map((agent) => (
            <AgentRow key={`${agent.agentId} ${agent.siteName}`} agent={agent} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function tellState(agent: Agent, now: number): string {
  if (!agent.isLive) return `last seen ${formatAgo(now - agent.seenAt)}`;
  const since =
    agent.startedAt === null ? "" : `, started ${formatAgo(now - agent.startedAt)}`;
  return `${agent.state}${since}`;
}

/** Each site once, however many projects it is wrong in. */
function tellProblems({ problems }: Agent): string {
  const told = problems.map(({ siteName, message }) => `${siteName}: ${message}`);
  return [...new Set(told)].join(" · ");
}

function AgentRow({ agent, now }: { agent: Agent; now: number }) {
  const { isLive } = agent;
  const hasProblem = isLive && agent.problems.length > 0;
  const tone = hasProblem ? "error" : isLive ? "good" : "none";
  const icon = hasProblem ? "failed" : isLive ? "verified" : "none";
  const told = hasProblem ? tellProblems(agent) : tellState(agent, now);
  const rate = isLive ? agent.bytesPerSecond : 0;
  return (
    <tr>
      <td title={agent.siteName}>{agent.siteName}</td>
      <td title={agent.hostname}>{agent.hostname}</td>
      <td title={agent.userName}>{agent.userName}</td>
      <td data-tone={tone} title={told}>
        <Icon name={icon} /> {told}
      </td>
      <td data-align="end">{rate > 0 ? formatRate(rate) : "–"}</td>
      <td data-align="end">{formatCount(agent.held)}</td>
      <td data-align="end">{agent.version}</td>
    </tr>
  );
}
